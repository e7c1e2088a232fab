"""Approved answers: the list of them, and the page on which an editor chooses sentences of the plan for a question."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from anyio import to_thread
from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from assistant.approved import (
    MAX_PROPOSED,
    ApprovedAnswer,
    Quote,
    askable,
    can_be_approved,
    proposed_wordings,
    questions_answered,
    quote_at,
)
from assistant.assistant import Assistant
from assistant.errors import InvalidQuestionError
from assistant.personal_data import mask, refuse_identifiers
from assistant.question import parse_question
from corpus.fold import fold
from corpus.model import Passage
from index.search_index import SearchIndex
from web.approved import ApprovedAnswers
from web.errors import NOT_FOUND, Problem, WebError, question_problem
from web.service import Service
from web.staff.access import StaffRoutes
from web.staff.person import Form, Person, number_in
from web.storage.answers import STATES, AnswerStore, NoSuchAnswerError, State
from web.storage.questions import QuestionStore

MAX_QUOTES = 5
MAX_OTHERS = 30
MAX_NOTE_CHARS = 400
PASSAGES_SHOWN = 5

NO_QUOTE = Problem(422, "answer_no_quote")
TOO_MANY_QUOTES = Problem(422, "answer_too_many_quotes")
QUOTE_GONE = Problem(409, "answer_quote_gone")
TOO_MANY_OTHERS = Problem(422, "answer_too_many_others")
LONG_NOTE = Problem(422, "answer_long_note")
OTHER_WORDING = Problem(422, "answer_other_wording")
NEVER_SERVED = Problem(422, "answer_never_served")


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer while it is being written, as the form has it. `sources` are the ids of logged questions it is made of.

    `others` are wordings that were typed, a line each, `wordings` the keys of those chosen among the ones that the form
    asked about; `asked` says that it has asked.
    """

    number: int = 0
    question: str = ""
    others: str = ""
    wordings: tuple[str, ...] = ()
    asked: bool = False
    note: str = ""
    more: str = ""
    spans: tuple[str, ...] = ()
    sources: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """A sentence that can be chosen: its span as the form sends it, its text, and whether it is chosen."""

    span: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ShownWording:
    """Another wording that the form asks about, its key as the form sends it, and whether it is chosen."""

    key: str
    text: str
    chosen: bool


