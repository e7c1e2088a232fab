from __future__ import annotations

import html
import json
import logging
import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from assistant.assistant import Assistant
from corpus.model import Document
from tests.conftest import STAFF_PASSWORD, MakeApp, MakeStaffApp
from tests.fakes import answering_unsurely
from web.request_log import JsonFormatter

SCRIPT = {"Accept": "application/json"}
PHONE = "090-1234-5678"


@pytest.fixture(scope="module")
def client(assistant: Assistant, make_staff_app: MakeStaffApp) -> Iterator[TestClient]:
    """A viewer at the counter."""
    app = make_staff_app(lambda: assistant)
    with TestClient(app) as client:
        assert app.state.service.wait(30.0)
        client.post("/staff/sign-in", data={"name": "viewer", "password": STAFF_PASSWORD})
        yield client


@pytest.fixture(scope="module")
def csrf(client: TestClient) -> str:
    return str(re.findall('name="csrf" value="([^"]+)"', client.get("/counter").text)[0])


def parts(client: TestClient, csrf: str, query: str, **fields: str) -> dict[str, str]:
    response = client.post("/counter", data={"csrf": csrf, "query": query, **fields}, headers=SCRIPT)
    assert response.status_code == 200
    found: dict[str, str] = response.json()
    return found


def test_the_counter_is_off_unless_staff_access_is_configured(assistant: Assistant, make_app: MakeApp) -> None:
    with TestClient(make_app(lambda: assistant)) as client:
        assert client.get("/counter").status_code == 404
        assert client.post("/counter", data={"query": "児童館"}).status_code == 404
        assert client.post("/counter/handout", data={}).status_code == 404


def test_nothing_is_looked_up_without_a_token_of_the_page(client: TestClient) -> None:
    assert client.post("/counter", data={"query": "児童館"}, headers=SCRIPT).status_code == 403


def test_what_is_shown_of_a_passage_is_the_plans_own_text_and_its_link_marks_it(
    client: TestClient, csrf: str, plan: Document
) -> None:
    results = parts(client, csrf, "青色防犯パトロール")["results"]
    for snippet in re.findall('<p class="snippet" lang="ja">(.*?)</p>', results, re.DOTALL):
        text = html.unescape(re.sub('<span class="more">.*?</span></span>|<[^>]+>', "", snippet))
        assert text in plan.text
    link = html.unescape(re.findall('class="open" href="([^"]+)"', results)[0]).partition("#")[0]
    assert "青色防犯パトロールカー" in "".join(re.findall("<mark>(.*?)</mark>", client.get(link).text))


def test_only_the_form_that_asks_for_an_answer_gets_one(client: TestClient, csrf: str) -> None:
    assert "blockquote" not in parts(client, csrf, "計画の期間は")["answer"]
    assert "blockquote" in parts(client, csrf, "計画の期間は", do="ask")["answer"]


def test_that_an_answer_may_be_none_is_said_before_its_quotes(assistant: Assistant, make_staff_app: MakeStaffApp) -> None:
    app = make_staff_app(lambda: answering_unsurely(assistant))
    with TestClient(app) as client:
        assert app.state.service.wait(30.0)
        client.post("/staff/sign-in", data={"name": "viewer", "password": STAFF_PASSWORD})
        token = str(re.findall('name="csrf" value="([^"]+)"', client.get("/counter").text)[0])
        shown = parts(client, token, "計画の期間は", do="ask")
    before, quotes, _ = shown["answer"].partition("<blockquote>")
    assert quotes
    assert assistant.wordings["ja"].notice.unsure in before
    assert assistant.wordings["ja"].notice.unsure in shown["announce"]


def test_who_is_in_danger_is_helped_even_with_a_number_in_the_words(client: TestClient, csrf: str) -> None:
    found = parts(client, csrf, f"もう死にたいです {PHONE}", do="ask")
    assert "0120-279-338" in found["answer"]
    assert "data-item" not in found["results"]


def test_words_that_name_a_person_are_refused_and_given_back_to_no_screen_and_no_log(
    client: TestClient, csrf: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for headers in ({}, SCRIPT):
            for do in ("find", "ask"):
                fields = {"csrf": csrf, "query": f"電話 {PHONE} の方", "do": do}
                response = client.post("/counter", data=fields, headers=headers)
                assert response.status_code == 422
                assert PHONE not in response.text
                assert "電話番号" in response.text
        parts(client, csrf, "地域包括支援センターは市内にいくつありますか", do="ask")
    lines = [json.loads(JsonFormatter().format(record)) for record in caplog.records if record.name == "web.access"]
    assert {line["outcome"] for line in lines} == {"pii_detected", "answered"}
    assert PHONE not in json.dumps(lines)
    assert "包括" not in json.dumps(lines, ensure_ascii=False)


@pytest.mark.parametrize("query", ["", "   ", "あ" * 301])
def test_a_query_that_is_none_is_refused_with_the_reason_beside_the_box(client: TestClient, csrf: str, query: str) -> None:
    response = client.post("/counter", data={"csrf": csrf, "query": query, "do": "find"})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.text


@pytest.mark.parametrize("query", ["<img src=x onerror=alert(1)>児童館", '"><script>alert(1)</script> 市'])
def test_what_is_typed_is_text_only_wherever_it_stands(client: TestClient, csrf: str, query: str) -> None:
    page = client.post("/counter", data={"csrf": csrf, "query": query, "do": "ask", "scope": query, "who": query}).text
    assert query not in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_a_hand_out_of_nothing_says_how_to_get_one(client: TestClient, csrf: str) -> None:
    page = client.post("/counter/handout", data={"csrf": csrf, "span": "asaka-4:5:3"})
    assert page.status_code == 200
    assert "案内する文章が選ばれていません" in page.text


def test_while_there_is_no_index_the_page_says_so_and_does_not_fail(make_staff_app: MakeStaffApp) -> None:
    def build() -> Assistant:
        raise RuntimeError("broken")

    app = make_staff_app(build)
    with TestClient(app) as client:
        assert app.state.service.wait(30.0)
        client.post("/staff/sign-in", data={"name": "viewer", "password": STAFF_PASSWORD})
        page = client.get("/counter")
        assert page.status_code == 503
        assert 'id="query"' in page.text
