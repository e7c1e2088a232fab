"""The documents as pages: read, with a cited span highlighted, and searched; and one passage for the chat's panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from assistant.assistant import today_in_japan
from assistant.errors import InvalidQuestionError
from assistant.question import parse_question
from corpus.model import Document
from index.search_index import SearchIndex
from web.document_view import passage_at, view_document, view_passage
from web.errors import NOT_FOUND, WebError
from web.gate import address_of, read_fields
from web.plan_search import Matches, find_words, near_sentences
from web.rendering import Renderer
from web.service import Service
from web.view import View, view_of

Result = TypeVar("Result")
# Five times the shipped plan, of which a page takes some ten milliseconds of the event loop.
MAX_CHARS_AT_ONCE = 200_000


def plan_routes(service: Service, renderer: Renderer) -> APIRouter:
    """Return the routes of the documents."""
    routes = APIRouter()

    async def in_turn(request: Request, document: Document, work: Callable[[], Result], *, dear: bool = False) -> Result:
        """Do what goes through a whole document; where that takes a while, in a thread, when its turn has come."""
        if not dear and len(document.text) <= MAX_CHARS_AT_ONCE:
            return work()
        return await service.read(work, address_of(request), request.is_disconnected)

    async def page(request: Request, document: Document, make: Callable[[View], Response]) -> Response:
        view = view_of(request)
        # Furigana over a plan take as long as an answer.
        return await in_turn(request, document, lambda: make(view), dear=view.furigana)

    @routes.get("/documents")
    async def documents(request: Request) -> Response:
        infos = [document.info for document in service.index().documents.values()]
        return renderer.page("documents.html", view_of(request), documents=infos)

    @routes.get("/documents/{document_id}")
    async def document(request: Request, document_id: str, start: str = "", end: str = "") -> Response:
        index, found = _find(service.index(), document_id)
        return await page(request, found, lambda view: _page(renderer, view, index, found, span=_span(start, end)))

    @routes.post("/documents/{document_id}")
    async def find(request: Request, document_id: str) -> Response:
        # A POST, because words that someone looks for belong into no address and no log.
        assistant = service.answers
        index, found = _find(assistant.retriever.index if assistant else service.index(), document_id)
        fields = dict(await read_fields(request))
        try:
            text = parse_question(fields.get("find", "")).text
        except InvalidQuestionError:
            return await page(request, found, lambda view: _page(renderer, view, index, found))
        matches = await in_turn(request, found, lambda: find_words(text, document_id, index.passages))
        if not matches.exact and assistant:
            hits = await service.near(text, assistant.retriever, address_of(request))
            matches = near_sentences(hits, document_id)
        return await page(request, found, lambda view: _page(renderer, view, index, found, find=text, matches=matches))

    @routes.get("/documents/{document_id}/passage")
    async def passage(
        request: Request, document_id: str, start: str = "", end: str = "", n: str = "", embedded: str = ""
    ) -> Response:
        index, found = _find(service.index(), document_id)
        span = _span(start, end)
        blocks = view_passage(found, index.passages, span) if span else []
        if not span or not blocks:
            raise WebError(NOT_FOUND)
        view = view_of(request)
        holding = passage_at(index.passages, document_id, span[0])
        anchor = f"#p-{holding.id}" if holding else ""
        fragment = renderer.html(
            "passage.html",
            view,
            info=found.info,
            section=holding.section if holding else (),
            blocks=blocks,
            embedded=embedded == "on",
            n=n if n.isascii() and n.isdecimal() and len(n) < 4 else "",
            url=view.url(f"/documents/{document_id}?start={span[0]}&end={span[1]}{anchor}"),
        )
        return HTMLResponse(fragment, headers={"Cache-Control": "no-store"})

    return routes


def _find(index: SearchIndex, document_id: str) -> tuple[SearchIndex, Document]:
    found = index.documents.get(document_id)
    if found is None:
        raise WebError(NOT_FOUND)
    return index, found


def _page(
    renderer: Renderer,
    view: View,
    index: SearchIndex,
    document: Document,
    *,
    span: tuple[int, int] | None = None,
    find: str = "",
    matches: Matches | None = None,
) -> Response:
    return renderer.page(
        "document.html",
        view,
        info=document.info,
        blocks=view_document(document, index.passages, span),
        expired=bool(document.info.valid_to and document.info.valid_to < today_in_japan()),
        find=find,
        matches=matches,
    )


def _span(start: str, end: str) -> tuple[int, int] | None:
    """Two offsets of an address, or None where they are none; nine digits are more than any document has."""
    if start.isascii() and end.isascii() and start.isdecimal() and end.isdecimal() and len(start) < 10 and len(end) < 10:
        return int(start), int(end)
    return None
