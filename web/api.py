"""`POST /api/ask` as JSON and as an event stream, and the probes `/livez` and `/readyz`."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from assistant.answer import Answer
from assistant.assistant import Turn
from web.gate import AskBody, address_of, read_json
from web.request_log import note_outcome
from web.service import Service
from web.stream import STREAM_HEADERS, STREAM_TYPE, event, wants_stream


def api_routes(service: Service) -> APIRouter:
    """Return the API's routes over a service."""
    routes = APIRouter()

    @routes.post("/api/ask")
    async def ask(request: Request) -> Response:
        body = await read_json(request, AskBody)
        accepted = service.accept(body.question, address_of(request))
        history = [Turn(turn.role, turn.content) for turn in body.history]
        answer = await service.ask(accepted, history, request.is_disconnected)
        note_outcome(request, answer.status, answer)
        if wants_stream(request):
            return StreamingResponse(_events(answer), media_type=STREAM_TYPE, headers=STREAM_HEADERS)
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


async def _events(answer: Answer) -> AsyncIterator[str]:
    """Whole sentences, each verified, then the answer in full."""
    for sentence in answer.sentences:
        yield event("sentence", sentence.model_dump(mode="json"))
    yield event("done", answer.model_dump(mode="json"))
