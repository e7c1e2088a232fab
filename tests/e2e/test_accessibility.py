"""Acceptance point 4: axe finds nothing in any state and language. Leaves what the accessibility statement is fed with."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import REPOSITORY
from tests.e2e.conftest import QUESTION_BOX, ask, at_the_counter, look_up, signed_in, watched
from tests.e2e.test_chat_states import ENDLESS, SENTENCE
from web.accessibility import AccessibilityReport, Criterion, StateResult
from web.catalogue import LANGUAGES, load_catalogues

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PERIOD_QUESTION = "計画の期間はいつからいつまでですか"
REPORT = REPOSITORY / "var" / "accessibility.json"

Reach = Callable[[Page, str], None]


def empty(page: Page, address: str) -> None:
    page.goto(f"{address}/")


def answered(page: Page, address: str) -> None:
    empty(page, address)
    ask(page, PERIOD_QUESTION)
    for summary in page.locator("main summary").all():
        summary.click()


def panel_open(page: Page, address: str) -> None:
    answered(page, address)
    page.locator(".marker").first.click()
    expect(page.locator(".panel mark")).to_be_visible()


def writing(page: Page, address: str) -> None:
    empty(page, address)
    page.evaluate(ENDLESS % json.dumps(SENTENCE))
    page.fill(QUESTION_BOX, PERIOD_QUESTION)
    page.press(QUESTION_BOX, "Enter")
    expect(page.locator(".turn .sentence")).to_be_visible()


def stopped(page: Page, address: str) -> None:
    writing(page, address)
    page.keyboard.press("Escape")
    expect(page.locator(".stopped")).to_be_visible()


def no_answer(page: Page, address: str) -> None:
    empty(page, address)
    ask(page, "プールの利用料金はいくらですか")


def urgent(page: Page, address: str) -> None:
    empty(page, address)
    ask(page, "死にたい")


def error(page: Page, address: str) -> None:
    empty(page, address)
    page.press(QUESTION_BOX, "Enter")
    expect(page.locator("#error")).not_to_be_empty()


def furigana(page: Page, address: str) -> None:
    answered(page, address)
    page.locator("ruby-toggle button").click()
    expect(page.locator(".sentence rt").first).to_be_visible()


def at(path: str) -> Reach:
    def reach(page: Page, address: str) -> None:
        page.goto(address + path)

    return reach


def search(page: Page, address: str) -> None:
    page.goto(f"{address}/documents/asaka-4")
    page.fill("#find", "ボランティア")
    page.locator(".find button").click()
    expect(page.locator(".found mark").first).to_be_visible()


def counter_empty(page: Page, address: str) -> None:
    at_the_counter(page, address)


def counter_answered(page: Page, address: str) -> None:
    at_the_counter(page, address)
    look_up(page, PERIOD_QUESTION)
    for summary in page.locator("main summary").all():
        summary.click()


def counter_panel(page: Page, address: str) -> None:
    counter_answered(page, address)
    page.locator(".result .open").first.click()
    expect(page.locator(".panel mark")).to_be_visible()


def counter_nothing(page: Page, address: str) -> None:
    at_the_counter(page, address)
    page.locator(".who-acts label").nth(2).click()
    page.select_option("#scope", "asaka-4/4")
    look_up(page, "プールの利用料金はいくらですか")


def counter_error(page: Page, address: str) -> None:
    at_the_counter(page, address)
    page.press("#query", "Enter")
    expect(page.locator("#error")).not_to_be_empty()


def counter_warning(page: Page, address: str) -> None:
    counter_answered(page, address)
    page.evaluate("document.querySelector('dialog').showModal()")


def handout(page: Page, address: str) -> None:
    counter_answered(page, address)
    page.evaluate("document.querySelector('#handout').target = ''")
    page.locator(".handout").first.click()
    page.check("[name=furigana]")
    expect(page.locator(".sheet rt").first).to_be_visible()


def desk(path: str) -> Reach:
    """A page of the staff's, with all that can be unfolded on it."""

    def reach(page: Page, address: str) -> None:
        signed_in(page, address, "admin", path)
        assert page.url == address + path
        for summary in page.locator("main summary").all():
            summary.click()

    return reach


