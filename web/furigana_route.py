"""`POST /api/furigana`: readings for the texts of a page that is open, so that asking for them needs no reload."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from web.furigana import Furigana
from web.gate import address_of, read_json
from web.service import Service

MAX_TEXTS = 2000


class Texts(BaseModel):
    """The texts of a page."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    texts: list[str] = Field(max_length=MAX_TEXTS)


def furigana_route(service: Service, furigana: Furigana) -> APIRouter:
    """Return the route: each text comes back as its parts, `[text, reading]`, the reading empty where there is none."""
    routes = APIRouter()

    @routes.post("/api/furigana")
    async def readings(request: Request) -> Response:
        body = await read_json(request, Texts)
        address, gone = address_of(request), request.is_disconnected
        annotated = await service.read(lambda: [furigana.annotate(text) for text in body.texts], address, gone)
        parts = [[[part.text, part.reading] for part in text] for text in annotated]
        return JSONResponse({"texts": parts}, headers={"Cache-Control": "no-store"})

    return routes
