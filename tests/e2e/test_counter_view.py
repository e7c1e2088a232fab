"""Acceptance points 31–38 in a real browser: the counter view."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from assistant.answer import Language
from assistant.assistant import Assistant, Examined, Turn
from assistant.settings import Settings
from assistant.wiring import load_index
from corpus.model import Document
from index.errors import ModelError
from tests.conftest import REPOSITORY, MakeStaffApp
from tests.e2e.conftest import at_the_counter, look_up, running, watched
from tests.e2e.test_layout import FIXED
from web.staff.options import StaffOptions
from web.staff.pages import TEXTS

WORDS = {key: text for table in tomllib.loads(TEXTS[1].read_text("utf-8")).values() for key, text in table.items()}
QUESTION = "市は防災のために何をしましたか"
PERIOD_QUESTION = "計画の期間はいつからいつまでですか"
FOCUSED = "document.activeElement.id || document.activeElement.className"


@pytest.fixture
def counter(browser: Browser, staff_address: str) -> Iterator[Page]:
    """The counter, signed in, on a screen with room for two panes."""
    with watched(browser, viewport={"width": 1280, "height": 900}) as page:
        at_the_counter(page, staff_address)
        # The box has the focus before the script is there.
        expect(page.locator("plan-counter:defined")).to_be_attached()
        yield page


def pages_of(page: Page, path: Path) -> tuple[int, str]:
    """Print a page; return how many sheets of A4 it takes and the text on them."""
    page.pdf(path=path, prefer_css_page_size=True)
    about = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    assert "A4" in about
    count = next(int(line.split()[1]) for line in about.splitlines() if line.startswith("Pages:"))
    return count, subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout


def open_handout(page: Page) -> Page:
    with page.context.expect_page() as opened:
        page.keyboard.press("Alt+p")
    expect(opened.value.locator(".sheet h1")).to_be_visible()
    return opened.value


# --- 31 ---


def test_the_box_has_the_focus_and_what_is_typed_is_found_when_typing_stops(counter: Page) -> None:
    assert counter.evaluate(FOCUSED) == "query"
    counter.keyboard.type("児童館")
    expect(counter.locator(".result").first).to_contain_text("ほんちょう児童館")
    expect(counter.locator(".answer-part")).to_be_hidden()
    expect(counter.locator(".status")).to_have_text(WORDS["found"].format(count=10))
    assert counter.evaluate(FOCUSED) == "query"


def test_enter_brings_the_answer_with_its_quotes_and_places_above_the_passages(counter: Page, plan: Document) -> None:
    look_up(counter, PERIOD_QUESTION)
    quote = counter.locator(".quotes blockquote").first.inner_text()
    assert quote in plan.text
    assert "令和３（２０２１）年度から令和７（２０２５）年度まで" in quote
    expect(counter.locator(".quotes .path").first).to_contain_text("４ 計画の期間")
    expect(counter.locator(".result")).to_have_count(10)
    # Another question begins without the former one's answer.
    counter.fill("#query", "別の言葉")
    expect(counter.locator(".answer-part")).to_have_count(0)


def test_a_question_near_to_what_was_asked_is_one_press_away(counter: Page) -> None:
    look_up(counter, PERIOD_QUESTION)
    near = counter.locator(".suggestions button").first
    text = near.inner_text()
    near.click()
    expect(counter.locator("#query")).to_have_value(text)
    expect(counter.locator(".status")).to_have_text(WORDS["found_answer"].format(count=10))


def test_what_is_typed_before_the_script_is_there_is_looked_up_all_the_same(browser: Browser, staff_address: str) -> None:
    with watched(browser) as page:
        at_the_counter(page, staff_address)

        def type_first(route: Route) -> None:
            page.fill("#query", "児童館")
            route.continue_()

        page.route("**/counter.*.js", type_first)
        page.reload()
        expect(page.locator(".result").first).to_contain_text("ほんちょう児童館")


def test_an_input_method_is_left_alone_until_its_words_are_confirmed(counter: Page) -> None:
    asked: list[str] = []
    counter.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    counter.evaluate("""() => {
      const box = document.querySelector("#query");
      box.dispatchEvent(new CompositionEvent("compositionstart"));
      box.value = "じどう";
      box.dispatchEvent(new InputEvent("input", { isComposing: true }));
    }""")
    counter.wait_for_timeout(600)
    assert asked == []
    counter.evaluate("""() => {
      const box = document.querySelector("#query");
      box.value = "児童";
      box.dispatchEvent(new CompositionEvent("compositionend"));
    }""")
    expect(counter.locator(".result").first).to_be_visible()


def test_without_javascript_the_same_form_finds_and_answers(browser: Browser, staff_address: str) -> None:
    with watched(browser, java_script_enabled=False) as page:
        at_the_counter(page, staff_address)
        page.fill("#query", PERIOD_QUESTION)
        page.select_option("#scope", label="４ 計画の期間")
        page.press("#query", "Enter")
        expect(page.locator(".quotes blockquote").first).to_contain_text("５年間")
        expect(page.locator(".result").first).to_contain_text("４ 計画の期間")
        expect(page.locator("#query")).to_have_value(PERIOD_QUESTION)
        expect(page.locator("#scope option:checked")).to_have_text("４ 計画の期間")
        assert page.url == f"{staff_address}/counter"
        page.click(f"text={WORDS['next']}")
        expect(page.locator("#query")).to_have_value("")
        expect(page.locator(".result")).to_have_count(0)


# --- 32 ---


def test_arrows_step_through_the_results_and_enter_opens_one_beside_them(counter: Page) -> None:
    counter.keyboard.type("ボランティア")
    expect(counter.locator(".result").nth(1)).to_be_visible()
    counter.keyboard.press("ArrowDown")
    expect(counter.locator(".result").nth(0).locator(".open")).to_be_focused()
    counter.keyboard.press("ArrowDown")
    second = counter.locator(".result").nth(1).locator(".open")
    expect(second).to_be_focused()
    counter.keyboard.press("Enter")
    expect(counter.locator(".beside .panel mark")).to_be_visible()
    counter.keyboard.press("Escape")
    expect(counter.locator(".panel")).to_have_count(0)
    expect(second).to_be_focused()
    counter.keyboard.press("ArrowUp")
    counter.keyboard.press("ArrowUp")
    assert counter.evaluate(FOCUSED) == "query"


def test_every_shortcut_is_with_alt_and_listed_and_a_single_letter_does_nothing(counter: Page) -> None:
    look_up(counter, QUESTION)
    counter.keyboard.press("Alt+k")
    listed = counter.locator(".keys").inner_text()
    for letter in "SCPGNK":
        assert f"Alt＋{letter}" in listed
    counter.keyboard.press("Alt+g")
    assert counter.evaluate(FOCUSED) == "glossary-title"
    before = counter.locator("main").inner_text()
    for letter in "scpgnk":
        counter.keyboard.press(letter)
    assert counter.locator("main").inner_text() == before
    counter.keyboard.press("Alt+s")
    assert counter.evaluate(FOCUSED) == "query"


@pytest.mark.parametrize("clipboard", ["there", "missing"])
def test_one_key_copies_the_quote_with_its_source_as_letters_give_it(counter: Page, clipboard: str) -> None:
    if clipboard == "there":
        counter.context.grant_permissions(["clipboard-read", "clipboard-write"])
    else:
        counter.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
        counter.evaluate("document.addEventListener('copy', () => (window.copied = getSelection().toString()))")
    look_up(counter, PERIOD_QUESTION)
    counter.keyboard.press("Alt+c")
    expect(counter.locator(".status")).to_have_text(WORDS["copied"])
    text = counter.evaluate("navigator.clipboard ? navigator.clipboard.readText() : window.copied")
    for quote in counter.locator(".quotes blockquote").all_inner_texts():
        assert f"{quote}\n" in text
    edition = "第４期（令和３年度〜令和７年度）"
    assert text.count(f"\n【出典】朝霞市「第４期朝霞市地域福祉計画」{edition}　「４ 計画の期間」\n") == 1
    assert "2026年3月31日で終わっています" in text


# --- 33 ---


def test_a_result_has_its_place_edition_actor_and_matches_that_are_not_marked_by_colour_alone(counter: Page) -> None:
    counter.keyboard.type("防災訓練")
    first = counter.locator(".result").first
    expect(first.locator(".path")).to_contain_text("基本目標２")
    expect(first.locator(".facts-line")).to_contain_text("第４期（令和３年度〜令和７年度）")
    expect(first.locator(".acting")).to_contain_text(WORDS["basis_heading"])
    mark = first.locator(".snippet mark").first
    style = mark.evaluate("e => [getComputedStyle(e).borderBottomStyle, getComputedStyle(e).fontWeight]")
    assert style == ["solid", "700"]


def test_filters_by_chapter_and_by_who_acts_narrow_the_results_and_keep_the_words_out_of_every_address(
    counter: Page,
) -> None:
    asked: list[str] = []
    counter.on("request", lambda request: asked.append(f"{request.url} {request.headers.get('referer', '')}"))
    look_up(counter, QUESTION)
    counter.locator(".who-acts label", has_text=WORDS["who_council"]).click()
    expect(counter.locator(".result .path").first).to_contain_text("○社協の取組")
    for result in counter.locator(".result").all():
        assert result.locator(".acting").get_attribute("data-who") in ("council", "city-council")
    expect(counter.locator(".answer-part")).to_contain_text(WORDS["unfiltered"])
    counter.select_option("#scope", label="４ 計画の期間")
    expect(counter.locator(".results-place")).to_contain_text(WORDS["results_none"])
    assert counter.locator("#query").input_value() == QUESTION
    assert not [line for line in asked if "%E5%B8%82" in line or "市" in line]
    assert counter.evaluate("history.length") <= 3


def test_the_plans_own_terms_are_explained_beside_the_results_and_open_in_their_place(counter: Page) -> None:
    counter.keyboard.type("４助とは")
    expect(counter.locator(".terms-place dfn")).to_have_text(["４助", "自助", "互助", "共助", "公助"])
    counter.locator(".terms-place .open").nth(1).click()
    expect(counter.locator(".panel mark")).to_have_text("住民一人ひとりの力（自助）")
    counter.fill("#query", "駐車場")
    expect(counter.locator(".terms-place")).to_have_text(WORDS["glossary_none"])


# --- 34 ---


def test_one_key_opens_a_hand_out_that_prints_on_two_sheets_with_furigana_or_in_plain_japanese_and_nothing_of_the_visitor(
    counter: Page, tmp_path: Path
) -> None:
    look_up(counter, f"{PERIOD_QUESTION} 田中です")
    handout = open_handout(counter)
    count, text = pages_of(handout, tmp_path / "plain.pdf")
    flat = "".join(text.split())
    assert count == 1
    for wanted in (
        "令和３（２０２１）年度から令和７（２０２５）年度まで",
        "第４期朝霞市地域福祉計画",
        "福祉相談課",
        "【出典】",
        "４計画の期間",
    ):
        assert "".join(wanted.split()) in flat
    assert "田中" not in handout.content()
    assert "でしょうか" not in flat
    assert WORDS["print"] not in flat
    handout.check("[name=furigana]")
    expect(handout.locator(".quoted rt").first).to_be_visible()
    handout.check("[value=easy]")
    expect(handout.locator(".lead")).to_contain_text("こう 書（か）いてあります")
    assert handout.locator(".quoted rt").count() > 5
    assert pages_of(handout, tmp_path / "easy.pdf")[0] <= 2
    assert handout.url.endswith("/counter/handout")


def test_the_fullest_hand_out_fits_on_two_sheets_with_furigana(counter: Page, plan: Document, tmp_path: Path) -> None:
    # As many long passages as there are; what does not fit is left out whole, and the sheet says so.
    counter.evaluate(
        """(spans) => {
          const form = document.querySelector("#handout");
          for (const [name, value] of [["span", spans], ["furigana", "on"], ["language", "easy"]]) {
            const input = document.createElement("input");
            Object.assign(input, { type: "hidden", name, value });
            form.append(input);
          }
          form.target = "";
          form.requestSubmit();
        }""",
        " ".join(f"asaka-4:{block.start}:{block.end}" for block in plan.blocks if block.end - block.start > 120),
    )
    expect(counter.locator(".sheet rt").first).to_be_visible()
    assert pages_of(counter, tmp_path / "full.pdf")[0] <= 2
    assert counter.locator(".quoted").count() >= 3
    expect(counter.locator(".sheet")).to_contain_text(WORDS["left_out"])


# --- 35 ---


def test_generated_text_is_called_automatic_and_has_the_original_beside_it(
    browser: Browser, assistant: Assistant, make_staff_app: MakeStaffApp
) -> None:
    class Writing:
        """An assistant with a language model behind it: what it says is not the plan's own words."""

        retriever = assistant.retriever
        understanding = assistant.understanding

        def examine(self, question: str, history: Sequence[Turn] = (), language: Language = "ja") -> Examined:
            found = assistant.examine(question, history, language)
            written = found.answer.model_copy(update={"mode": "generative", "text": "計画は五年間です。"})
            return replace(found, answer=written)

    with running(make_staff_app(lambda: Writing())) as address, watched(browser) as page:
        at_the_counter(page, address)
        look_up(page, PERIOD_QUESTION)
        expect(page.locator(".generated .automatic")).to_have_text(WORDS["automatic"])
        expect(page.locator(".generated")).to_contain_text("計画は五年間です。")
        expect(page.locator(".quotes blockquote").first).to_contain_text("令和３（２０２１）年度")


