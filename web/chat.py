"""The resident chat: one address, one form. Asked for events it streams, else it answers with a whole page."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from assistant.answer import Answer
from assistant.assistant import Turn
from assistant.errors import InvalidQuestionError
from assistant.question import parse_question
from web.errors import INTERNAL, Problem, WebError, question_problem
from web.gate import read_form
from web.rendering import Renderer
from web.service import Service
from web.stream import STREAM_HEADERS, STREAM_TYPE, event, wants_stream
from web.turns import announcement, turn_values
from web.view import WIDGET_PATH, View, view_of

log = logging.getLogger("web")


def chat_routes(service: Service, renderer: Renderer) -> APIRouter:
    """Return the chat's routes: as a page of its own and, in the same form, for a frame on another site."""
    routes = APIRouter()

    @routes.get("/")
    @routes.get(WIDGET_PATH)
    async def chat(request: Request) -> Response:
        return _page(renderer, view_of(request))

    @routes.post("/")
    @routes.post(WIDGET_PATH)
    async def ask(request: Request) -> Response:
        view = view_of(request)
        question, earlier = await read_form(request)
        if wants_stream(request):
            parse_question(question)
            service.assistant()
            events = _events(service, renderer, view, question, earlier)
            return StreamingResponse(events, media_type=STREAM_TYPE, headers=STREAM_HEADERS)
        try:
            answer = await _ask(service, view, question, earlier)
        except InvalidQuestionError as error:
            return _page(renderer, view, question, earlier, problem=question_problem(error.reason))
        except WebError as error:
            return _page(renderer, view, question, earlier, problem=error.problem)
        return _page(
            renderer, view, "", [*earlier, question], turn=_turn(service, renderer, view, question, earlier, answer)
        )

    return routes


async def _ask(service: Service, view: View, question: str, earlier: Sequence[str]) -> Answer:
    return await service.ask(question, [Turn("user", text) for text in earlier], view.language)


async def _events(
    service: Service, renderer: Renderer, view: View, question: str, earlier: Sequence[str]
) -> AsyncIterator[str]:
    """Whole sentences with their markers, then the turn in full, as the page without JavaScript has it.

    The question is asked inside of the stream, so that a visitor who goes away takes a waiting question along.
    """
    try:
        answer = await _ask(service, view, question, earlier)
        short = answer.short_answer
        for sentence in answer.sentences:
            marked = short if short and short in sentence.text else None
            short = None if marked else short
            values = {"sentence": sentence, "citations": answer.citations, "short": marked}
            yield event("sentence", {"html": renderer.html("sentence.html", view, **values)})
        turn = renderer.html("turn.html", view, **_turn(service, renderer, view, question, earlier, answer))
        yield event("done", {"html": turn, "announce": announcement(answer, renderer.catalogues[view.language])})
    except Exception:
        # The status has been sent; an event is the only way left to say it.
        log.exception("an answer could not be streamed")
        yield event("error", {"message": renderer.message(INTERNAL, view)})


def _turn(
    service: Service, renderer: Renderer, view: View, question: str, earlier: Sequence[str], answer: Answer
) -> dict[str, object]:
    documents = {document.info.id: document for document in service.documents()}
    return turn_values(question, answer, [*earlier, question], view, renderer.catalogues[view.language], documents)


def _page(
    renderer: Renderer,
    view: View,
    question: str = "",
    earlier: Sequence[str] = (),
    *,
    problem: Problem | None = None,
    turn: dict[str, object] | None = None,
) -> Response:
    values: dict[str, object] = {"answer": None, "earlier": list(earlier), **(turn or {})}
    return renderer.page(
        "chat.html",
        view,
        status=problem.status if problem else 200,
        question=question,
        error=renderer.message(problem, view) if problem else "",
        examples=renderer.contacts.city.examples.get(view.language, ()),
        **values,
    )
