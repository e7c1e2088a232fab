from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from assistant.assistant import Assistant
from index.errors import IndexUnavailableError
from tests.conftest import READY_TIMEOUT_S, MakeApp
from web.headers import SECURITY_HEADERS


@pytest.fixture(scope="module")
def client(assistant: Assistant, make_app: MakeApp) -> Iterator[TestClient]:
    app = make_app(lambda: assistant)
    with TestClient(app, raise_server_exceptions=False) as client:
        assert app.state.service.wait(READY_TIMEOUT_S)
        yield client


def test_an_answer_comes_as_one_json(client: TestClient) -> None:
    response = client.post("/api/ask", json={"question": "計画の期間はいつからいつまでですか", "history": []})
    assert response.status_code == 200
    answer = response.json()
    assert answer["status"] == "answered"
    assert answer["citations"][0]["url"].startswith("/documents/asaka-4")
    assert set(answer) == {
        *("id", "status", "language", "mode", "text", "short_answer", "sentences", "citations"),
        *("caution", "notice", "contact", "suggestions", "approval", "index_version", "elapsed_ms"),
    }
    assert response.headers["cache-control"] == "no-store"


def test_an_answer_comes_as_a_stream_of_whole_sentences_and_then_in_full(client: TestClient) -> None:
    body = {"question": "再犯防止"}
    response = client.post("/api/ask", json=body, headers={"Accept": "text/event-stream"})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["x-accel-buffering"] == "no"
    events = [
        (block.split("\n")[0].removeprefix("event: "), json.loads(block.split("\n")[1].removeprefix("data: ")))
        for block in response.text.strip().split("\n\n")
    ]
    names = [name for name, _ in events]
    assert names == ["sentence"] * (len(names) - 1) + ["done"]
    assert [data for name, data in events if name == "sentence"] == events[-1][1]["sentences"]


def test_history_is_used(client: TestClient) -> None:
    history = [{"role": "user", "content": "計画の期間を教えて"}, {"role": "assistant", "content": "…"}]
    answer = client.post("/api/ask", json={"question": "それは何年間ですか", "history": history}).json()
    assert "５年間" in answer["text"]


SECRET = "ひみつの言葉XYZZY"
BAD_BODIES = {
    "empty": (b'{"question": ""}', 422, "question_empty"),
    "white space": ('{"question": " 　\\n"}'.encode(), 422, "question_empty"),
    "301 characters": (json.dumps({"question": SECRET + "あ" * 300}).encode(), 422, "question_too_long"),
    "invisible": (b'{"question": "\\u200b\\u200d"}', 422, "question_empty"),
    "lone surrogate": (b'{"question": "\\ud800"}', 422, "question_not_text"),
    "surrogate among words": (f'{{"question": "{SECRET}\\ud800"}}'.encode(), 422, "question_not_text"),
    "not json": (SECRET.encode(), 400, "not_json"),
    "no body": (b"", 400, "not_json"),
    "cut json": (b'{"question": "', 400, "not_json"),
    "not utf-8": ('{"question": "計画"}'.encode("cp932"), 400, "not_json"),
    "NaN": (b'{"question": NaN}', 400, "not_json"),
    "Infinity": (b'{"question": "a", "history": [Infinity]}', 400, "not_json"),
    "1e999": (b'{"question": 1e999}', 422, "wrong_fields"),
    "5000 digits": (b'{"question": ' + b"9" * 5000 + b"}", 400, "not_json"),
    "deep": (b"[" * 30_000 + b"]" * 30_000, 400, "not_json"),
    "null": (b"null", 422, "wrong_fields"),
    "a list": (b"[]", 422, "wrong_fields"),
    "a string": (b'"question"', 422, "wrong_fields"),
    "number": (b'{"question": 5}', 422, "wrong_fields"),
    "missing": (b"{}", 422, "wrong_fields"),
    "nested": (b'{"question": {"text": "a"}}', 422, "wrong_fields"),
    "unknown field": (f'{{"question": "a", "{SECRET}": 1}}'.encode(), 422, "wrong_fields"),
    "history is text": (b'{"question": "a", "history": "b"}', 422, "wrong_fields"),
    "unknown role": (b'{"question": "a", "history": [{"role": "system", "content": "b"}]}', 422, "wrong_fields"),
    "long history": (json.dumps({"question": "a", "history": [{"role": "user", "content": "b"}] * 21}).encode(), 422, None),
    "too large": (b'{"question": "' + b"a" * 100_000 + b'"}', 413, "too_large"),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_bad_input_gets_a_clear_japanese_message_and_no_echo(client: TestClient, name: str) -> None:
    body, status, code = BAD_BODIES[name]
    response = client.post("/api/ask", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    error = response.json()["error"]
    assert code in (None, error["code"])
    assert set(error) == {"code", "message", "request_id"}
    assert error["message"].endswith("。")
    assert SECRET not in response.text
    assert len(response.content) < 1000


def test_a_body_without_a_length_is_cut_off_at_the_limit(client: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(200):
            yield b"a" * 1024

    response = client.post("/api/ask", content=chunks(), headers={"Content-Type": "application/json"})
    assert response.status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_only_json_is_taken_by_the_api(client: TestClient, kind: str) -> None:
    response = client.post("/api/ask", content=b'{"question": "a"}', headers={"Content-Type": kind})
    assert response.status_code == 415


def test_a_compressed_body_is_not_taken(client: TestClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert client.post("/api/ask", content=b"\x1f\x8b", headers=headers).status_code == 415


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(max_size=320),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["question", "history", "x"]), inner),
        max_leaves=6,
    )
)
def test_no_json_value_makes_the_server_fail(client: TestClient, value: object) -> None:
    response = client.post("/api/ask", content=json.dumps(value), headers={"Content-Type": "application/json"})
    assert response.status_code < 500
    assert response.json()