def test_the_plans_own_words_are_not_called_automatic(counter: Page) -> None:
    look_up(counter, PERIOD_QUESTION)
    expect(counter.locator(".automatic")).to_have_count(0)


# --- 36 ---


def test_the_next_visitor_finds_nothing_of_the_former_by_any_way_back(counter: Page, staff_address: str) -> None:
    look_up(counter, QUESTION)
    handout = open_handout(counter)
    counter.bring_to_front()
    counter.locator(".result .open").first.click()
    expect(counter.locator(".panel mark")).to_be_visible()
    with handout.expect_event("close"):
        counter.keyboard.press("Alt+n")
    expect(counter.locator(".status")).to_have_text(WORDS["next_done"])
    assert counter.evaluate(FOCUSED) == "query"

    def nothing_left() -> None:
        expect(counter.locator(".result, .panel, .quotes")).to_have_count(0)
        assert counter.locator("#query").input_value() == ""
        assert "防災" not in counter.locator("body").inner_text()

    nothing_left()
    counter.keyboard.press("Control+z")
    nothing_left()
    counter.goto(f"{staff_address}/staff")
    counter.go_back()
    expect(counter.locator("#query")).to_be_visible()
    nothing_left()
    counter.reload()
    nothing_left()
    assert "防災" not in counter.evaluate("JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie])")


