from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from assistant.assistant import Assistant
from corpus.model import Document
from tests.conftest import MakeApp
from web.document_view import view_document


@pytest.fixture(scope="module")
def client(assistant: Assistant, make_app: MakeApp) -> Iterator[TestClient]:
    app = make_app(lambda: assistant)
    with TestClient(app) as client:
        assert app.state.service.wait(30.0)
        yield client


def marked_text(page: str) -> str:
    return html.unescape("".join(re.findall("<mark>(.*?)</mark>", page, re.DOTALL)))


def test_asking_without_javascript_returns_a_page_with_answer_and_citation(client: TestClient) -> None:
    page = client.post("/", data={"question": "計画の期間はいつからいつまでですか"}).text
    assert "令和３（２０２１）年度から令和７（２０２５）年度までの５年間" in page
    assert re.search(r'<a class="marker" href="/documents/asaka-4\?start=\d+&amp;end=\d+#p-[0-9a-f]+"', page)
    assert '<strong class="short-answer">令和３（２０２１）年度から令和７（２０２５）年度までの５年間</strong>' in page


def test_every_citations_link_leads_to_its_anchor_and_its_highlighted_quote(client: TestClient) -> None:
    for question in (
        "自助・共助って何ですか？",
        "市内に地域包括支援センターはいくつある？",
        "再犯防止",
        "社会福祉法の目的は",
    ):
        for citation in client.post("/api/ask", json={"question": question}).json()["citations"]:
            path, _, anchor = citation["url"].partition("#")
            page = client.get(path).text
            assert f'id="{anchor}"' in page
            assert marked_text(page) == citation["quote"].replace("\n", "")


def test_a_follow_up_without_javascript_carries_the_earlier_question(client: TestClient) -> None:
    first = client.post("/", data={"question": "計画の期間を教えて"}).text
    assert '<input type="hidden" name="earlier" value="計画の期間を教えて">' in first
    second = client.post("/", data={"earlier": "計画の期間を教えて", "question": "それは何年間ですか"}).text
    assert "５年間" in second


@pytest.mark.parametrize("question", ["<img src=x onerror=alert(1)>", '"><script>alert(1)</script>', "{{ 7*7 }}"])
def test_what_a_visitor_types_is_shown_as_text_only(client: TestClient, question: str) -> None:
    page = client.post("/", data={"question": question}).text
    assert question not in page or "<" not in question
    assert html.escape(question, quote=True).replace("&#x27;", "&#39;") in page.replace("&#34;", "&quot;")


def test_a_refused_question_stays_in_the_box_with_the_reason(client: TestClient) -> None:
    response = client.post("/", data={"question": "あ" * 301})
    assert response.status_code == 422
    assert "300文字まで" in response.text
    assert "あ" * 301 in response.text
    assert "エラー" in re.findall("<title>(.*?)</title>", response.text)[0]


def test_a_form_with_a_lone_surrogate_or_bad_bytes_is_refused_kindly(client: TestClient) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/", content=b"question=%ff%fe", headers=headers).status_code == 400
    assert client.post("/", content=b"question=%ED%A0%80", headers=headers).status_code == 400
    assert client.post("/", content=b"", headers=headers).status_code == 422


def test_the_page_speaks_japanese_and_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/").text
    assert '<html lang="ja">' in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert " style=" not in page
    assert not re.findall(r"\son\w+=", page)


def test_the_document_page_has_every_heading_and_every_block(client: TestClient, plan: Document) -> None:
    page = client.get("/documents/asaka-4").text
    text = re.sub(r"\s", "", html.unescape(re.sub("<[^>]+>", "", page)))
    for block in plan.blocks:
        assert re.sub(r"\s", "", plan.text[block.start : block.end]) in text
    assert "もとのファイルから読み取れませんでした" in page


@pytest.mark.parametrize(
    "query", ["start=5&end=3", "start=-1&end=5", "start=0&end=999999", "start=x&end=y", "start=١&end=٢", "start=1"]
)
def test_a_span_that_is_none_highlights_nothing(client: TestClient, query: str) -> None:
    response = client.get(f"/documents/asaka-4?{query}")
    assert response.status_code == 200
    assert "<mark>" not in response.text


def test_an_unknown_document_is_not_found(client: TestClient) -> None:
    assert client.get("/documents/none").status_code == 404


def test_a_heading_that_is_quoted_is_marked_in_its_place(client: TestClient, plan: Document) -> None:
    heading = "基本目標２ 安全・安心に暮らせる環境づくり"
    start = plan.text.index(heading)
    span = f"start={start}&end={start + len(heading)}"
    document = client.get(f"/documents/asaka-4?{span}").text
    assert re.search(rf'<h3 id="p-[0-9a-f]+" tabindex="-1"><mark>{heading}</mark></h3>', document)
    panel = client.get(f"/documents/asaka-4/passage?{span}").text
    assert f"<mark>{heading}</mark>" in panel
    assert "（ほんちょう児童館）" not in panel, "what stands before it is of another section"


def test_the_pieces_of_a_block_are_its_text_and_the_marked_ones_the_span(assistant: Assistant, plan: Document) -> None:
    span = (plan.text.index("住民一人ひとりの力"), plan.text.index("連携によって"))
    blocks = view_document(plan, assistant.retriever.index.passages, span)
    for block, view in zip(plan.blocks, blocks, strict=True):
        assert "".join(piece.text for piece in view.pieces) == plan.text[block.start : block.end]
    assert "".join(p.text for view in blocks for p in view.pieces if p.marked) == plan.text[slice(*span)]