def test_an_unknown_path_and_a_wrong_method_are_errors_of_the_same_form(client: TestClient) -> None:
    assert client.get("/api/nothing").json()["error"]["code"] == "not_found"
    wrong = client.get("/api/ask")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/.git/config", "/static/../app.py", "/nothing"])
def test_there_is_nothing_else_to_see(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "ページが見つかりません" in response.text


@pytest.mark.parametrize("path", ["/", "/livez", "/readyz", "/documents", "/about", "/nothing", "/api/ask"])
def test_every_response_has_the_security_headers(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert {name: response.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "unsafe-inline" not in response.headers["content-security-policy"]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_no_other_site_is_let_read_anything(client: TestClient, method: str, origin: str) -> None:
    wish = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    for path in ("/", "/api/ask", "/documents"):
        response = client.request(method, path, headers=wish, json={"question": "計画の期間"} if method == "POST" else None)
        assert [name for name in response.headers if name.startswith("access-control")] == []


def test_an_unexpected_error_shows_no_stack(assistant: Assistant, make_app: MakeApp) -> None:
    app = make_app(lambda: assistant)
    with TestClient(app, raise_server_exceptions=False) as client:
        assert app.state.service.wait(READY_TIMEOUT_S)

        async def broken(*args: object) -> None:
            raise RuntimeError(SECRET)

        app.state.service.ask = broken
        response = client.post("/api/ask", json={"question": "計画"})
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal"
    assert SECRET not in response.text
    assert response.headers["content-security-policy"]


def test_without_an_index_the_server_lives_and_says_that_it_cannot_answer(client_without_index: TestClient) -> None:
    assert client_without_index.get("/livez").status_code == 200
    assert client_without_index.get("/readyz").status_code == 503
    response = client_without_index.post("/api/ask", json={"question": "計画"})
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "not_ready"
    assert client_without_index.get("/").status_code == 200
    page = client_without_index.post("/", data={"question": "計画の期間は"})
    assert page.status_code == 503
    assert "計画の期間は" in page.text
    assert client_without_index.get("/documents/asaka-4").status_code == 503


def test_the_reason_why_there_is_no_index_is_in_the_log_with_the_command(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    def build() -> Assistant:
        raise IndexUnavailableError("索引がありません。作るには: python -m index build")

    app = make_app(build)
    with TestClient(app):
        assert app.state.service.wait(READY_TIMEOUT_S)
    assert "python -m index build" in caplog.text


def test_a_ready_server_says_so(client: TestClient) -> None:
    assert client.get("/readyz").status_code == 200
