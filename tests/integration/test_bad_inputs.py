"""Every hostile, strange and harmless input against a real server: expected statuses, nothing echoed, nothing broken."""

from __future__ import annotations

import base64
import http.client
import io
import json
import logging
import secrets
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn

from assistant.assistant import Assistant
from assistant.personal_data import find_identifiers
from assistant.question import parse_question
from assistant.settings import Settings
from assistant.wiring import assemble
from index.build import build_index
from index.embed import SentenceTransformerEmbeddings
from index.generation import load_generation
from tests.bad_inputs import Line, own_lines, require_shared, shared_lines
from tests.conftest import MakeApp
from web.http_parser import BoundedHttp
from web.request_log import JsonFormatter

LINES = [*own_lines(), *shared_lines()]
# A place that a statement could come from, but never does: what is asked for in vain in many injections.
CANARY = secrets.token_hex(8)
SLOWEST_S = 30.0
JSON = "application/json"


class Served:
    """A server on loopback, and a client that sends bytes as they are."""

    def __init__(self, port: int, log: io.StringIO, database: Path) -> None:
        self.port = port
        self.log = log
        self.database = database

    def post(self, path: str, body: bytes, kind: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SLOWEST_S)
        try:
            client.request("POST", path, body, {"Content-Type": kind, **headers})
            response = client.getresponse()
            return response.status, response.read(), {name.lower(): value for name, value in response.getheaders()}
        finally:
            client.close()

    def post_in_chunks(self, mib: int) -> tuple[int, bytes]:
        """Send a body without a length until the server has had enough of it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as wire:
            head = (
                "POST /api/ask HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            wire.sendall(head.encode())
            chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
            try:
                for _ in range(mib * 16):
                    wire.sendall(chunk)
            except OSError:
                pass
            answer = b""
            try:
                while part := wire.recv(65536):
                    answer += part
            except OSError:
                pass
        head_bytes, _, body = answer.partition(b"\r\n\r\n")
        return int(head_bytes.split(b" ")[1]), body

    def ask(self, question: object) -> tuple[int, bytes]:
        status, body, _ = self.post("/api/ask", json.dumps({"question": question}).encode(), JSON)
        return status, body

    def ask_page(self, question: str) -> tuple[int, bytes]:
        form = urlencode({"question": question}, errors="surrogatepass").encode()
        status, body, _ = self.post("/", form, "application/x-www-form-urlencoded")
        return status, body

    def raw(self, request: bytes) -> bytes:
        """Send a request byte by byte as given; returns what came back until the server closed, or one second of it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as wire:
            wire.sendall(request)
            wire.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := wire.recv(65536):
                answer += chunk
            return answer