def test_a_page_that_a_browser_kept_whole_is_not_shown_to_the_next_visitor(counter: Page) -> None:
    look_up(counter, QUESTION)
    # As another tab of the counter would leave it, then as the back button shows a kept page.
    counter.evaluate("""() => {
      sessionStorage.setItem("counter-visit", "another");
      dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
    }""")
    expect(counter.locator(".result")).to_have_count(0)
    expect(counter.locator("#query")).to_have_value("")


def test_every_answer_of_the_counter_forbids_keeping_it(counter: Page) -> None:
    kept: list[str] = []
    counter.on(
        "response",
        lambda response: (
            kept.append(response.url)
            if "/static/" not in response.url and response.headers.get("cache-control") != "no-store"
            else None
        ),
    )
    look_up(counter, QUESTION)
    open_handout(counter).close()
    counter.reload()
    assert kept == []


def test_an_unused_screen_warns_can_be_kept_as_often_as_wanted_and_then_clears_itself(
    browser: Browser, staff_address: str
) -> None:
    with watched(browser) as page:
        page.clock.install()
        at_the_counter(page, staff_address)
        minutes = StaffOptions().counter_idle_minutes
        # An empty screen has nothing to clear.
        page.clock.run_for((minutes + 2) * 60_000)
        expect(page.locator("dialog")).to_be_hidden()
        page.fill("#query", "ボランティア")
        page.clock.run_for(1000)
        expect(page.locator(".result").first).to_be_visible()
        for _ in range(2):
            page.clock.run_for(minutes * 60_000 + 1000)
            expect(page.locator("dialog")).to_be_visible()
            expect(page.locator(".extend")).to_be_focused()
            page.keyboard.press("Enter")
            expect(page.locator("dialog")).to_be_hidden()
            expect(page.locator(".result").first).to_be_visible()
        page.clock.run_for(minutes * 60_000 + 41_000)
        expect(page.locator("dialog .left")).to_be_visible()
        expect(page.locator(".result").first).to_be_attached()
        page.clock.run_for(25_000)
        expect(page.locator(".result")).to_have_count(0)
        expect(page.locator("#query")).to_have_value("")


