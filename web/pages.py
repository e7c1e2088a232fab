"""The pages: the resident chat, which works without JavaScript, and the documents with a cited span highlighted."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from assistant.answer import Answer
from assistant.assistant import Turn, today_in_japan
from assistant.errors import InvalidQuestionError
from assistant.question import MAX_CHARS
from web.document_view import view_document
from web.errors import NOT_FOUND, Problem, WebError
from web.gate import read_form
from web.service import Service

# Questions that the shipped plan answers, one of each kind that people ask most: a term, a date, a number, whom to ask.
EXAMPLES = (
    "自助・共助って何ですか？",
    "計画の期間はいつからいつまでですか",
    "市内に地域包括支援センターはいくつある？",
    "ひきこもりの相談はできますか",
)

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page_routes(service: Service) -> APIRouter:
    """Return the pages' routes over a service."""
    routes = APIRouter()

    @routes.get("/")
    async def chat() -> Response:
        return _chat_page()

    @routes.post("/")
    async def ask_by_form(request: Request) -> Response:
        question, earlier = await read_form(request)
        try:
            answer = await service.ask(question, [Turn("user", text) for text in earlier])
        except InvalidQuestionError as error:
            return _chat_page(question=question, earlier=earlier, error=error.message, status=422)
        except WebError as error:
            return _chat_page(question=question, earlier=earlier, error=error.problem.message, status=error.problem.status)
        return _chat_page(asked=question, answer=answer, earlier=[*earlier, question])

    @routes.get("/documents")
    async def documents() -> Response:
        return _page("documents.html", documents=list(service.assistant().retriever.index.documents.values()))

    @routes.get("/documents/{document_id}")
    async def document(document_id: str, start: str = "", end: str = "") -> Response:
        index = service.assistant().retriever.index
        found = index.documents.get(document_id)
        if found is None:
            raise WebError(NOT_FOUND)
        blocks = view_document(found, index.passages, _span(start, end))
        expired = bool(found.info.valid_to and found.info.valid_to < today_in_japan())
        return _page("document.html", info=found.info, blocks=blocks, expired=expired)

    return routes


def error_page(problem: Problem, request_id: str) -> HTMLResponse:
    """Return an error as a page."""
    return _page("error.html", status=problem.status, message=problem.message, request_id=request_id)


def _chat_page(
    *,
    question: str = "",
    asked: str = "",
    answer: Answer | None = None,
    earlier: list[str] | None = None,
    error: str = "",
    status: int = 200,
) -> HTMLResponse:
    return _page(
        "chat.html",
        status=status,
        question=question,
        asked=asked,
        answer=answer,
        earlier=earlier or [],
        error=error,
        examples=EXAMPLES,
        max_chars=MAX_CHARS,
    )


def _page(name: str, *, status: int = 200, **values: object) -> HTMLResponse:
    page = _TEMPLATES.get_template(name).render(**values)
    # A visitor can type a lone surrogate into a form; it is shown as �, not as an error.
    return HTMLResponse(page.encode("utf-8", "replace"), status_code=status, headers={"Cache-Control": "no-store"})


def _span(start: str, end: str) -> tuple[int, int] | None:
    """Two offsets of an address, or None where they are none; nine digits are more than any document has."""
    if start.isascii() and end.isascii() and start.isdecimal() and end.isdecimal() and len(start) < 10 and len(end) < 10:
        return int(start), int(end)
    return None
