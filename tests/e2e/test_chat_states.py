"""Acceptance points 1, 8–11, 14–17, 25, 28, 29 of the chat, in a real browser."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from collections.abc import Sequence

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from assistant.answer import Answer, AnswerSentence, Language
from assistant.assistant import Assistant, Turn
from tests.conftest import REPOSITORY, MakeApp
from tests.e2e.conftest import QUESTION_BOX, ask, running, watched

PERIOD = "令和３（２０２１）年度から令和７（２０２５）年度までの５年間"
PERIOD_QUESTION = "計画の期間はいつからいつまでですか"
NOT_IN_PLAN = tomllib.loads((REPOSITORY / "assistant/wordings/ja.toml").read_text("utf-8"))["status"]["not_in_plan"]

# Instead of the network: the stream of an answer that never ends after its first sentence, and says whether it was let go.
ENDLESS = """
window.letGo = false;
const sentence = %s;
window.fetch = (address, options) => Promise.resolve(new Response(new ReadableStream({
  start(controller) {
    controller.enqueue(new TextEncoder().encode(`event: sentence\\ndata: ${JSON.stringify({html: sentence})}\\n\\n`));
    options.signal.addEventListener("abort", () => { window.letGo = true; controller.error(options.signal.reason); });
  },
})));
undefined;
"""
SENTENCE = (
    '<li><span class="sentence" lang="ja">計画の一文です。</span> <a class="marker" href="/documents/asaka-4">1</a></li>'
)

# Every text that the status region is given, in order.
LISTEN = """
window.heard = [];
new MutationObserver(() => {
  const text = document.querySelector(".status").textContent;
  if (text) window.heard.push(text);
}).observe(document.querySelector(".status"), { childList: true, characterData: true, subtree: true });
"""


def fail_with(status: int, code: str, message: str) -> object:
    def handle(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        body = json.dumps({"error": {"code": code, "message": message, "request_id": "0" * 32}})
        route.fulfill(status=status, content_type="application/json", body=body)

    return handle


def test_a_question_is_answered_and_the_short_answer_is_marked_in_its_sentence(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, PERIOD_QUESTION)
    assert page.locator(".short-answer").inner_text() == PERIOD
    expect(page.locator(".sentences li").first).to_contain_text(PERIOD)
    expect(page.locator(".notice")).to_contain_text("2026年3月31日で終わっています")


def test_without_javascript_a_question_returns_a_page_with_answer_markers_and_passages(
    browser: Browser, address: str
) -> None:
    with watched(browser, java_script_enabled=False) as page:
        page.goto(address)
        page.fill(QUESTION_BOX, "計画の期間を教えて")
        page.get_by_role("button", name="質問する").click()
        expect(page.locator(".sentences li").first).to_contain_text(PERIOD)
        page.locator(".sources summary").click()
        expect(page.locator(".quote").first).to_be_visible()
        page.fill(QUESTION_BOX, "それは何年間ですか")
        page.get_by_role("button", name="質問する").click()
        expect(page.locator(".answer")).to_contain_text("５年間")
        page.locator(".marker").first.click()
        expect(page.locator("mark").first).to_be_visible()


def test_without_javascript_furigana_feedback_and_search_work_too(browser: Browser, address: str) -> None:
    with watched(browser, java_script_enabled=False) as page:
        page.goto(address)
        page.get_by_role("link", name="ふりがなをつける").click()
        page.fill(QUESTION_BOX, PERIOD_QUESTION)
        page.locator(".send").click()
        expect(page.locator(".sentence rt").first).to_be_visible()
        page.locator(".feedback summary").click()
        page.locator("input[value=useful]").check()
        page.locator(".feedback button").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("ありがとう")
        page.goto(f"{address}/documents/asaka-4")
        page.fill("#find", "ボランティア")
        page.locator(".find button").click()
        assert page.locator(".found mark").first.inner_text() == "ボランティア"


def test_a_conversation_goes_on_with_what_was_asked_before(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "計画の期間を教えて")
    ask(page, "それは何年間ですか")
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".turn").last).to_contain_text("５年間")


def test_examples_and_suggestions_are_asked_by_their_buttons_and_a_new_conversation_is_empty(
    page: Page, address: str
) -> None:
    page.goto(address)
    page.get_by_role("button", name=PERIOD_QUESTION).click()
    expect(page.locator(".sentences li").first).to_contain_text(PERIOD)
    suggestion = page.locator(".suggestions button").first
    assert 2 <= page.locator(".suggestions button").count() <= 3
    asked = suggestion.inner_text()
    suggestion.click()
    expect(page.locator(".asked-text").last).to_have_text(asked)
    page.get_by_role("link", name="新しい会話を始める").click()
    expect(page.locator(".turn")).to_have_count(0)


def test_the_status_region_is_told_the_start_and_the_end_and_nothing_else(page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate(LISTEN)
    ask(page, PERIOD_QUESTION)
    quotes = page.locator(".turn blockquote.quote").count()
    assert page.evaluate("heard") == ["回答を作成しています。", f"回答ができました。根拠は{quotes}件です。"]
    assert page.locator("[role=log]").get_attribute("aria-live") == "off"
    assert page.locator("[aria-live]:not([aria-live=off])").count() == 0


def test_while_an_answer_takes_long_the_status_region_says_so_every_five_seconds(page: Page, address: str) -> None:
    page.clock.install(time=dt.datetime(2026, 1, 1, 9))
    page.goto(address)
    page.clock.pause_at(dt.datetime(2026, 1, 1, 10))
    page.evaluate(ENDLESS % json.dumps(SENTENCE))
    page.evaluate(LISTEN)
    page.fill(QUESTION_BOX, PERIOD_QUESTION)
    page.press(QUESTION_BOX, "Enter")
    expect(page.locator(".turn .sentence")).to_be_visible()
    page.clock.run_for(4900)
    assert page.evaluate("heard") == ["回答を作成しています。"]
    page.clock.run_for(5200)
    assert page.evaluate("heard") == ["回答を作成しています。", "まだ作成しています。", "まだ作成しています。"]


def test_the_first_feedback_comes_in_the_same_moment_as_the_question_is_sent(page: Page, address: str) -> None:
    page.goto(address)
    page.fill(QUESTION_BOX, PERIOD_QUESTION)
    seen = page.evaluate("""() => {
      document.querySelector(".send").click();
      const shown = (selector) => document.querySelector(selector)?.checkVisibility() ?? false;
      return [document.querySelector(".status").textContent, shown(".turn .writing"), shown(".stop")];
    }""")
    assert seen == ["回答を作成しています。", True, True]


def test_stop_is_there_only_while_writing_and_ends_it_with_a_mark_and_the_focus_in_the_box(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator(".stop")).to_be_hidden()
    page.evaluate(ENDLESS % json.dumps(SENTENCE))
    page.fill(QUESTION_BOX, PERIOD_QUESTION)
    page.press(QUESTION_BOX, "Enter")
    expect(page.locator(".turn .sentence")).to_be_visible()
    page.get_by_role("button", name="回答を止める").click()
    expect(page.locator(".turn")).to_contain_text("（途中で止めました）")
    assert page.evaluate("letGo") is True
    expect(page.locator(QUESTION_BOX)).to_be_focused()
    assert page.locator(QUESTION_BOX).input_value() == PERIOD_QUESTION
    expect(page.locator(".stop")).to_be_hidden()
    expect(page.get_by_role("status")).to_have_text("回答の作成を止めました。")


def test_escape_stops_as_the_button_does(page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate(ENDLESS % json.dumps(SENTENCE))
    page.fill(QUESTION_BOX, PERIOD_QUESTION)
    page.press(QUESTION_BOX, "Enter")
    expect(page.locator(".turn .sentence")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".turn .stopped")).to_be_visible()


def test_a_question_is_sent_only_once_while_its_answer_is_written(page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate(ENDLESS % json.dumps(SENTENCE))
    page.fill(QUESTION_BOX, PERIOD_QUESTION)
    for _ in range(3):
        page.press(QUESTION_BOX, "Enter")
    expect(page.locator(".turn")).to_have_count(1)
    assert page.locator(".send").get_attribute("aria-disabled") == "true"


def test_every_sentence_has_a_marker_that_leads_to_an_anchor_in_a_page(page: Page, address: str) -> None:
    page.goto(address)
    for question in (PERIOD_QUESTION, "自助・共助って何ですか？", "再犯防止"):
        ask(page, question)
    items = page.locator(".sentences > li")
    assert items.count() >= 3
    for item in items.all():
        assert item.locator(".marker, .unsourced").count() >= 1
    links = {link.get_attribute("href") for link in page.locator(".marker").all()}
    for link in links:
        path, _, anchor = (link or "").partition("#")
        response = page.request.get(address + path)
        assert response.status == 200
        assert f'id="{anchor}"' in response.text()


def test_no_raw_marker_is_in_the_page_at_any_moment(page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate("""() => {
      window.raw = [];
      const look = () => {
        for (const found of document.querySelectorAll(".turn .answer")) {
          const text = found.cloneNode(true);
          text.querySelector(".copy-text")?.remove();
          if (/\\[\\d*\\]?|\\{n\\}/.test(text.textContent)) window.raw.push(text.textContent);
        }
      };
      setInterval(look, 20);
      new MutationObserver(look).observe(document.querySelector(".turns"), { childList: true, subtree: true });
    }""")
    ask(page, PERIOD_QUESTION)
    ask(page, "自助・共助って何ですか？")
    assert page.evaluate("raw") == []


def test_markers_are_numbered_by_first_appearance_and_each_number_is_one_place(page: Page, address: str) -> None:
    page.goto(address)
    ask(page, "地域福祉とは何ですか")
    shown = [(int(m.inner_text()), m.get_attribute("href")) for m in page.locator(".sentences .marker").all()]
    numbers = [number for number, _ in shown]
    assert list(dict.fromkeys(numbers)) == list(range(1, max(numbers) + 1))
    assert len(set(shown)) == len(set(numbers))
    assert page.locator(".sources ol > li").count() == max(numbers)


@pytest.mark.parametrize("question", ["福祉相談課の電話番号は？", "プールの利用料金はいくらですか"])
def test_what_the_plan_does_not_say_has_a_fixed_text_whom_to_ask_and_no_source(
    page: Page, address: str, question: str
) -> None:
    page.goto(address)
    ask(page, question)
    expect(page.locator(".answer .fixed")).to_have_text(NOT_IN_PLAN)
    expect(page.locator(".answer .contacts")).to_contain_text("福祉相談課")
    expect(page.locator(".answer")).to_contain_text("電話番号は朝霞市のホームページや広報紙で")
    assert page.locator(".sentences li, .sources, .marker").count() == 0


@pytest.mark.parametrize("failure", ["refused", "unavailable", "lost", "offline", "broken stream", "timeout"])
def test_an_error_is_an_alert_once_and_keeps_the_question_and_a_retry_works(page: Page, address: str, failure: str) -> None:
    page.clock.install()
    page.goto(address)
    page.evaluate("""() => {
      window.alerts = [];
      const region = document.querySelector("#error");
      new MutationObserver(() => region.textContent && alerts.push(region.textContent)).observe(region, { childList: true });
    }""")
    if failure == "refused":
        page.route("**/*", fail_with(500, "internal", "うまくお答えできませんでした。もう一度お試しください。"))  # type: ignore[arg-type]
    elif failure == "unavailable":
        page.route("**/*", fail_with(503, "starting", "準備をしています。"))  # type: ignore[arg-type]
    elif failure == "lost":
        page.route("**/*", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    elif failure == "offline":
        page.context.set_offline(True)
    elif failure == "broken stream":
        page.route(
            "**/*",
            lambda route: (
                route.fulfill(content_type="text/event-stream", body="event: sentence\nda")
                if route.request.method == "POST"
                else route.continue_()
            ),
        )
    else:
        page.evaluate("window.realFetch = fetch")
        page.evaluate(ENDLESS % json.dumps(SENTENCE))
    page.fill(QUESTION_BOX, PERIOD_QUESTION)
    page.press(QUESTION_BOX, "Enter")
    if failure == "timeout":
        expect(page.locator(".turn .sentence")).to_be_visible()
        page.clock.run_for(61_000)
    expect(page.get_by_role("alert").first).not_to_be_empty()
    assert len(page.evaluate("alerts")) == 1
    assert page.locator(QUESTION_BOX).input_value() == PERIOD_QUESTION
    assert page.locator(QUESTION_BOX).get_attribute("aria-invalid") == "true"
    expect(page.locator(QUESTION_BOX)).to_be_focused()
    expect(page.locator(".turn")).to_have_count(0)
    page.unroute_all()
    page.context.set_offline(False)
    if failure == "timeout":
        page.evaluate("window.fetch = realFetch")
    page.press(QUESTION_BOX, "Enter")
    expect(page.locator(".sentences li").first).to_contain_text(PERIOD)
    expect(page.locator("#error")).to_be_empty()


def test_a_refused_question_stays_in_the_box_and_the_reason_is_announced(page: Page, address: str) -> None:
    page.goto(address)
    page.fill(QUESTION_BOX, "あ" * 301)
    page.press(QUESTION_BOX, "Enter")
    expect(page.locator("#error")).to_have_text("質問は300文字までで入力してください。")
    assert page.locator(QUESTION_BOX).input_value() == "あ" * 301


def test_the_warning_and_the_request_for_no_personal_data_are_there_before_and_under_each_answer(
    page: Page, address: str
) -> None:
    page.goto(address)
    described = (page.locator(QUESTION_BOX).get_attribute("aria-describedby") or "").split()
    texts = [page.locator(f"#{name}").inner_text() for name in described if page.locator(f"#{name}").is_visible()]
    assert any("個人の情報は入力しないでください" in text for text in texts)
    assert any("回答は誤ることがあります" in text for text in texts)
    ask(page, PERIOD_QUESTION)
    expect(page.locator(".answer .caution")).to_contain_text("回答は誤ることがあります")
    expect(page.locator(".answer .caution")).to_contain_text("福祉相談課")


def test_the_question_stands_in_no_address_no_title_and_no_log_line(
    page: Page, address: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url + json.dumps(request.headers)))
    page.goto(address)
    ask(page, "青色防犯パトロール")
    page.goto(f"{address}/documents/asaka-4")
    page.fill("#find", "青色防犯パトロール")
    page.locator(".find button").click()
    out, err = capfd.readouterr()
    for place in (*requests, page.url, page.title(), caplog.text, out, err):
        assert "青色" not in place
        assert "%E9%9D%92" not in place


def test_a_number_without_a_citation_is_no_link_and_markup_in_a_passage_is_text(
    browser: Browser, assistant: Assistant, make_app: MakeApp
) -> None:
    markup = "<img src=x onerror=alert(1)><script>alert(2)</script>"

    class Odd:
        """An assistant whose plan has markup in it, and that cites what is not there."""

        retriever = assistant.retriever

        def ask(self, question: str, history: Sequence[Turn] = (), page: Language = "ja") -> Answer:
            answer = assistant.ask(question, history, page)
            shown = answer.citations[0].model_copy(update={"quote": markup, "title": markup, "section": (markup,)})
            return answer.model_copy(
                update={
                    "sentences": (
                        AnswerSentence(text=markup, citations=(1,)),
                        AnswerSentence(text="根拠のない文。", citations=(99, 0)),
                    ),
                    "citations": (shown,),
                    "suggestions": (markup,),
                    "short_answer": None,
                }
            )

    with running(make_app(lambda: Odd())) as address, watched(browser) as page:
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        page.goto(address)
        ask(page, PERIOD_QUESTION)
        first, second = page.locator(".sentences > li").all()
        assert first.locator(".sentence").inner_text() == markup
        assert first.locator(".marker").count() == 1
        assert second.locator("a").count() == 0
        expect(second.locator(".unsourced")).to_have_text("根拠なし")
        assert page.locator(".sources ol > li").count() == 1
        assert page.locator(".quote").text_content() == markup
        assert page.locator(".turn img, .turn script").count() == 0
        assert dialogs == []


INJECTIONS = (
    "<img src=x onerror=alert(1)>計画の期間は",
    "<script>alert(1)</script>計画の期間は",
    '"><svg onload=alert(1)>計画の期間は',
    "</textarea><script>alert(1)</script>計画の期間は",
    "{{ 7*7 }}計画の期間は",
    "<template><img src=x onerror=alert(1)></template>計画の期間は",
)


@pytest.mark.parametrize("question", INJECTIONS)
def test_markup_in_a_question_is_shown_as_text(page: Page, address: str, question: str) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(address)
    ask(page, question)
    assert page.locator(".asked-text").inner_text() == question
    assert page.locator(".turn img, .turn script, .turn svg").count() == 0
    # The question goes back to the server with the next one.
    ask(page, "それは何年間ですか")
    assert page.locator(".asked-text").first.inner_text() == question
    assert dialogs == []
