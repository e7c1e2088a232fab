"""`POST /api/ask` as JSON and as an event stream, and the probes `/livez` and `/readyz`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from assistant.answer import Answer
from assistant.assistant import Turn
from web.gate import read_ask
from web.service import Service

# Answers are for one visitor: no cache keeps them, and no proxy holds the stream back.
STREAM_HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


def api_routes(service: Service) -> APIRouter:
    """Return the API's routes over a service."""
    routes = APIRouter()

    @routes.post("/api/ask")
    async def ask(request: Request) -> Response:
        body = await read_ask(request)
        answer = await service.ask(body.question, [Turn(turn.role, turn.content) for turn in body.history])
        if _wants_stream(request):
            return StreamingResponse(_events(answer), media_type="text/event-stream", headers=STREAM_HEADERS)
        return JSONResponse(answer.model_dump(mode="json"), headers={"Cache-Control": "no-store"})

    @routes.get("/livez")
    async def livez() -> Response:
        return JSONResponse({"status": "ok"})

    @routes.get("/readyz")
    async def readyz() -> Response:
        if service.ready:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "unavailable"}, status_code=503)

    return routes


def _wants_stream(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "")


async def _events(answer: Answer) -> AsyncIterator[str]:
    """Whole sentences, each verified, then the answer in full."""
    for sentence in answer.sentences:
        yield _event("sentence", sentence.model_dump(mode="json"))
    yield _event("done", answer.model_dump(mode="json"))


def _event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