def sign_in_refused(page: Page, address: str) -> None:
    page.goto(f"{address}/staff")
    page.fill("[name=name]", "nobody")
    page.fill("[name=password]", "wrong")
    page.press("[name=password]", "Enter")
    expect(page.get_by_role("alert")).not_to_be_empty()


def answer_form(page: Page, address: str) -> None:
    signed_in(page, address, "editor", "/staff/answers/new")
    page.fill("#question", PERIOD_QUESTION)
    page.get_by_role("button", name="根拠の候補をさがす").click()
    expect(page.locator(".choice :checked").first).to_be_visible()


def answer_form_refused(page: Page, address: str) -> None:
    answer_form(page, address)
    for choice in page.locator(".choice input").all():
        choice.uncheck()
    page.get_by_role("button", name="この回答を承認する").click()
    expect(page.get_by_role("alert")).not_to_be_empty()


def review_refused(page: Page, address: str) -> None:
    signed_in(page, address, "editor", "/staff/review")
    page.locator("summary", has_text="評価事例にする").first.click()
    page.locator("[name=evidence]").first.fill("計画にない文")
    page.get_by_role("button", name="評価事例に加える").first.click()
    expect(page.get_by_role("alert").filter(has_text="計画に見つかりません")).to_be_visible()


def index_exchanged(page: Page, address: str) -> None:
    signed_in(page, address, "admin", "/staff/index")
    page.get_by_role("button", name="索引を入れ替える").click()
    expect(page.get_by_role("status").filter(has_text="もう最新です")).to_be_visible()


def forbidden(page: Page, address: str) -> None:
    signed_in(page, address, "viewer", "/staff/changes")


# The staff's own work, on a server with some waiting.
DESK_STATES: dict[str, tuple[str, Reach]] = {
    "staff, sign-in": ("/staff", at("/staff")),
    "staff, sign-in refused": ("/staff", sign_in_refused),
    "staff, home": ("/staff", desk("/staff")),
    "staff, approved answers": ("/staff/answers", desk("/staff/answers")),
    "staff, new answer": ("/staff/answers/new", desk("/staff/answers/new")),
    "staff, choosing sentences": ("/staff/answers/look", answer_form),
    "staff, answer refused": ("/staff/answers/save", answer_form_refused),
    "staff, review list": ("/staff/review", desk("/staff/review")),
    "staff, review refused": ("/staff/review/case", review_refused),
    "staff, proposals": ("/staff/proposals", desk("/staff/proposals")),
    "staff, charts": ("/staff/charts", desk("/staff/charts")),
    "staff, index": ("/staff/index", desk("/staff/index")),
    "staff, index exchanged": ("/staff/index", index_exchanged),
    "staff, audit log": ("/staff/changes", desk("/staff/changes")),
    "staff, forbidden": ("/staff/changes", forbidden),
}
# In Japanese only, and behind a sign-in.
STAFF_STATES: dict[str, tuple[str, Reach]] = {
    "counter, empty": ("/counter", counter_empty),
    "counter, answered": ("/counter", counter_answered),
    "counter, panel open": ("/counter", counter_panel),
    "counter, nothing found": ("/counter", counter_nothing),
    "counter, error": ("/counter", counter_error),
    "counter, about to clear": ("/counter", counter_warning),
    "hand-out": ("/counter/handout", handout),
}
STATES: dict[str, tuple[str, Reach]] = {
    "chat, empty": ("/", empty),
    "chat, writing": ("/", writing),
    "chat, stopped": ("/", stopped),
    "chat, answered": ("/", answered),
    "chat, panel open": ("/", panel_open),
    "chat, no answer": ("/", no_answer),
    "chat, urgent": ("/", urgent),
    "chat, error": ("/", error),
    "chat, furigana": ("/", furigana),
    "plan": ("/documents/asaka-4", at("/documents/asaka-4")),
    "plan, search": ("/documents/asaka-4", search),
    "documents": ("/documents", at("/documents")),
    "about": ("/about", at("/about")),
    "accessibility": ("/accessibility", at("/accessibility")),
    "not found": ("/nothing", at("/nothing")),
    "widget": ("/widget", at("/widget")),
}
RUNS = [(name, "ja", {}) for name in STATES]
RUNS += [(name, "ja", {"color_scheme": "dark"}) for name in ("chat, panel open", "chat, error", "plan", "chat, no answer")]
RUNS += [("chat, panel open", "ja", {"viewport": {"width": 320, "height": 640}})]
RUNS += [
    (name, language, {}) for language in LANGUAGES[1:] for name in ("chat, empty", "chat, panel open", "chat, no answer")
]
RUNS += [("about", language, {}) for language in LANGUAGES[1:]]
RUNS += [(name, "ja", {}) for name in (*STAFF_STATES, *DESK_STATES)]
RUNS += [(name, "ja", {"color_scheme": "dark"}) for name in DESK_STATES]
RUNS += [(name, "ja", {"viewport": {"width": 320, "height": 640}}) for name in DESK_STATES]
RUNS += [(name, "ja", {"color_scheme": "dark"}) for name in ("counter, panel open", "counter, error")]
RUNS += [("counter, panel open", "ja", {"viewport": {"width": 320, "height": 640}})]


