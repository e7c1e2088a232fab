"""One JSON line a request, without text or address of a visitor; and the id by which a visitor can ask about an error."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import time
import traceback
import uuid
from collections.abc import Callable, Mapping

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.answer import Answer

access = logging.getLogger("web.access")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestLog:
    """Gives each request an id, puts it on the response, and writes what became of it when the response has ended.

    `count` is called with the fields of each line.
    """

    def __init__(self, app: ASGIApp, count: Callable[[Mapping[str, object]], None] = lambda fields: None) -> None:
        self._app = app
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        state = scope.setdefault("state", {})
        state["request_id"] = uuid.uuid4().hex
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = state["request_id"]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            fields: dict[str, object] = {
                "request_id": state["request_id"],
                "method": scope["method"] if scope["method"] in METHODS else "other",
                # The pattern of the address, never the address: that may hold anything.
                "route": getattr(scope.get("route"), "path", None),
                "status": status,
                "ms": round((time.perf_counter() - started) * 1000, 1),
                "outcome": state.get("outcome"),
                "passages": state.get("passages", []),
            }
            access.info("request", extra={"fields": fields})
            self._count(fields)


def request_id(request: Request) -> str:
    """Return the id of a request; one that did not come through `RequestLog` gets its own now."""
    state = request.scope.setdefault("state", {})
    found: str = state.setdefault("request_id", uuid.uuid4().hex)
    return found


def note_outcome(request: Request, outcome: str, answer: Answer | None = None) -> None:
    """Have the request's line say what came of it: a status or an error's code, and which passages were cited."""
    request.state.outcome = outcome
    if answer:
        request.state.passages = [citation.passage_id for citation in answer.citations]


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON in ASCII, so that nothing in it can begin a line of its own.

    Of an exception it says type and places, not the message: that can hold what a visitor has typed.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "time": dt.datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0]:
            frames = traceback.extract_tb(record.exc_info[2])
            line["error"] = record.exc_info[0].__name__
            # Such as that the disk is full; the system's own words and never a file's name.
            if isinstance(error := record.exc_info[1], OSError) and error.errno:
                line["reason"] = os.strerror(error.errno)
            line["at"] = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(line)


def log_as_json() -> None:
    """Write all of the program's records as JSON to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