# --- 37 ---


def test_two_panes_stand_side_by_side_from_1024_pixels_and_below_each_other_under_that(
    browser: Browser, staff_address: str
) -> None:
    for width, beside in ((1024, True), (1000, False), (320, False)):
        with watched(browser, viewport={"width": width, "height": 700}) as page:
            at_the_counter(page, staff_address)
            look_up(page, QUESTION)
            left, right = (page.locator(name).bounding_box() for name in (".evidence", ".beside"))
            assert left
            assert right
            assert (right["x"] >= left["x"] + left["width"]) is beside
            assert (right["y"] >= left["y"] + left["height"]) is not beside
            page.locator(".result .open").first.click()
            expect(page.locator(".panel mark")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(FIXED) == 0


# --- 38 ---


def test_without_a_model_search_pages_and_hand_out_stay_up_and_a_notice_says_so(
    browser: Browser, settings: Settings, make_staff_app: MakeStaffApp, plan_index: Path, tmp_path: Path
) -> None:
    def build() -> Assistant:
        raise ModelError("モデルのフォルダーがありません: /nowhere")

    var = tmp_path / "var"
    var.mkdir()
    (var / "index").symlink_to(plan_index)
    app = make_staff_app(build, lambda: load_index(settings.model_copy(update={"var": var})))
    with running(app) as address, watched(browser) as page:
        at_the_counter(page, address)
        expect(page.locator(".notice").first).to_contain_text(WORDS["no_answers"])
        page.fill("#query", "青色防犯パトロールカー")
        page.press("#query", "Enter")
        expect(page.locator(".result .snippet").first).to_contain_text("青色防犯パトロールカー")
        expect(page.locator(".result .snippet mark").first).to_have_text("防犯")
        expect(page.locator(".results-place .notice")).to_contain_text(WORDS["words_only"])
        expect(page.locator(".answer-part")).to_be_hidden()
        page.locator(".result .open").first.click()
        expect(page.locator(".panel mark")).to_be_visible()
        assert "青色防犯パトロールカー" in open_handout(page).locator(".quoted").inner_text()
        response = page.goto(f"{address}/documents/asaka-4")
        assert response
        assert response.status == 200


def test_every_text_of_the_counter_is_used() -> None:
    sources = "".join(
        path.read_text("utf-8")
        for path in [*(REPOSITORY / "web/counter").glob("*.py"), *(REPOSITORY / "web/templates/counter").iterdir()]
    )
    sources += (REPOSITORY / "web/staff/pages.py").read_text("utf-8")
    built = ("counter.acting_", "counter.basis_", "counter.key_", "counter.kind_", "counter.who_", "handout.language_")
    tables = tomllib.loads(TEXTS[1].read_text("utf-8"))
    words = {"working", "failed", "copied", "copy_failed", "next_done"}
    unused = [
        key
        for key in (f"{table}.{name}" for table, names in tables.items() for name in names)
        if f'"{key}"' not in sources
        and not key.startswith(built)
        and key.partition(".")[2] not in words
        and f'words("{key.partition(".")[2]}"' not in sources
        and not key.endswith((".expired", "nav_hint"))
    ]
    assert unused == []
