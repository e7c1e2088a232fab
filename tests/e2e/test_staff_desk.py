"""The staff's pages in a real browser: by keyboard alone, on a narrow screen, and from a question to what is served."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import QUESTION_BOX, ask, signed_in, watched
from tests.e2e.test_chat_keyboard import FOCUSED
from tests.e2e.test_layout import CUT_OFF, FIXED, SPACING

PATHS = (
    "/staff",
    "/staff/answers",
    "/staff/answers/new",
    "/staff/review",
    "/staff/proposals",
    "/staff/charts",
    "/staff/changes",
)
LAST_STOP = "document.activeElement.closest('footer') !== null"
UNFOLDED = "() => document.querySelectorAll('main details').forEach((details) => (details.open = true))"


def tab_to(page: Page, name: str) -> None:
    """Go forward by Tab until what has the focus is called so, to begin with."""
    for _ in range(80):
        page.keyboard.press("Tab")
        called = page.evaluate("document.activeElement.labels?.[0]?.innerText ?? document.activeElement.innerText")
        if "".join(called.split()).startswith("".join(name.split())):
            return
    raise AssertionError(f"no stop is called {name}")


@pytest.mark.parametrize(("path", "width"), [*((path, 320) for path in PATHS), ("/staff/answers", 1280)])
def test_every_stop_of_a_staff_page_has_its_ring_inside_of_the_window(
    browser: Browser, desk_address: str, path: str, width: int
) -> None:
    with watched(browser, viewport={"width": width, "height": 700}) as page:
        signed_in(page, desk_address, "admin", path)
        page.evaluate(UNFOLDED)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(FIXED) == 0
        page.evaluate("document.activeElement.blur()")
        for _ in range(80):
            page.keyboard.press("Tab")
            stop = page.evaluate(FOCUSED)
            if stop["place"] == "BODY" and "skip" not in stop["name"]:
                continue
            assert stop["ring"], stop
            assert stop["contrast"] >= 3, stop
            # A table that may be scrolled sideways is a stop of its own, and may be longer than the window.
            assert stop["inside"] or stop["name"] == "wide", stop
            assert stop["uncovered"], stop
            if page.evaluate(LAST_STOP):
                return
        raise AssertionError("the end of the page was not reached")


@pytest.mark.parametrize("path", PATHS)
def test_wider_spacing_and_larger_text_lose_nothing_of_a_staff_page(page: Page, desk_address: str, path: str) -> None:
    signed_in(page, desk_address, "admin", path)
    page.evaluate(UNFOLDED)
    page.evaluate("document.documentElement.dataset.textSize = 'larger'")
    page.evaluate(SPACING)
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_answer_is_approved_by_keyboard_alone_served_at_the_chat_and_taken_back(
    browser: Browser, page: Page, desk_address: str
) -> None:
    question = "社協とは何の略ですか"
    signed_in(page, desk_address, "editor", "/staff/answers")
    tab_to(page, "新しく作る")
    page.keyboard.press("Enter")
    expect(page.locator("#question")).to_be_visible()
    tab_to(page, "質問")
    page.keyboard.type(question)
    tab_to(page, "根拠の候補をさがす")
    page.keyboard.press("Enter")
    expect(page.locator(".choices").first).to_be_visible()
    wanted = page.locator(".choice").first.inner_text()
    for choice in page.locator(".choice input").all():
        choice.uncheck()
    tab_to(page, wanted)
    page.keyboard.press("Space")
    tab_to(page, "担当者の補足")
    page.keyboard.type("窓口でもご案内します。")
    tab_to(page, "この回答を承認する")
    page.keyboard.press("Enter")
    expect(page.locator("article", has_text=question)).to_contain_text(wanted)

    with watched(browser) as resident:
        resident.goto(desk_address)
        ask(resident, question)
        expect(resident.locator(".approved")).to_contain_text("担当者が確かめました")
        assert resident.locator(".sentence").all_inner_texts() == [wanted]
        expect(resident.locator(".approved-note")).to_contain_text("窓口でもご案内します。")
        tab_to(page, f"取り下げる：{question}")
        page.keyboard.press("Enter")
        expect(page.locator("article", has_text=question).get_by_role("button", name="再び使う")).to_be_visible()
        resident.goto(desk_address)
        ask(resident, question)
        expect(resident.locator(".approved")).to_have_count(0)


def test_a_declined_question_becomes_a_case_and_what_is_refused_stays_in_its_open_form(
    browser: Browser, page: Page, desk_address: str
) -> None:
    question = "市民プラザの駐車場は何台とめられますか"
    with watched(browser) as resident:
        resident.goto(desk_address)
        ask(resident, question)
        expect(resident.locator(".fixed")).to_be_visible()
    signed_in(page, desk_address, "editor", "/staff/review")
    group = page.locator(".group", has_text=question)
    for _ in range(50):
        # The log is written by a thread of its own.
        if group.count():
            break
        page.reload()
    group.locator("summary", has_text="評価事例にする").click()
    group.get_by_label("質問").fill(f"{question}？")
    group.get_by_label("答えになる計画の文").fill("計画にない文です")
    group.get_by_role("button", name="評価事例に加える").click()
    expect(group.get_by_role("alert")).to_contain_text("計画に見つかりません")
    evidence = group.get_by_label("答えになる計画の文")
    expect(evidence).to_be_visible()
    expect(evidence).to_have_value("計画にない文です")
    expect(group.get_by_label("質問")).to_have_value(f"{question}？")
    evidence.fill("")
    group.get_by_role("button", name="評価事例に加える").click()
    expect(page.locator(".group", has_text=question)).to_have_count(0)
    page.goto(f"{desk_address}/staff/proposals")
    expect(page.locator("tr", has_text=question)).to_contain_text("計画に答えがない")


def test_a_wrong_password_is_said_in_the_form_and_in_the_title(page: Page, desk_address: str) -> None:
    page.goto(f"{desk_address}/staff")
    expect(page.locator("[name=name]")).to_be_focused()
    page.keyboard.type("editor")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("違います")
    assert page.locator("[name=password]").input_value() == ""
    assert page.title().startswith("エラー")


def test_a_printed_staff_page_has_neither_navigation_nor_forms(page: Page, desk_address: str) -> None:
    signed_in(page, desk_address, "admin", "/staff/charts")
    page.emulate_media(media="print")
    expect(page.locator(".site-nav")).to_be_hidden()
    expect(page.locator(".who")).to_be_hidden()
    expect(page.locator(".chart")).to_be_visible()
    page.goto(f"{desk_address}/staff/review")
    expect(page.locator(".group h2").first).to_be_visible()
    assert page.locator("main form:visible, main button:visible").count() == 0


def test_with_forced_colours_the_charts_and_the_chosen_sentences_can_be_seen(browser: Browser, desk_address: str) -> None:
    with watched(browser, forced_colors="active") as page:
        signed_in(page, desk_address, "editor", "/staff/charts")
        bar = page.locator(".chart-bar").last
        colours = bar.evaluate("bar => [getComputedStyle(bar).fill, getComputedStyle(document.body).backgroundColor]")
        assert colours[0] != colours[1]
        page.goto(f"{desk_address}/staff/answers/new")
        page.fill(QUESTION_BOX, "計画の期間はいつからいつまでですか")
        page.get_by_role("button", name="根拠の候補をさがす").click()
        assert page.locator(".choice :checked").first.evaluate("box => getComputedStyle(box).appearance") != "none"
