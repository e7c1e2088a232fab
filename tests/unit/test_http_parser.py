"""What never ends is not kept: a request's address, headers and trailers have so many bytes and so much time."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from tests.loops import run_apart
from web import http_parser
from web.http_parser import MAX_HEAD_BYTES, BoundedHttp

Message = MutableMapping[str, Any]
PIECE = 1000
BODY = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def app(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def fed(first: bytes, piece: bytes, times: int, last: bytes = b"", waits_s: float = 0.0) -> Wire:
    """Feed a connection in pieces, until it is closed or nothing is left, and leave it open for a while."""
    return run_apart(lambda: _fed((first, *[piece] * times, last), waits_s))


async def _fed(pieces: Iterable[bytes], waits_s: float) -> Wire:
    wire = Wire()
    config = uvicorn.Config(app, lifespan="off", log_config=None)  # type: ignore[arg-type]
    connection = BoundedHttp(config, ServerState(), {})
    connection.connection_made(wire)
    for data in pieces:
        if data and not wire.closed:
            connection.data_received(data)
            await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)
    await asyncio.sleep(waits_s)
    # When the loop ends, what still runs on the connection is cancelled, and closes it.
    return copy.copy(wire)


TOO_MANY = 2 * MAX_HEAD_BYTES // PIECE


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"GET /", b"a" * PIECE),
        (b"GET / HTTP/1.1\r\n", b"a" * PIECE),
        (b"GET / HTTP/1.1\r\nX: ", b"a" * PIECE),
        (b"GET / HTTP/1.1\r\n", b"X: " + b"a" * (PIECE - 5) + b"\r\n"),
        (BODY + b"0\r\n", b"X: " + b"a" * (PIECE - 5) + b"\r\n"),
        (BODY + b"0\r\nX: ", b"a" * PIECE),
        (BODY + b"1;", b"a" * PIECE),
    ],
    ids=["address", "name", "value", "headers", "trailers", "trailer", "chunk extension"],
)
def test_a_request_whose_head_does_not_end_is_refused_and_its_connection_closed(first: bytes, piece: bytes) -> None:
    wire = fed(first, piece, TOO_MANY)
    assert wire.closed
    assert wire.written.startswith(b"HTTP/1.1 400 ")


def test_a_long_body_in_many_pieces_is_no_head_and_is_read_to_its_end() -> None:
    wire = fed(BODY, b"3e8\r\n" + b"a" * PIECE + b"\r\n", TOO_MANY, b"0\r\n\r\n")
    assert wire.written.startswith(b"HTTP/1.1 204 ")


def test_each_request_of_a_connection_may_have_as_many_headers_as_the_first() -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * (MAX_HEAD_BYTES // 2) + b"\r\n\r\n"
    wire = fed(b"", request, 4)
    assert wire.written.count(b"HTTP/1.1 204 ") == 4
    assert not wire.closed


GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "answers"),
    [(b"", 0), (b"GET / HTTP/1.1\r\nHo", 0), (GET + b"GET / HTTP/1.1\r\nHo", 1)],
    ids=["nothing", "half a head", "half of the next head"],
)
def test_a_connection_on_which_headers_do_not_come_to_their_end_is_closed(
    first: bytes, answers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_parser, "HEAD_TIMEOUT_S", 0.02)
    wire = fed(first, b"", 0, waits_s=0.2)
    assert wire.closed
    assert wire.written.count(b"HTTP/1.1 204 ") == answers


@pytest.mark.parametrize("request_bytes", [BODY + b"1\r\na\r\n", GET], ids=["a body that goes on", "a whole request"])
def test_a_connection_whose_headers_have_come_is_left_open(request_bytes: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_parser, "HEAD_TIMEOUT_S", 0.02)
    assert not fed(request_bytes, b"", 0, waits_s=0.2).closed