@pytest.fixture(scope="module")
def report() -> Iterator[dict[str, list[object]]]:
    """What all runs found; written for the accessibility statement when every state has been tested."""
    found: dict[str, list[object]] = {"states": [], "passes": [], "violations": [], "incomplete": [], "about": []}
    yield found
    if len(found["states"]) < len(RUNS):
        return
    numbers = {
        key: {_number(tag) for tag in found[key] if _number(str(tag))} for key in ("passes", "violations", "incomplete")
    }
    verdicts = {n: "failed" if n in numbers["violations"] else "passed" for n in numbers["passes"] | numbers["violations"]}
    verdicts |= dict.fromkeys(numbers["incomplete"] - numbers["violations"], "undecided")
    tool, browser = map(str, found["about"][:2])
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(
        AccessibilityReport(
            tested_on=dt.date.today(),
            tool=tool,
            browser=browser,
            states=tuple(StateResult.model_validate(state) for state in found["states"]),
            criteria=tuple(
                Criterion.model_validate({"number": number, "verdict": verdicts[number]})
                for number in sorted(verdicts, key=lambda text: [int(part) for part in text.split(".")])
            ),
        ).model_dump_json(indent=1)
        + "\n",
        encoding="utf-8",
    )


def _number(tag: object) -> str:
    """`wcag143` → `1.4.3`; empty for a tag that is no criterion."""
    digits = str(tag).removeprefix("wcag")
    return f"{digits[0]}.{digits[1]}.{digits[2:]}" if digits.isdecimal() and len(digits) >= 3 else ""


@pytest.mark.parametrize(("name", "language", "options"), RUNS, ids=lambda value: str(value).replace(" ", ""))
def test_axe_finds_nothing(
    browser: Browser,
    request: pytest.FixtureRequest,
    report: dict[str, list[object]],
    name: str,
    language: str,
    options: dict[str, object],
) -> None:
    server = "desk_address" if name in DESK_STATES else "staff_address" if name in STAFF_STATES else "address"
    address: str = request.getfixturevalue(server)
    path, reach = (STATES | STAFF_STATES | DESK_STATES)[name]
    prefix = "" if language == "ja" else f"/{language}"
    with watched(browser, **options) as page:
        reach(page, address + prefix)
        # Through the debug protocol: the page's own policy lets no other script in.
        page.evaluate(AXE)
        result = page.evaluate("tags => axe.run(document, { runOnly: tags })", TAGS)
    violations = [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in result["violations"]]
    form = ", ".join(f"{key} {value}" for key, value in options.items() if key == "color_scheme") + (
        "320 px" if "viewport" in options else ""
    )
    report["states"].append(
        {"name": " ".join(filter(None, [name, form, language])), "path": prefix + path, "violations": len(violations)}
    )
    for key in ("passes", "violations", "incomplete"):
        report[key] += [tag for rule in result[key] for tag in rule["tags"]]
    report["about"] += [f"axe-core {result['testEngine']['version']}", f"Chromium {browser.version}"]
    assert violations == []


def test_every_page_language_is_tested() -> None:
    assert {language for _, language, _ in RUNS} == set(load_catalogues())