class AnswerPages:
    """The pages of approved answers."""

    def __init__(self, routes: StaffRoutes, service: Service, approved: ApprovedAnswers, questions: QuestionStore) -> None:
        self._routes = routes
        self._service = service
        self._approved = approved
        self._store: AnswerStore = approved.store
        self._questions = questions

    def add_routes(self) -> None:
        """Add the routes."""
        routes = self._routes

        @routes.get("/staff/answers", "viewer")
        async def show(request: Request, person: Person) -> Response:
            stored = await to_thread.run_sync(self._store.list)
            groups = [
                (state, [answer for answer, its in stored if its == state]) for state in ("suspended", "active", "withdrawn")
            ]
            return routes.pages.page("staff/answers.html", request, person, groups=groups, count=len(stored))

        @routes.get("/staff/answers/new", "editor")
        async def new(request: Request, person: Person) -> Response:
            return self._page(request, person, Draft(), [])

        @routes.get("/staff/answers/{number}/edit", "editor")
        async def edit(request: Request, person: Person) -> Response:
            answer = await self._find(_number(request))
            spans = tuple(_span(quote) for quote in answer.quotes)
            index = self._service.assistant().retriever.index
            # What is stored has been cleaned as a question is.
            known = {fold(text): _key(text) for text in questions_answered(_quotes(spans, index), index)}
            chosen = tuple(known[fold(text)] for text in answer.others if fold(text) in known)
            typed = "\n".join(text for text in answer.others if fold(text) not in known)
            draft = Draft(answer.id, answer.question, typed, chosen, True, answer.note, "", spans)
            return await self.look(request, person, draft)

        @routes.post("/staff/answers/look", "editor")
        async def look(request: Request, person: Person, form: Form) -> Response:
            return await self.look(request, person, _draft(form))

        @routes.post("/staff/answers/save", "editor")
        async def save(request: Request, person: Person, form: Form) -> Response:
            return await self._save(request, person, _draft(form))

        @routes.post("/staff/answers/{number}/state", "editor")
        async def set_state(request: Request, person: Person, form: Form) -> Response:
            state = next((known for known in STATES if known == form["state"]), None)
            if state is None:
                raise WebError(NOT_FOUND)
            await self._set_state(person, _number(request), state)
            return RedirectResponse("/staff/answers", 303)

    async def look(self, request: Request, person: Person, draft: Draft) -> Response:
        """Show the sentences that could answer a draft's question; those that the program would choose are chosen already.

        A question that cannot be asked keeps the form as it is, with what is wrong said above it.
        """
        try:
            found = await self._service.find(draft.question)
            more = await self._service.find(draft.more) if draft.more.strip() else None
            if not draft.spans and not draft.number and not draft.more:
                picked = tuple(f"{p.passage.document_id}:{p.sentence.start}:{p.sentence.end}" for p in found.picks)
                draft = replace(draft, spans=picked)
            wordings = await self._wordings(draft)
        except InvalidQuestionError as error:
            return self._page(request, person, _masked(draft), [], problem=question_problem(error))
        except WebError as error:
            # Busy or not ready: what has been written is kept for another try.
            return self._page(request, person, draft, [], problem=error.problem)
        index = self._service.assistant().retriever.index
        hits = [
            hit.candidate.passage for hit in [*(more.hits if more else ()), *found.hits] if hit.candidate.passage.quotable
        ]
        return self._page(request, person, draft, _passages(index, draft.spans, hits), wordings)

    async def _wordings(self, draft: Draft) -> list[ShownWording]:
        """Return the other wordings that the form asks about.

        Those that were chosen and still belong to the chosen sentences come first, then those that are anticipated; when
        they are first asked about, those that nothing tells apart are chosen. What visitors asked is grouped loosely, and
        the editor chooses.

        Raises:
            InvalidQuestionError: the question is none, or names a person.
            WebError: 503, as `Service.in_turn` does.
        """
        assistant = self._service.assistant()
        index = assistant.retriever.index
        question = refuse_identifiers(parse_question(draft.question))
        quotes = _quotes(draft.spans, index)
        logged = await self._logged(draft)
        near = await self._service.in_turn(lambda: proposed_wordings(question, quotes, assistant))
        chosen = _chosen(draft, quotes, logged, index)
        others = [text for text in logged[:MAX_PROPOSED] if askable(text, assistant)]
        checked = chosen if draft.asked else [proposal.text for proposal in near if proposal.asks_the_same]
        shown: dict[str, ShownWording] = {}
        for text in (*chosen, *(proposal.text for proposal in near), *others):
            shown.setdefault(fold(text), ShownWording(_key(text), text, text in checked))
        shown.pop(fold(question.text), None)
        return list(shown.values())

    async def _logged(self, draft: Draft) -> Sequence[str]:
        """The wordings of the logged questions that a draft is made of, the most frequent first."""
        return await to_thread.run_sync(self._questions.texts, draft.sources) if draft.sources else ()

    async def _save(self, request: Request, person: Person, draft: Draft) -> Response:
        assistant = self._service.assistant()
        index = assistant.retriever.index
        try:
            answer = _checked(draft, await self._logged(draft), assistant)
        except InvalidQuestionError as error:
            problem = question_problem(error)
        except WebError as error:
            problem = error.problem
        else:
            try:
                number = await to_thread.run_sync(self._store.approve, person.name, person.role, answer, index.version)
            except NoSuchAnswerError:
                raise WebError(NOT_FOUND) from None
            await to_thread.run_sync(self._approved.refresh)
            if draft.sources:
                await to_thread.run_sync(self._questions.handle, person.name, draft.sources)
            return RedirectResponse(f"/staff/answers#a-{number}", 303)
        hits: list[Passage] = []
        wordings: list[ShownWording] = []
        try:
            hits = [hit.candidate.passage for hit in (await self._service.find(draft.question)).hits]
            wordings = await self._wordings(draft)
        except InvalidQuestionError:
            draft = _masked(draft)
        except WebError as error:
            # Busy or not ready: what has been written is kept, and that goes before what else is wrong with it.
            problem = error.problem
        return self._page(request, person, draft, _passages(index, draft.spans, hits), wordings, problem)

    async def _find(self, number: int) -> ApprovedAnswer:
        try:
            answer, _ = await to_thread.run_sync(self._store.find, number)
        except NoSuchAnswerError:
            raise WebError(NOT_FOUND) from None
        return answer

    async def _set_state(self, person: Person, number: int, state: State) -> None:
        try:
            await to_thread.run_sync(self._store.set_state, person.name, number, state)
        except NoSuchAnswerError:
            raise WebError(NOT_FOUND) from None
        # What is taken up again is looked for in the plan again, and suspended again where it is not there.
        await to_thread.run_sync(self._approved.refresh)

    def _page(
        self,
        request: Request,
        person: Person,
        draft: Draft,
        passages: Sequence[tuple[Passage, Sequence[Choice]]],
        wordings: Sequence[ShownWording] = (),
        problem: Problem | None = None,
    ) -> Response:
        pages = self._routes.pages
        message = pages.message(problem) if problem else ""
        limits = {"max_note": MAX_NOTE_CHARS, "max_others": MAX_OTHERS}
        values = {"draft": draft, "passages": passages, "wordings": wordings, "message": message, **limits}
        return pages.page("staff/answer_form.html", request, person, status=problem.status if problem else 200, **values)


