from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi import Request, Response
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from assistant.assistant import Assistant
from assistant.contacts import load_contacts
from assistant.errors import ConfigurationError
from assistant.retrieve import HybridRetriever
from assistant.settings import Settings, load_settings
from tests.conftest import READY_TIMEOUT_S, MakeApp
from tests.loops import in_a_loop_of_its_own
from web import plan
from web.admission import PLACES_OF_ONE, Admission
from web.app import create_app
from web.errors import Problem
from web.front_door import MAX_OPEN_POSTS, MAX_OPEN_POSTS_OF_ONE, FrontDoor
from web.furigana import Furigana
from web.rate_limit import RateLimit
from web.storage.database import Database

IN_DANGER = "もう死にたいです"
SECRET = "090-1234-5678"
EVENTS = {"Accept": "text/event-stream"}


@pytest.fixture(scope="module")
def client(assistant: Assistant, make_app: MakeApp) -> Iterator[TestClient]:
    app = make_app(lambda: assistant)
    with TestClient(app, raise_server_exceptions=False) as client:
        assert app.state.service.wait(READY_TIMEOUT_S)
        yield client


@pytest.fixture
def full_client(assistant: Assistant, make_app: MakeApp) -> Iterator[TestClient]:
    """A server all of whose places are taken."""
    app = make_app(lambda: assistant)
    with TestClient(app, raise_server_exceptions=False) as client:
        assert app.state.service.wait(READY_TIMEOUT_S)
        # Threads for one, and places for none.
        app.state.service._admission = Admission(running=1, waiting=-1)
        yield client


@pytest.mark.parametrize("path", ["/", "/widget", "/en/", "/api/ask"])
@pytest.mark.parametrize("state", ["client", "full_client", "client_without_index"])
def test_who_is_in_danger_is_shown_whom_to_call_whatever_state_the_server_is_in(
    state: str, path: str, request: pytest.FixtureRequest
) -> None:
    client = request.getfixturevalue(state)
    question = f"{IN_DANGER} {SECRET}"
    if path == "/api/ask":
        response = client.post(path, json={"question": question})
    else:
        response = client.post(path, data={"question": question})
        assert "0120-279-338" in client.post(path, data={"question": question}, headers=EVENTS).text
    assert response.status_code == 200
    assert "0120-279-338" in response.text


def test_a_full_server_refuses_with_a_time_to_come_back_and_keeps_the_question(full_client: TestClient) -> None:
    response = full_client.post("/api/ask", json={"question": "計画の期間は"})
    assert (response.status_code, response.json()["error"]["code"]) == (503, "busy")
    assert int(response.headers["retry-after"]) > 0
    page = full_client.post("/", data={"question": "計画の期間は"})
    assert page.status_code == 503
    assert "計画の期間は" in page.text
    assert int(page.headers["retry-after"]) > 0
    stream = full_client.post("/", data={"question": "計画の期間は"}, headers=EVENTS)
    assert (stream.status_code, stream.json()["error"]["code"]) == (503, "busy")
    assert full_client.get("/livez").status_code == 200


@pytest.mark.parametrize("path", ["/", "/easy/", "/en/", "/zh/", "/ko/", "/vi/", "/widget"])
def test_an_identifier_is_refused_on_every_page_and_not_sent_back(client: TestClient, path: str) -> None:
    page = client.post(path, data={"question": f"{SECRET}に電話して"})
    assert page.status_code == 422
    assert SECRET not in page.text
    stream = client.post(path, data={"question": f"{SECRET}に電話して"}, headers=EVENTS)
    assert stream.json()["error"]["code"] == "pii_detected"
    assert SECRET not in stream.text


def test_the_refusal_of_an_identifier_says_which_kind(client: TestClient) -> None:
    error = client.post("/api/ask", json={"question": "マイナンバーは123456789018です"}).json()["error"]
    assert error["code"] == "pii_detected"
    assert "マイナンバー" in error["message"]
    assert "123456789018" not in error["message"]


def test_every_response_and_its_error_have_one_id(client: TestClient) -> None:
    response = client.post("/api/ask", json={"question": ""})
    assert response.headers["x-request-id"] == response.json()["error"]["request_id"]
    assert len(client.get("/livez").headers["x-request-id"]) == 32


def test_a_stopping_server_is_not_ready_and_takes_no_question(assistant: Assistant, make_app: MakeApp) -> None:
    app = make_app(lambda: assistant)
    with TestClient(app) as client:
        assert app.state.service.wait(READY_TIMEOUT_S)
        app.state.service.stop()
        assert client.get("/readyz").status_code == 503
        assert client.get("/livez").status_code == 200
        assert client.post("/api/ask", json={"question": "計画の期間は"}).status_code == 503
        assert client.post("/api/ask", json={"question": IN_DANGER}).status_code == 200


