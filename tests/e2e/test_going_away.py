"""Acceptance point 9 on the server: who goes away takes a waiting question along."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from urllib.parse import quote

from assistant.answer import Answer
from assistant.assistant import Assistant
from tests.conftest import MakeApp
from tests.e2e.conftest import running
from web.admission import RUNNING

QUESTION = "計画の期間はいつからいつまでですか"


class Slow:
    """An assistant that answers when it is told to, and remembers who asked."""

    def __init__(self, real: Assistant) -> None:
        self._real = real
        self.retriever = real.retriever
        self.asked: list[str] = []
        self.go_on = threading.Event()

    def ask(self, question: str, history: object = (), page: object = "ja") -> Answer:
        self.asked.append(question)
        assert self.go_on.wait(60)
        return self._real.ask(QUESTION)


def post(address: str, question: str) -> socket.socket:
    host, _, port = address.removeprefix("http://").partition(":")
    body = f"question={quote(question)}"
    connection = socket.create_connection((host, int(port)))
    connection.sendall(
        f"POST / HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    return connection


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_question_whose_visitor_has_gone_is_never_asked(assistant: Assistant, make_app: MakeApp) -> None:
    slow = Slow(assistant)
    app = make_app(lambda: slow)
    with running(app) as address:
        stayed = [post(address, f"{QUESTION}{n}") for n in range(RUNNING)]
        until(lambda: len(slow.asked) == RUNNING)
        admission = app.state.service._admission
        gone = post(address, "行ってしまう人の質問")
        until(lambda: admission.taken == RUNNING + 1)
        gone.close()
        until(lambda: admission.taken == RUNNING)
        slow.go_on.set()
        for connection in stayed:
            answer = b""
            while part := connection.recv(65536):
                answer += part
            assert b"event: done" in answer
            connection.close()
    assert "行ってしまう人の質問" not in slow.asked
