"""Acceptance points 5–7, 12, 13, 26, 27: keyboard, the panel, copying and printing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from corpus.model import Document
from tests.e2e.conftest import QUESTION_BOX, ask, watched

PERIOD_QUESTION = "計画の期間はいつからいつまでですか"
# The focused element: what it is, whether it has a ring and with which contrast to what lies around it, whether it is in the
# window and covered by nothing.
FOCUSED = """() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const luminance = (colour) => {
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const linear = (part) => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
    const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((part) => linear(part / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  let around = element.parentElement;
  const clear = (element) => /, 0\\)$|transparent/.test(getComputedStyle(element).backgroundColor);
  while (around.parentElement && clear(around)) around = around.parentElement;
  const light = [style.outlineColor, getComputedStyle(around).backgroundColor].map(luminance).sort((a, b) => b - a);
  const box = (element.labels?.[0] ?? element).getBoundingClientRect();
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height / 2, 20));
  return {
    name: element.id || element.className || element.textContent.trim(),
    contrast: (light[0] + .05) / (light[1] + .05),
    ring: style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 3,
    // A window scrolls by whole pixels.
    inside: box.top > -1 && box.bottom < innerHeight + 1 && box.left > -1 && box.right < innerWidth + 1,
    uncovered: element.contains(top) || top?.contains(element) || (element.labels?.[0]?.contains(top) ?? false),
    place: element.closest("header, main, footer")?.tagName ?? "BODY",
  };
}"""


def stops(page: Page, key: str, count: int) -> list[dict[str, object]]:
    found = []
    for _ in range(count):
        page.keyboard.press(key)
        found.append(page.evaluate(FOCUSED))
    return found


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "light"), (1280, "dark")])
def test_tab_goes_from_the_skip_link_over_the_settings_to_the_box_and_to_send(
    browser: Browser, address: str, width: int, scheme: str
) -> None:
    with watched(browser, viewport={"width": width, "height": 700}, color_scheme=scheme) as page:
        page.goto(address)
        found = stops(page, "Tab", 15)
        names = [str(stop["name"]) for stop in found]
        assert names[0] == "skip"
        assert names.index("question") < names.index("primary send")
        assert {stop["place"] for stop in found[1 : names.index("question")]} == {"HEADER"}
        for stop in found:
            assert stop["ring"], stop
            assert float(str(stop["contrast"])) >= 3, stop
            assert stop["inside"], stop
            assert stop["uncovered"], stop


def test_the_skip_link_leads_past_the_header(page: Page, address: str) -> None:
    page.goto(address)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(QUESTION_BOX)).to_be_focused()


@pytest.mark.parametrize("width", [1280, 320])
def test_a_marker_opens_the_passage_by_keyboard_and_escape_gives_the_focus_back(
    browser: Browser, address: str, width: int
) -> None:
    with watched(browser, viewport={"width": width, "height": 800}) as page:
        page.goto(address)
        ask(page, PERIOD_QUESTION)
        marker = page.locator(".marker").first
        marker.focus()
        page.keyboard.press("Enter")
        panel = page.get_by_role("region", name="根拠1の本文")
        expect(panel.locator("mark")).to_be_visible()
        expect(panel.get_by_role("heading")).to_be_focused()
        assert marker.get_attribute("aria-expanded") == "true"
        assert page.url == f"{address}/"
        beside = panel.evaluate("panel => panel.parentElement.className") == "panel-place"
        assert beside == (width == 1280)
        page.keyboard.press("Escape")
        expect(panel).to_have_count(0)
        expect(marker).to_be_focused()
        page.keyboard.press("Enter")
        panel.get_by_role("button", name="閉じる").press("Enter")
        expect(marker).to_be_focused()


def test_the_panel_shows_the_quote_in_its_context_and_the_way_to_the_full_page(
    page: Page, address: str, plan: Document
) -> None:
    page.goto(address)
    ask(page, "自助・共助って何ですか？")
    page.locator(".marker").first.click()
    panel = page.locator(".panel")
    quote = page.locator(".quote").first.text_content()
    assert panel.locator("mark").text_content() == quote
    assert quote is not None
    assert quote in plan.text
    expect(panel.locator(".path")).to_contain_text("２ 地域福祉とは")
    assert panel.locator(".passage p").count() >= 2
    panel.get_by_role("link", name="計画のページで読む").click()
    expect(page.locator("mark").first).to_be_in_viewport()
    assert page.locator(".text mark").all_text_contents() == [quote]


def test_a_click_with_a_modifier_on_a_marker_stays_the_browsers(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, PERIOD_QUESTION)
    with page.context.expect_page() as opened:
        page.locator(".marker").first.click(modifiers=["Control"])
    opened.value.wait_for_load_state()
    assert "/documents/asaka-4" in opened.value.url
    expect(page.locator(".panel")).to_have_count(0)
    opened.value.close()


def test_a_passage_that_cannot_be_fetched_opens_as_a_page(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, PERIOD_QUESTION)
    page.route("**/passage?*", lambda route: route.abort())
    page.locator(".marker").first.click()
    page.wait_for_url("**/documents/asaka-4*")
    expect(page.locator("mark").first).to_be_visible()


def test_markers_are_large_enough_and_named_by_number_and_place(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, PERIOD_QUESTION)
    for marker in page.locator(".marker").all():
        box = marker.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24
        assert marker.get_attribute("aria-label") == f"根拠{marker.inner_text()}、４ 計画の期間を開く"
        assert marker.get_attribute("target") is None


@pytest.mark.parametrize("event", [{"isComposing": True}, {"keyCode": 229}])
def test_enter_that_ends_a_conversion_sends_nothing(page: Page, address: str, event: dict[str, object]) -> None:
    page.goto(address)
    box = page.locator(QUESTION_BOX)
    box.fill("けいかく")
    box.dispatch_event("keydown", {"key": "Enter", "bubbles": True, "cancelable": True, **event})
    expect(page.locator(".turn")).to_have_count(0)
    assert box.input_value() == "けいかく"


def test_shift_and_enter_begin_a_new_line_and_enter_sends_once(page: Page, address: str) -> None:
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.goto(address)
    box = page.locator(QUESTION_BOX)
    box.fill("計画の期間は")
    box.press("Shift+Enter")
    assert box.input_value() == "計画の期間は\n"
    assert posts == []
    box.press("Enter")
    expect(page.locator(".sentences li").first).to_be_visible()
    assert len(posts) == 1


def test_everything_about_an_answer_can_be_done_by_keyboard(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, PERIOD_QUESTION)
    page.locator(".asked").last.focus()
    seen = []
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.className || document.activeElement.tagName"))
    for wanted in ("marker", "SUMMARY", "small copy", "small print"):
        assert wanted in seen
    page.locator(".copy").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("コピーしました。")


@pytest.mark.parametrize("clipboard", ["there", "undefined", "forbidden"])
def test_copying_gives_the_answer_with_its_sources_with_and_without_a_clipboard(
    browser: Browser, address: str, clipboard: str
) -> None:
    with watched(browser, permissions=["clipboard-read", "clipboard-write"]) as page:
        if clipboard == "undefined":
            page.add_init_script("Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined })")
        if clipboard == "forbidden":
            page.add_init_script("Clipboard.prototype.writeText = () => Promise.reject(new Error('no'))")
        page.goto(address)
        page.evaluate("addEventListener('copy', () => { window.copied = getSelection().toString() })")
        ask(page, PERIOD_QUESTION)
        page.get_by_role("button", name="出典つきでコピー").click()
        expect(page.get_by_role("status")).to_have_text("コピーしました。")
        text = page.evaluate("navigator.clipboard.readText()") if clipboard == "there" else page.evaluate("copied")
        assert "本計画の計画期間は、" in text
        assert "【出典】[1] 第４期朝霞市地域福祉計画 第４期（令和３年度〜令和７年度） ４ 計画の期間" in text
        expect(page.locator(".copy-text")).to_be_hidden()


def test_a_printed_answer_is_a_hand_out_on_a4(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(address)
    ask(page, PERIOD_QUESTION)
    page.emulate_media(media="print")
    for hidden in (".ask", ".settings", ".site-nav", ".tools", ".feedback", ".suggestions"):
        expect(page.locator(hidden)).to_be_hidden()
    out = tmp_path / "answer.pdf"
    page.pdf(path=out, prefer_css_page_size=True)
    text = subprocess.run(["pdftotext", "-layout", out, "-"], check=True, capture_output=True, text=True).stdout
    info = subprocess.run(["pdfinfo", out], check=True, capture_output=True, text=True).stdout
    flat = "".join(text.split())
    for wanted in (
        PERIOD_QUESTION,
        "令和３（２０２１）年度から令和７（２０２５）年度までの５年間",
        "第４期朝霞市地域福祉計画",
        "第４期（令和３年度〜令和７年度）",
        "４計画の期間",
        "福祉相談課",
        "の回答",
    ):
        assert "".join(wanted.split()) in flat, wanted
    assert "A4" in info
    assert "Pages:           1\n" in info
    assert "質問する" not in flat
