"""The resident chat: one address, one form. Asked for events it streams, else it answers with a whole page."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from assistant.answer import Answer
from assistant.assistant import Turn
from assistant.errors import InvalidQuestionError, PersonalDataError
from web.error_pages import with_retry_after
from web.errors import INTERNAL, Problem, WebError, question_problem
from web.gate import address_of, read_form
from web.rendering import Renderer
from web.request_log import note_outcome
from web.service import Accepted, Service
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
            accepted = service.accept(question, address_of(request), view.language)
            events = _events(service, renderer, request, accepted, earlier)
            return StreamingResponse(events, media_type=STREAM_TYPE, headers=STREAM_HEADERS)
        try:
            accepted = service.accept(question, address_of(request), view.language)
            answer = await service.ask(accepted, _history(earlier), request.is_disconnected)
        except PersonalDataError as error:
            # The browser still has it; this server gives it to nobody, its visitor's screen included.
            return _refusal(renderer, request, "", earlier, question_problem(error))
        except InvalidQuestionError as error:
            return _refusal(renderer, request, question, earlier, question_problem(error))
        except WebError as error:
            return _refusal(renderer, request, question, earlier, error.problem)
        note_outcome(request, answer.status, answer)
        return _page(renderer, view, "", [*earlier, question], turn=_turn(accepted, renderer, view, earlier, answer))

    return routes


def _history(earlier: Sequence[str]) -> list[Turn]:
    return [Turn("user", text) for text in earlier]


def _refusal(renderer: Renderer, request: Request, question: str, earlier: Sequence[str], problem: Problem) -> Response:
    note_outcome(request, f"{problem.code}:{problem.identifier}" if problem.identifier else problem.code)
    return with_retry_after(_page(renderer, view_of(request), question, earlier, problem=problem), problem)


async def _events(
    service: Service, renderer: Renderer, request: Request, accepted: Accepted, earlier: Sequence[str]
) -> AsyncIterator[str]:
    """Whole sentences with their markers, then the turn in full, as the page without JavaScript has it.

    The question is asked inside of the stream, so that a visitor who goes away takes a waiting question along.
    """
    view = view_of(request)
    try:
        answer = await service.ask(accepted, _history(earlier))
        note_outcome(request, answer.status, answer)
        short = answer.short_answer
        for sentence in answer.sentences:
            marked = short if short and short in sentence.text else None
            short = None if marked else short
            values = {"sentence": sentence, "citations": answer.citations, "short": marked}
            yield event("sentence", {"html": renderer.html("sentence.html", view, **values)})
        turn = renderer.html("turn.html", view, **_turn(accepted, renderer, view, earlier, answer))
        yield event("done", {"html": turn, "announce": announcement(answer, renderer.catalogues[view.language])})
    except WebError as error:
        # The status has been sent; an event is the only way left to say it.
        note_outcome(request, error.problem.code)
        yield event("error", {"message": renderer.message(error.problem, view)})
    except Exception:
        log.exception("an answer could not be streamed")
        yield event("error", {"message": renderer.message(INTERNAL, view)})


def _turn(accepted: Accepted, renderer: Renderer, view: View, earlier: Sequence[str], answer: Answer) -> dict[str, object]:
    asked, texts = accepted.text, renderer.catalogues[view.language]
    return turn_values(asked, answer, [*earlier, asked], view, texts, accepted.documents)


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