def _draft(form: Form) -> Draft:
    return Draft(
        number=number_in(form["number"]) or 0,
        question=form["question"],
        others=form["others"],
        wordings=tuple(dict.fromkeys(form.all("wording"))),
        asked=bool(form["asked"]),
        note=form["note"],
        more=form["more"],
        spans=tuple(dict.fromkeys(form.all("span"))),
        sources=tuple(form.numbers("sources")),
    )


def _masked(draft: Draft) -> Draft:
    return replace(draft, question=mask(draft.question), others=mask(draft.others), more=mask(draft.more))


def _checked(draft: Draft, logged: Sequence[str], assistant: Assistant) -> ApprovedAnswer:
    """Return a draft as an answer whose quotes are sentences of the assistant's index.

    Args:
        draft: what the form has.
        logged: the wordings of the logged questions that it is made of.
        assistant: over the index.

    Raises:
        InvalidQuestionError: one of its questions is none, or names a person.
        WebError: 422, what is wrong with it; 409, a quote is not in the index (any more).
    """
    index = assistant.retriever.index
    question = refuse_identifiers(parse_question(draft.question))
    quotes = _quotes(draft.spans, index)
    chosen = _chosen(draft, quotes, logged, index)
    lines = [*chosen, *(line for line in draft.others.splitlines() if line.strip())]
    if len(lines) > MAX_OTHERS:
        raise WebError(TOO_MANY_OTHERS)
    others = tuple(dict.fromkeys(refuse_identifiers(parse_question(line)) for line in lines))
    if not all(can_be_approved(one, assistant) for one in (question, *others)):
        raise WebError(NEVER_SERVED)
    if len(draft.note) > MAX_NOTE_CHARS:
        raise WebError(LONG_NOTE)
    if not draft.spans:
        raise WebError(NO_QUOTE)
    if len(draft.spans) > MAX_QUOTES:
        raise WebError(TOO_MANY_QUOTES)
    if len(quotes) < len(draft.spans):
        raise WebError(QUOTE_GONE)
    # They were shown for other sentences, or for questions that are kept no more.
    if len(chosen) < len(draft.wordings):
        raise WebError(OTHER_WORDING)
    texts = tuple(one.text for one in others if one.text != question.text)
    return ApprovedAnswer(draft.number, question.text, texts, quotes, draft.note.strip())


def _chosen(draft: Draft, quotes: Sequence[Quote], logged: Sequence[str], index: SearchIndex) -> list[str]:
    """The wordings chosen of those that the chosen sentences answer, or that visitors asked."""
    texts = dict.fromkeys((*questions_answered(quotes, index), *logged))
    return [text for text in texts if _key(text) in draft.wordings]


def _key(text: str) -> str:
    """A wording as the form sends it: ten long ones are more than a form may hold."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _quotes(spans: Sequence[str], index: SearchIndex) -> tuple[Quote, ...]:
    """The quotes at the spans that are sentences of the index."""
    return tuple(quote for span in spans if (quote := _quote(span, index)))


def _quote(span: str, index: SearchIndex) -> Quote | None:
    document, _, places = span.partition(":")
    start, _, end = places.partition(":")
    if not (start.isdecimal() and end.isdecimal() and len(span) < 100):
        return None
    return quote_at(document, int(start), int(end), index)


def _passages(
    index: SearchIndex, spans: Sequence[str], passages: Sequence[Passage]
) -> list[tuple[Passage, Sequence[Choice]]]:
    """The passages with what is chosen, then those that were found, each once."""
    quotes = _quotes(spans, index)
    held = [
        passage
        for passage in index.passages
        if any(q.document == passage.document_id and passage.start <= q.start < passage.end for q in quotes)
    ]
    shown = list({passage.id: passage for passage in [*held, *passages]}.values())[: len(held) + PASSAGES_SHOWN]
    return [
        (passage, [_choice(passage, one.start, one.end, one.text, spans) for one in passage.sentences]) for passage in shown
    ]


def _choice(passage: Passage, start: int, end: int, text: str, spans: Sequence[str]) -> Choice:
    span = f"{passage.document_id}:{start}:{end}"
    return Choice(span, text, span in spans)


def _span(quote: Quote) -> str:
    return f"{quote.document}:{quote.start}:{quote.end}"


def _number(request: Request) -> int:
    number = number_in(request.path_params["number"])
    if number is None:
        raise WebError(NOT_FOUND)
    return number
