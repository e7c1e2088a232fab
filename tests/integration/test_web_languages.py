from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from assistant.answer import Answer, Language
from assistant.assistant import Assistant
from assistant.language import spoken_language
from tests.conftest import MakeApp
from tests.fakes import answering_unsurely
from web.catalogue import LANGUAGE_TAGS, LANGUAGES, load_catalogues

PERIOD_QUESTION = "計画の期間はいつからいつまでですか"
STREAM = {"Accept": "text/event-stream"}


@pytest.fixture(scope="module")
def client(assistant: Assistant, make_app: MakeApp) -> Iterator[TestClient]:
    app = make_app(lambda: assistant)
    with TestClient(app, raise_server_exceptions=False) as client:
        assert app.state.service.wait(60)
        yield client


def prefix(language: str) -> str:
    return "" if language == "ja" else f"/{language}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_there_in_every_language_and_says_which(client: TestClient, language: str) -> None:
    for path in ("/", "/documents", "/documents/asaka-4", "/about", "/accessibility", "/widget", "/widget-test"):
        response = client.get(prefix(language) + path)
        assert response.status_code == 200
        tag = {"easy": "ja", "zh": "zh-Hans"}.get(language, language)
        assert f'<html lang="{tag}"' in response.text
        assert response.headers["content-language"] == tag
    missing = client.get(f"{prefix(language)}/nothing")
    assert missing.status_code == 404
    assert load_catalogues()[language]("errors.not_found") in missing.text  # type: ignore[index]


def test_every_example_of_every_language_is_answered(assistant: Assistant) -> None:
    examples = assistant.contacts.city.examples
    assert set(examples) == set(LANGUAGES)
    for questions in examples.values():
        for question in questions:
            assert assistant.ask(question).status == "answered", question


@pytest.mark.parametrize("language", LANGUAGES)
def test_fixed_wordings_are_in_the_pages_language_also_for_a_japanese_question(
    client: TestClient, assistant: Assistant, language: str
) -> None:
    page = client.post(f"{prefix(language)}/", data={"question": "プールの利用料金はいくらですか"}).text
    wordings = assistant.wordings[language].status  # type: ignore[index]
    assert wordings.not_in_plan in page or wordings.out_of_scope in page
    answered = client.post(f"{prefix(language)}/", data={"question": PERIOD_QUESTION}).text
    start = assistant.wordings[language].notice.expired.split("{")[0].replace('"', "&#34;")  # type: ignore[index]
    assert start in answered


def test_a_question_in_another_language_keeps_its_own_wordings(client: TestClient, assistant: Assistant) -> None:
    page = client.post("/", data={"question": "How much is the swimming pool?"}).text
    assert '<p class="fixed" lang="en">' in page


def test_the_chat_streams_what_the_page_without_a_script_shows(client: TestClient) -> None:
    question = "前期計画の３つの基本目標は何ですか"
    answer = client.post("/api/ask", json={"question": question}).json()
    sentences = len(answer["sentences"])
    assert sentences > 1
    response = client.post("/", data={"question": question}, headers=STREAM)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in response.headers
    blocks = [block.split("\n") for block in response.text.strip().split("\n\n")]
    events = [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]
    assert [name for name, _ in events] == ["sentence"] * sentences + ["done"]
    page = client.post("/", data={"question": question}).text
    squeezed = re.sub(r"\s", "", page)
    for _, data in events[:-1]:
        assert re.sub(r"\s", "", data["html"]) in squeezed
    assert events[-1][1]["announce"] == f"回答ができました。根拠は{len(answer['citations'])}件です。"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("question", [PERIOD_QUESTION, "How long is the plan's period?"])
def test_that_an_answer_may_be_none_stands_before_its_quotes_also_in_what_is_copied(
    assistant: Assistant, make_app: MakeApp, language: Language, question: str
) -> None:
    app = make_app(lambda: answering_unsurely(assistant))
    with TestClient(app) as client:
        assert app.state.service.wait(60)
        page = html.unescape(client.post(f"{prefix(language)}/", data={"question": question}).text)
        streamed = client.post(f"{prefix(language)}/", data={"question": question}, headers=STREAM).text
    spoken = spoken_language("ja" if question == PERIOD_QUESTION else "en", language)
    caution = assistant.wordings[spoken].notice.unsure
    quotes, copied = page.index('<ul class="sentences">'), page.index('<textarea class="copy-text"')
    assert page[:quotes].count(caution) == page[copied:].count(caution) == 1
    assert f'<p class="unsure" lang="{LANGUAGE_TAGS[spoken]}">{caution}</p>' in page[:quotes]
    assert re.search(f'<textarea class="copy-text"[^>]*>\\s*{re.escape(caution)}', page)
    done = json.loads(streamed.strip().rpartition("\ndata: ")[2])
    assert caution in done["announce"], "a screen reader says it too"