@pytest.fixture(scope="module")
def served(assistant: Assistant, make_app: MakeApp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all lines. It is still the same process, and lives, when all have been sent."""
    database = tmp_path_factory.mktemp("bad_inputs") / "web.sqlite3"
    app = make_app(lambda: assistant, database)
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    access = logging.getLogger("web")
    level = access.level
    access.setLevel(logging.INFO)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            http=BoundedHttp,
            access_log=False,
            server_header=False,
            log_config=None,
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    assert app.state.service.wait(60)
    yield Served(port, log, database)
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=SLOWEST_S)
    client.request("GET", "/readyz")
    assert client.getresponse().status == 200
    client.close()
    server.should_exit = True
    thread.join(timeout=20)
    assert not thread.is_alive()
    root.removeHandler(handler)
    access.setLevel(level)


def test_the_shared_inputs_are_there() -> None:
    require_shared()
    assert len(shared_lines()) > 150


def text_of(given: object) -> str:
    """The text that a line stands for; long ones are written as a repetition."""
    if isinstance(given, dict):
        return str(given["prefix"]) + str(given["repeat"]) * int(given["times"])
    return str(given)


def question_of(line: Line) -> tuple[str, list[str]]:
    """The question of a line, and the turns before it."""
    if isinstance(line.input, dict) and "turns" in line.input:
        *earlier, question = line.input["turns"]
        return question, earlier
    return text_of(line.input), []


MADE_UP_BY_CHANCE = {"id", "request_id", "index_version", "elapsed_ms"}
# Each has a test of its own below; all other classes are questions.
APART = {"protocol", "inj_doc", "feedback", "pii_mask"}
QUESTIONS = [line for line in LINES if line.kind not in APART]


@pytest.mark.parametrize("line", QUESTIONS, ids=lambda line: line.id)
def test_a_question_gets_its_status_and_breaks_no_promise(served: Served, line: Line) -> None:
    question, earlier = question_of(line)
    history = [{"role": "user", "content": turn} for turn in earlier]
    status, body, _ = served.post("/api/ask", json.dumps({"question": question, "history": history}).encode(), JSON)
    page_status, page = served.ask_page(question)
    assert status in line.expect["http"]
    assert page_status < 500
    text = body.decode()
    answer = json.loads(text)
    # A request's number, a fingerprint and a time hold any two digits sooner or later.
    told = answer.get("error", answer).items()
    said = json.dumps({name: value for name, value in told if name not in MADE_UP_BY_CHANCE}, ensure_ascii=False)
    for forbidden in line.expect.get("must_not", []):
        # An answer is the plan's own words; what was asked is shown only where the page repeats the question as text.
        assert forbidden.replace("{{CANARY}}", CANARY) not in said
    for forbidden in line.expect.get("must_not_raw", []):
        assert forbidden not in text
        if forbidden != "<img":
            assert forbidden.encode() not in page
    if status == 200:
        assert answer["status"] != "answered" or answer["citations"]
        _check_outcome(line, answer)
    else:
        assert set(answer["error"]) == {"code", "message", "request_id"}
        assert len(body) < 1000


def _check_outcome(line: Line, answer: dict[str, Any]) -> None:
    outcome = line.expect.get("outcome")
    if outcome == "crisis":
        assert answer["status"] == "urgent"
        assert any(number in json.dumps(answer, ensure_ascii=False) for number in line.expect["must_any"])
    elif line.expect.get("must_not_block"):
        assert answer["status"] != "refused"
    elif outcome in ("refuse", "no_answer", "refuse_or_no_answer"):
        assert answer["status"] != "urgent"


@pytest.mark.parametrize("line", [line for line in LINES if line.kind == "pii_block"], ids=lambda line: line.id)
def test_nothing_of_an_identifier_is_said_stored_or_logged(served: Served, line: Line) -> None:
    question = text_of(line.input)
    status, body = served.ask(question)
    page_status, page = served.ask_page(question)
    assert (status, page_status) == (422, 422)
    assert json.loads(body)["error"]["code"] == "pii_detected"
    cleaned = parse_question(question).text
    values = [cleaned[found.start : found.end] for found in find_identifiers(cleaned)]
    assert values
    kept = served.log.getvalue() + body.decode() + page.decode()
    for file in served.database.parent.iterdir():
        kept += file.read_bytes().decode("utf-8", "replace")
    for value in values:
        assert value not in kept
        assert json.dumps(value)[1:-1] not in kept


@pytest.mark.parametrize("line", [line for line in LINES if line.kind == "pii_mask"], ids=lambda line: line.id)
def test_of_what_is_personal_and_no_identifier_nothing_is_stored_or_logged(served: Served, line: Line) -> None:
    question = text_of(line.input)
    status, _ = served.ask(question)
    page_status, _ = served.ask_page(question)
    assert status in line.expect["http"]
    assert page_status in line.expect["http"]
    kept = served.log.getvalue()
    for file in served.database.parent.iterdir():
        kept += file.read_bytes().decode("utf-8", "replace")
    # No run of eight characters of it: neither the whole, nor a name with what stands around it.
    for start in range(len(question) - 7):
        part = question[start : start + 8]
        assert part not in kept
        assert json.dumps(part)[1:-1] not in kept


PROTOCOL = [line for line in LINES if line.kind == "protocol"]


@pytest.mark.parametrize("line", PROTOCOL, ids=lambda line: line.id)
def test_a_broken_request_is_refused_in_one_short_error(served: Served, line: Line) -> None:
    given = line.input
    expected = line.expect["http"]
    if "raw_body_b64" in given:
        status, answer, _ = served.post("/api/ask", base64.b64decode(given["raw_body_b64"]), given["content_type"])
    elif "chunked_mib" in given:
        status, answer = served.post_in_chunks(int(given["chunked_mib"]))
    elif "headers" in given:
        body = json.dumps({"question": given["question"]}).encode()
        status, answer, _ = served.post("/api/ask", body, JSON, **given["headers"])
    else:
        # There are no conversations to ask for by an id: a field of that name is as unknown as any other.
        status, answer, _ = served.post("/api/ask", json.dumps(given).encode(), JSON)
        expected = [*expected, 422]
    assert status in expected
    if status >= 400:
        assert set(json.loads(answer)["error"]) == {"code", "message", "request_id"}
        assert len(answer) < 1000


@pytest.mark.parametrize("line", [line for line in LINES if line.kind == "inj_doc"], ids=lambda line: line.id)
def test_a_poisoned_document_is_only_ever_quoted_as_what_can_be_seen_of_it(
    line: Line, embeddings: SentenceTransformerEmbeddings, settings: Settings, tmp_path: Path
) -> None:
    given = line.input["doc"]
    documents = tmp_path / "documents"
    documents.mkdir()
    info = {"title": given["title"], "issuer": "架空市", "source": given["url"]}
    (documents / "test.md").write_text(f"# {given['title']}\n\n{given['text']}\n", encoding="utf-8")
    toml = "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in info.items())
    (documents / "test.toml").write_text(toml, encoding="utf-8")
    build_index(documents, tmp_path / "index", embeddings)
    poisoned = assemble(load_generation(tmp_path / "index", embeddings.identity), embeddings, settings)
    text = poisoned.ask(line.input["question"]).model_dump_json()
    for forbidden in line.expect.get("must_not", []):
        assert forbidden.replace("{{CANARY}}", CANARY) not in text


FEEDBACK = {
    "key": "0" * 32,
    "answer_id": "1" * 32,
    "status": "answered",
    "rating": "useful",
    "index_version": "8b5f9068c8dabd0e",
}


@pytest.mark.parametrize("line", [line for line in LINES if line.kind == "feedback"], ids=lambda line: line.id)
def test_feedback_is_taken_as_the_form_sends_it_and_nothing_else_is(served: Served, line: Line) -> None:
    """The shared lines are for an interface with comments, which this service has not: what it does not know, it refuses."""
    if "form" in line.input:
        fields = {**FEEDBACK, "key": secrets.token_hex(16), **line.input["form"]}
        expected = line.expect["http"]
    else:
        sent = line.input["json"]
        fields = {**FEEDBACK, "key": secrets.token_hex(16), "comment": sent.get("comment", "x")}
        if "answer_id" in sent and not str(sent["answer_id"]).startswith("{{"):
            fields["answer_id"] = str(sent["answer_id"])
        expected = [422]
    status, body, _ = served.post("/feedback", urlencode(fields).encode(), "application/x-www-form-urlencoded", Accept=JSON)
    assert status in expected
    assert len(body) < 1000


def test_the_same_feedback_sent_twice_is_kept_once(served: Served) -> None:
    form = urlencode({**FEEDBACK, "key": secrets.token_hex(16)}).encode()
    kind = "application/x-www-form-urlencoded"
    assert [served.post("/feedback", form, kind, Accept=JSON)[0] for _ in range(2)] == [201, 201]


@pytest.mark.parametrize(
    ("request_bytes", "statuses"),
    [
        (
            b"POST /api/ask HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\nContent-Type: application/json\r\n\r\n{",
            {413},
        ),
        (b"POST /api/ask HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", {400}),
        (
            b"POST /api/ask HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            {400, 415},
        ),
        (b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {400, 404, 414, 431}),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", {400, 431, 200}),
        (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", {405}),
        # The parser knows the registered methods alone.
        (b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
        (b"GET //api//ask HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
        (b"GET /static/%2e%2e/app.py HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
        (b"GET /%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
        (b"\x16\x03\x01\x02\x00", {400}),
    ],
    ids=lambda value: ascii(value[:30]) if isinstance(value, bytes) else "",
)
def test_a_request_that_is_none_is_answered_and_the_server_lives(
    served: Served, request_bytes: bytes, statuses: set[int]
) -> None:
    answer = served.raw(request_bytes)
    assert int(answer.split(b" ")[1]) in statuses
    assert b"\r\nserver:" not in answer.lower().partition(b"\r\n\r\n")[0]


def test_the_log_says_what_the_system_refused_and_of_which_file_nothing() -> None:
    try:
        Path("/dev/full").write_text("言葉", encoding="utf-8")
    except OSError:
        record = logging.LogRecord("web", logging.ERROR, "", 0, "it went wrong", None, sys.exc_info())
    line = json.loads(JsonFormatter().format(record))
    assert (line["error"], line["reason"]) == ("OSError", "No space left on device")
    assert "/dev/full" not in str(line)


def test_each_line_of_the_log_is_one_json_without_question_or_address(served: Served) -> None:
    marker = "ログに残らない言葉"
    served.ask(f'{marker}\r\n{{"level": "ERROR"}}\u2028')
    lines = served.log.getvalue().splitlines()
    assert lines
    for line in lines:
        record = json.loads(line)
        assert {"time", "level", "logger", "message"} <= record.keys()
    assert marker not in served.log.getvalue()
    assert json.dumps(marker)[1:-1] not in served.log.getvalue()
    assert "127.0.0.1" not in "".join(line for line in lines if "web.access" in line)


def test_each_question_has_a_line_with_what_came_of_it_and_which_passages_were_cited(served: Served) -> None:
    asked = json.dumps({"question": "計画の期間はいつからいつまでですか"}).encode()
    _, body, headers = served.post("/api/ask", asked, JSON)
    answer, mark = json.loads(body), json.dumps({"request_id": headers["x-request-id"]})[1:-1]
    deadline = time.monotonic() + 10
    # The line is written when the last byte has been sent, which is when this client has it already.
    while not (lines := [line for line in served.log.getvalue().splitlines() if mark in line]):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    line = json.loads(lines[0])
    assert (line["status"], line["outcome"]) == (200, "answered")
    assert line["passages"] == [citation["passage_id"] for citation in answer["citations"]] != []