@pytest.mark.usefixtures("still")
def test_an_address_that_asks_too_much_is_told_to_wait_and_can_still_be_helped(
    assistant: Assistant, settings: Settings, database_file: Path
) -> None:
    app = create_app(lambda: assistant, load_contacts(settings.contacts), Database(database_file), questions_per_minute=2)
    with TestClient(app, client=("192.0.2.7", 1)) as client:
        assert app.state.service.wait(READY_TIMEOUT_S)
        statuses = [client.post("/api/ask", json={"question": "計画の期間は"}).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        # Only a proxy that is listed is believed.
        spoofed = client.post("/api/ask", json={"question": "計画の期間は"}, headers={"X-Forwarded-For": "198.51.100.1"})
        assert spoofed.status_code == 429
        assert client.post("/api/ask", json={"question": IN_DANGER}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "sent", "slow"),
    [
        ("POST", "/api/furigana", {"json": {"texts": ["計画"]}}, (Furigana, "annotate")),
        ("GET", "/documents/asaka-4?furigana=on", {}, (Furigana, "annotate")),
        ("GET", "/documents/asaka-4", {}, (plan, "view_document")),
        ("POST", "/documents/asaka-4", {"data": {"find": "計画"}}, (plan, "find_words")),
        ("POST", "/documents/asaka-4", {"data": {"find": "お年寄りの見守り隊"}}, (HybridRetriever, "search")),
    ],
    ids=["furigana by script", "a document with furigana", "a long document", "words in a long document", "a search"],
)
def test_a_flood_from_one_address_of_what_takes_long_and_is_no_question_leaves_places_for_the_others(
    assistant: Assistant,
    make_app: MakeApp,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    sent: dict[str, Any],
    slow: tuple[object, str],
) -> None:
    if slow[0] is plan:
        monkeypatch.setattr(plan, "MAX_CHARS_AT_ONCE", 0)
    go_on = threading.Event()
    work = getattr(*slow)

    def slowed(*args: object) -> object:
        # The short page of a refusal has furigana too, and is made where it is asked for.
        assert not threading.current_thread().name.startswith("answers") or go_on.wait(READY_TIMEOUT_S)
        return work(*args)

    app = make_app(lambda: assistant)
    with TestClient(app, client=("192.0.2.7", 1)) as client, ThreadPoolExecutor(PLACES_OF_ONE + 2) as pool:
        assert app.state.service.wait(READY_TIMEOUT_S)
        monkeypatch.setattr(*slow, slowed)
        flood = [pool.submit(client.request, method, path, **sent) for _ in range(PLACES_OF_ONE + 2)]
        try:
            refused, _ = wait(flood, READY_TIMEOUT_S / 3, return_when=FIRST_COMPLETED)
            assert refused
            assert client.get("/livez").status_code == 200
        finally:
            go_on.set()
        statuses = sorted(response.result().status_code for response in flood)
        assert statuses == [200] * PLACES_OF_ONE + [429] * 2


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("plan.city.example.jp", 200),
        ("PLAN.city.example.jp:8443", 200),
        ("localhost:8000", 200),
        ("[::1]:8000", 200),
        ("evil.example", 400),
        ("plan.city.example.jp.evil.example", 400),
        ("", 400),
    ],
)
def test_only_the_services_own_names_are_answered(
    assistant: Assistant, settings: Settings, database_file: Path, host: str, status: int
) -> None:
    contacts = load_contacts(settings.contacts)
    app = create_app(lambda: assistant, contacts, Database(database_file), hosts=["plan.city.example.jp"])
    with TestClient(app) as client:
        response = client.get("/about", headers={"Host": host})
    assert response.status_code == status
    assert "evil" not in response.text


@pytest.mark.parametrize("proxies", ['["0.0.0.0/0"]', '["::/0"]', '["*"]'])
def test_no_setting_can_believe_every_address_to_be_a_proxy(proxies: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_PROXIES", proxies)
    with pytest.raises((ConfigurationError, ValidationError)):
        load_settings()


class Held:
    """An application that holds every request until it is let go."""

    def __init__(self) -> None:
        self.let_go = anyio.Event()
        self.count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.count += 1
        await self.let_go.wait()


async def beyond(places: int, address: str) -> tuple[int, bool]:
    """Open so many posts of an address, and one more; returns that one's status, and whether another address is let in."""

    async def receive() -> Message:
        pytest.fail("the body was read")

    async def send(message: Message) -> None:
        sent.append(message)

    def respond(_: Request, problem: Problem) -> Response:
        return Response(status_code=problem.status)

    sent: list[Message] = []
    held = Held()
    door = FrontDoor(held, respond, asker=RateLimit(1).asker)
    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    async with anyio.create_task_group() as tasks:
        for _ in range(places):
            tasks.start_soon(door, {**scope, "client": (address, 1)}, receive, send)
        await anyio.wait_all_tasks_blocked()
        assert (held.count, sent) == (places, [])
        await door({**scope, "client": (address, 1)}, receive, send)
        status = sent[0]["status"]
        tasks.start_soon(door, {**scope, "client": ("192.0.2.2", 1)}, receive, send)
        await anyio.wait_all_tasks_blocked()
        is_in = held.count > places
        held.let_go.set()
    return status, is_in


@in_a_loop_of_its_own
async def test_a_post_beyond_the_open_ones_is_refused_before_its_body_is_read() -> None:
    assert await beyond(MAX_OPEN_POSTS, "127.0.0.1") == (503, False)


@in_a_loop_of_its_own
async def test_one_address_that_never_ends_its_bodies_leaves_the_others_theirs() -> None:
    assert await beyond(MAX_OPEN_POSTS_OF_ONE, "192.0.2.1") == (429, True)


ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=320)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
TURNS = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]) | ANY_JSON, "content": ANY_TEXT}), max_size=3
)
FIELDS = st.fixed_dictionaries({"question": ANY_TEXT | ANY_JSON}, optional={"history": TURNS | ANY_JSON, "other": ANY_JSON})


@given(FIELDS)
def test_no_value_of_any_field_makes_the_server_fail(client: TestClient, fields: dict[str, object]) -> None:
    response = client.post("/api/ask", content=json.dumps(fields), headers={"Content-Type": "application/json"})
    assert response.status_code < 500
    assert json.loads(response.content.decode("utf-8"))


@given(ANY_TEXT)
def test_no_text_in_the_form_makes_the_page_fail(client: TestClient, text: str) -> None:
    response = client.post("/", data={"question": text.encode("utf-8", "surrogatepass")})
    assert response.status_code < 500
    assert response.content.decode("utf-8")