@pytest.mark.parametrize(("language", "message"), [("ja", "質問を入力してください。"), ("en", "Please enter a question.")])
def test_a_stream_that_cannot_begin_is_an_error_in_the_pages_language(
    client: TestClient, language: str, message: str
) -> None:
    response = client.post(f"{prefix(language)}/", data={"question": " "}, headers=STREAM)
    assert response.status_code == 422
    assert response.json()["error"] == {
        "code": "question_empty",
        "message": message,
        "request_id": response.json()["error"]["request_id"],
    }


def test_a_failure_inside_of_a_stream_is_an_event_without_a_stack(assistant: Assistant, make_app: MakeApp) -> None:
    class Broken:
        retriever = assistant.retriever

        def ask(self, question: str, history: object) -> Answer:
            raise RuntimeError("ひみつ")

    app = make_app(Broken)
    with TestClient(app) as client:
        assert app.state.service.wait(60)
        response = client.post("/", data={"question": PERIOD_QUESTION}, headers=STREAM)
    assert response.text.startswith("event: error\n")
    assert "うまくお答えできませんでした" in response.text
    assert "ひみつ" not in response.text


def test_furigana_come_for_the_texts_of_a_page(client: TestClient) -> None:
    response = client.post("/api/furigana", json={"texts": ["計画の期間", "<b>"]})
    assert response.json() == {
        "texts": [[["計画", "けいかく"], ["の", ""], ["期間", "きかん"]], [["<", ""], ["b", ""], [">", ""]]]
    }
    assert client.post("/api/furigana", json={"texts": [1]}).status_code == 422
    assert client.post("/api/furigana", json={"texts": ["計"] * 2001}).status_code == 422


def test_a_passage_is_shown_between_its_neighbours_and_only_for_a_span_that_is_one(client: TestClient) -> None:
    citation = client.post("/api/ask", json={"question": "自助・共助って何ですか？"}).json()["citations"][0]
    span = f"start={citation['start']}&end={citation['end']}"
    fragment = client.get(f"/documents/asaka-4/passage?{span}&n=1").text
    assert re.findall("<mark>(.*?)</mark>", fragment, re.DOTALL) == [citation["quote"]]
    assert fragment.count("<p") >= 4
    for wrong in ("", "start=5&end=3", "start=0&end=999999999", "start=x&end=y", "start=99999998&end=99999999"):
        assert client.get(f"/documents/asaka-4/passage?{wrong}").status_code in (404,), wrong
    assert "<script" not in client.get(f"/documents/asaka-4/passage?{span}&n=<script>").text


@pytest.mark.parametrize(
    ("words", "marked"),
    [
        ("ボランティア", "ボランティア"),
        ("ﾎﾞﾗﾝﾃｨｱ", "ボランティア"),
        ("社協 災害", "災害"),
        ("２０２１", "２０２１"),
        ("2021", "２０２１"),
    ],
)
def test_words_are_found_in_the_plan_whatever_their_width(client: TestClient, words: str, marked: str) -> None:
    response = client.post("/documents/asaka-4", data={"find": words})
    found = response.text.split('id="found"')[1].split("</section>")[0]
    assert f"<mark>{marked}</mark>" in found
    for link in re.findall(r'href="(/documents/[^"]+)"', found):
        path, _, anchor = link.replace("&amp;", "&").partition("#")
        assert f'id="{anchor}"' in client.get(path).text


def test_words_that_stand_nowhere_lead_to_what_is_near(client: TestClient) -> None:
    page = client.post("/documents/asaka-4", data={"find": "お年寄りの見守り隊"}).text
    assert "という言葉は見つかりませんでした" in page
    assert page.split('id="found"')[1].split("</section>")[0].count("<li") == 5


@pytest.mark.parametrize("find", ["", "   ", "あ" * 301, "<script>alert(1)</script>"])
def test_odd_words_harm_nothing(client: TestClient, find: str) -> None:
    response = client.post("/documents/asaka-4", data={"find": find})
    assert response.status_code == 200
    assert "<script>alert" not in response.text


def test_static_files_are_kept_for_ever_and_have_their_type(client: TestClient) -> None:
    page = client.get("/").text
    links = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(links) >= 7
    for link in links:
        response = client.get(link)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
    assert client.get("/static/css/site.css").status_code == 404


def test_the_first_page_with_all_that_it_loads_is_under_a_hundred_kilobytes(client: TestClient) -> None:
    sizes = []
    for path in ("/", *re.findall(r'(?:href|src)="(/static/[^"]+)"', client.get("/").text)):
        with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as response:
            sizes.append(sum(len(chunk) for chunk in response.iter_raw()))
    assert sum(sizes) <= 100_000


def test_without_an_index_the_pages_about_the_service_live(make_app: MakeApp) -> None:
    def broken() -> Assistant:
        raise RuntimeError("no")

    with TestClient(make_app(broken)) as client:
        for path in ("/", "/about", "/accessibility", "/widget.js", "/en/"):
            assert client.get(path).status_code == 200
