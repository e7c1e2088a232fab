"""Acceptance points 2, 3, 18–21, 23 in a real browser: layout, preferences, policy, furigana, languages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from corpus.model import Document
from tests.e2e.conftest import QUESTION_BOX, ask, watched
from tests.e2e.test_chat_keyboard import FOCUSED
from web.catalogue import LANGUAGE_TAGS, LANGUAGES, load_catalogues

PATHS = ("/", "/documents", "/documents/asaka-4", "/about", "/accessibility", "/nothing", "/widget")
PERIOD_QUESTION = "計画の期間はいつからいつまでですか"
SPACING = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
                     p { margin-bottom: 2em !important; }`);
  document.adoptedStyleSheets = [sheet];
}"""
# Elements whose text is cut off, and elements that lie over others while the page scrolls.
CUT_OFF = """() => [...document.querySelectorAll("body *")].filter((element) => {
  const style = getComputedStyle(element);
  return element.checkVisibility() && !element.closest(".visually-hidden, .skip, legend") && style.overflow === "hidden"
    && (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1);
}).map((element) => element.outerHTML.slice(0, 80))"""
FIXED = """() => [...document.querySelectorAll("*")]
  .filter((element) => getComputedStyle(element).position === "fixed").length"""


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", ["ja", "vi"])
def test_at_320_pixels_nothing_runs_out_of_a_page_and_nothing_is_pinned(
    browser: Browser, address: str, path: str, language: str
) -> None:
    with watched(browser, viewport={"width": 320, "height": 640}) as page:
        page.goto(address + ("" if language == "ja" else f"/{language}") + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert page.evaluate(FIXED) == 0


def test_at_320_pixels_an_answer_with_its_panel_fits_and_what_has_the_focus_is_in_the_window(
    browser: Browser, address: str
) -> None:
    with watched(browser, viewport={"width": 320, "height": 640}) as page:
        page.goto(address)
        ask(page, PERIOD_QUESTION)
        page.locator(".marker").first.click()
        expect(page.locator(".panel mark")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert page.evaluate(FIXED) == 0
        for _ in range(15):
            page.keyboard.press("Tab")
            stop = page.evaluate(FOCUSED)
            assert stop["inside"], stop
            assert stop["uncovered"], stop
            assert stop["contrast"] >= 3, stop


def test_larger_text_and_wider_spacing_lose_nothing_and_the_choice_survives_a_reload_without_a_cookie(
    page: Page, address: str
) -> None:
    page.goto(address)
    page.locator("text-size label").last.click()
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "24px"
    ask(page, PERIOD_QUESTION)
    page.evaluate(SPACING)
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "24px"
    assert page.context.cookies() == []


def test_with_reduced_motion_nothing_moves(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, PERIOD_QUESTION)
    moving = page.evaluate("""() => [...document.querySelectorAll("*")].filter((element) => {
      const style = getComputedStyle(element);
      const still = (value) => value.split(",").every((part) => parseFloat(part) === 0);
      return style.animationName !== "none" || !still(style.transitionDuration) || style.scrollBehavior === "smooth";
    }).length""")
    assert moving == 0


def test_with_forced_colours_borders_marks_and_the_focus_ring_can_be_seen(browser: Browser, address: str) -> None:
    with watched(browser, forced_colors="active") as page:
        page.goto(address)
        ask(page, PERIOD_QUESTION)
        for selector in (".answer", ".marker", ".send", QUESTION_BOX, ".short-answer"):
            style = page.locator(selector).first.evaluate(
                "e => [getComputedStyle(e).borderBottomStyle, parseFloat(getComputedStyle(e).borderBottomWidth)]"
            )
            assert style[0] == "solid"
            assert style[1] >= 1
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_every_page_and_the_whole_conversation_stay_with_this_server_and_its_policy(browser: Browser, address: str) -> None:
    # `watched` fails on a request to another host and on a violation of the policy.
    with watched(browser) as page:
        for path in PATHS:
            page.goto(address + path)
        page.goto(address)
        ask(page, PERIOD_QUESTION)


def test_the_policy_refuses_a_script_that_is_put_into_the_page(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    with pytest.raises(Error):
        page.add_script_tag(content="document.title = 'broken into'")
    assert page.title() != "broken into"
    page.close()


def test_the_policy_takes_no_inline_code(page: Page, address: str) -> None:
    response = page.goto(address)
    assert response is not None
    policy = response.headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert rule in policy
    assert "unsafe" not in policy


def test_furigana_are_off_until_asked_for_and_leave_the_text_as_it_is(page: Page, address: str, plan: Document) -> None:
    page.goto(address)
    ask(page, PERIOD_QUESTION)
    sentence = page.locator(".sentence").first
    before = sentence.inner_text()
    toggle = page.get_by_role("button", name="ふりがな")
    assert toggle.get_attribute("aria-pressed") == "false"
    assert page.locator("rt").count() == 0
    toggle.click()
    assert toggle.get_attribute("aria-pressed") == "true"
    expect(sentence.locator("rt").first).to_be_visible()
    bare = sentence.evaluate("""element => {
      const copy = element.cloneNode(true);
      for (const extra of copy.querySelectorAll("rt, rp")) extra.remove();
      return copy.textContent;
    }""")
    assert bare == before
    assert bare in plan.text
    uncovered = page.evaluate("""() => {
      const walker = document.createTreeWalker(document.querySelector(".sentences"), NodeFilter.SHOW_TEXT);
      const bare = [];
      while (walker.nextNode()) {
        const node = walker.currentNode;
        if (!node.parentElement.closest("ruby") && /[\\u4e00-\\u9fff]/.test(node.data)) bare.push(node.data);
      }
      return bare;
    }""")
    assert uncovered == []
    # What comes later gets its readings too.
    ask(page, "自助・共助って何ですか？")
    expect(page.locator(".turn").last.locator(".sentence rt").first).to_be_visible()
    toggle.click()
    assert toggle.get_attribute("aria-pressed") == "false"
    expect(page.locator("rt").first).to_be_hidden()
    assert "けいかく" not in page.locator("main").aria_snapshot()


def test_the_wish_for_furigana_survives_a_reload(page: Page, address: str) -> None:
    page.goto(f"{address}/documents")
    page.get_by_role("button", name="ふりがな").click()
    page.goto(f"{address}/about")
    expect(page.locator("main rt").first).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_speaks_its_own_and_marks_what_is_japanese(page: Page, address: str, language: str) -> None:
    catalogues = load_catalogues()
    page.goto(address + ("/" if language == "ja" else f"/{language}/"))
    assert page.locator("html").get_attribute("lang") == LANGUAGE_TAGS[language]  # type: ignore[index]
    links = page.locator(".languages a")
    for other, link in zip(LANGUAGES, links.all(), strict=True):
        assert link.inner_text() == catalogues[other]("site.own_name")
        assert link.get_attribute("lang") == link.get_attribute("hreflang") == LANGUAGE_TAGS[other]
    assert page.locator(".languages [aria-current]").count() == 1
    ask(page, "地域福祉とは何ですか")
    for selector in (".sentence", ".sources li"):
        assert page.locator(selector).first.get_attribute("lang") == "ja"
    lead = page.locator(".answer-lead").inner_text()
    assert lead == catalogues[language]("answer.lead")  # type: ignore[index]
    # The period's end is said in the page's language.
    assert page.locator(".answer .notice").get_attribute("lang") == LANGUAGE_TAGS[language]  # type: ignore[index]
    if language not in ("ja", "easy"):
        assert not re.search("[ぁ-ん]", page.locator(".answer .notice").inner_text())


def test_a_page_in_another_language_keeps_to_it(page: Page, address: str) -> None:
    page.goto(f"{address}/en/")
    page.get_by_role("link", name="Read the plan").click()
    page.locator("main a").first.click()
    assert page.url.startswith(f"{address}/en/documents/")
    page.locator(".languages a", has_text="한국어").click()
    assert page.url.startswith(f"{address}/ko/documents/")
    expect(page.locator("h2", has_text="목차")).to_be_visible()
