"""Server-sent events: how one is written, and the headers of a stream."""

from __future__ import annotations

import json

from fastapi import Request

# Answers are for one visitor: no cache keeps them, and no proxy holds the stream back.
STREAM_HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
STREAM_TYPE = "text/event-stream"


def wants_stream(request: Request) -> bool:
    """Whether a request asks for events instead of a page or one JSON."""
    return STREAM_TYPE in request.headers.get("accept", "")


def event(name: str, data: object) -> str:
    """Return one event; `data` is anything that JSON can say, and stands on one line."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
