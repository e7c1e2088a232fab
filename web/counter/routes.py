"""The counter's pages: `/counter`, found and answered by POST so that no word stands in an address, and the hand-out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from assistant.answer import Answer
from assistant.assistant import today_in_japan
from assistant.errors import InvalidQuestionError, PersonalDataError
from corpus.model import DocumentInfo
from web.counter.citation import Quoted, source_line, with_sources
from web.counter.desk import Desk
from web.counter.handout import Handout, Span, make_handout, parse_spans
from web.counter.lookup import Results
from web.counter.reference import WHO, Filters, Reference, Who
from web.error_pages import with_retry_after
from web.errors import Problem, WebError, question_problem
from web.gate import address_of
from web.rendering import Renderer
from web.request_log import note_outcome
from web.service import Service
from web.staff.access import StaffRoutes
from web.staff.person import Form, Person
from web.view import View

PATH = "/counter"
HANDOUT_PATH = "/counter/handout"
# A longer list of chapters helps nobody to choose; documents, and beyond that nothing, are offered instead.
MAX_SCOPES = 150


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a form of the counter says. `answer` is whether an answer is wanted beside the passages."""

    query: str
    filters: Filters
    answer: bool


class Counter:
    """What the counter's routes share."""

    def __init__(self, routes: StaffRoutes, service: Service, renderer: Renderer, idle_minutes: int) -> None:
        self._pages = routes.pages
        self._service = service
        self._renderer = renderer
        self._idle_minutes = idle_minutes
        self._desk = Desk(service)

    async def show(self, request: Request, person: Person) -> Response:
        """Return the empty page."""
        return await self._page(request, person, _Asked("", Filters(), answer=False), {})

    async def find(self, request: Request, person: Person, form: Form) -> Response:
        """Return what is found: to the page's script as fragments, else as a whole page."""
        asked = _read(form)
        by_script = "application/json" in request.headers.get("accept", "")
        try:
            values = await self._found(request, asked)
        except (InvalidQuestionError, WebError) as error:
            problem = error.problem if isinstance(error, WebError) else question_problem(error)
            note_outcome(request, problem.code)
            if by_script:
                raise
            # What names a person is given back to no screen.
            asked = replace(asked, query="") if isinstance(error, PersonalDataError) else asked
            return await self._page(request, person, asked, {}, problem)
        # What was found, never what was looked for.
        note_outcome(request, values["answer"].status if values["answer"] else "looked_up", values["answer"])
        if not by_script:
            return await self._page(request, person, asked, values)
        return JSONResponse(
            {
                "answer": self._pages.fragment("counter/answer.html", person=person, **values),
                "results": self._pages.fragment("counter/results.html", **values),
                "terms": self._pages.fragment("counter/terms.html", entries=values["results"].terms, looked_up=True),
                "announce": self._announcement(values["results"], values["answer"]),
            }
        )

    async def handout(self, request: Request, person: Person, form: Form) -> Response:
        """Return the page to print. It holds spans of the plan; what was typed is not even sent to it."""
        reference = await self._desk.reference()
        handout = make_handout(parse_spans(form.all("span")), reference.index, reference.glossary)
        easy, furigana = form["language"] == "easy", form["furigana"] == "on"
        note_outcome(request, "handout")
        return self._renderer.page(
            "counter/handout.html",
            View("easy" if easy else "ja", HANDOUT_PATH, furigana),
            handout=handout,
            spans=[str(span) for span in parse_spans(form.all("span"))],
            say=self._pages.text,
            words=lambda key, **values: self._pages.text(f"handout_easy.{key}" if easy else f"handout.{key}", **values),
            # Once a document: each quote has its headings above it.
            sources=dict.fromkeys(source_line(quote.document.info, (), None, "") for quote in handout.quotes),
            notices=self._notices(handout, easy),
            csrf=person.csrf,
            furigana=furigana,
        )

    async def _page(
        self, request: Request, person: Person, asked: _Asked, values: dict[str, Any], problem: Problem | None = None
    ) -> Response:
        try:
            reference = await self._desk.reference()
        except WebError as error:
            reference, problem = None, problem or error.problem
        response = self._pages.page(
            "counter/page.html",
            request,
            person,
            status=problem.status if problem else 200,
            error=self._renderer.message(problem, View()) if problem else "",
            scopes=_scopes(reference) if reference else [],
            who=WHO,
            entries=reference.glossary.entries if reference else (),
            idle_minutes=self._idle_minutes,
            can_answer=self._service.answers is not None,
            **{"results": None, "copies": [], "answer": None, "asked": asked, **values},
        )
        return with_retry_after(response, problem) if problem else response

    async def _found(self, request: Request, asked: _Asked) -> dict[str, Any]:
        """What the templates say of a look-up. Help in danger comes before all, and with it nothing is looked up."""
        answered = await self._answer(request, asked.query) if asked.answer else {}
        if answered and answered["answer"].status == "urgent":
            results = Results((), (), by_words_only=False)
        else:
            results = await self._desk.look_up(asked.query, asked.filters)
        return {
            "results": results,
            "copies": self._copies(results),
            "span": Span,
            "asked": asked,
            "answer": None,
            **answered,
        }

    async def _answer(self, request: Request, query: str) -> dict[str, Any]:
        """The answer's values; none where no answer can be made, for the passages are there all the same."""
        try:
            accepted = self._service.accept(query, address_of(request))
        except WebError:
            if self._service.answers is None:
                return {}
            raise
        answer = await self._service.ask(accepted, (), request.is_disconnected, by_staff=True)
        # Of the index that it was answered from: another one may have been loaded meanwhile.
        documents = accepted.documents
        quotes = [Quoted(documents[c.document].info, c.section, c.quote, c.page) for c in answer.citations]
        infos = {citation.document: documents[citation.document].info for citation in answer.citations}
        copy = with_sources(quotes, self._page_form, self._expired(infos.values()))
        return {"answer": answer, "answer_copy": copy, "infos": infos}

    def _copies(self, results: Results) -> list[str]:
        """For each result the text that is copied: the sentences that are shown, with their source."""
        copies = []
        for result in results.results:
            text = "".join(piece.text for piece in result.snippet.pieces)
            quote = Quoted(result.document.info, result.passage.section, text)
            copies.append(with_sources([quote], self._page_form, self._expired([result.document.info])))
        return copies

    @property
    def _page_form(self) -> str:
        return self._pages.text("counter.page", page="{page}")

    def _announcement(self, results: Results, answer: Answer | None) -> str:
        if answer:
            found = self._pages.text("counter.found_answer", count=len(results.results))
            return f"{found} {answer.caution}" if answer.caution else found
        key = "counter.found" if results.results else "counter.found_none"
        return self._pages.text(key, count=len(results.results))

    def _expired(self, infos: Iterable[DocumentInfo]) -> str:
        date = self._renderer.wordings["ja"].date
        return "".join(
            self._pages.text("counter.expired", title=info.title, date=date(info.valid_to))
            for info in infos
            if info.valid_to and info.valid_to < today_in_japan()
        )

    def _notices(self, handout: Handout, easy: bool) -> list[str]:
        """What a reader of the hand-out must know: a plan that has ended, a source that breaks off."""
        wordings = self._renderer.wordings["easy" if easy else "ja"]
        table = "handout_easy" if easy else "handout"
        notices = [
            self._pages.text(f"{table}.expired", title=info.title, date=wordings.date(info.valid_to))
            for info in {quote.document.info.id: quote.document.info for quote in handout.quotes}.values()
            if info.valid_to and info.valid_to < today_in_japan()
        ]
        if any(quote.text.endswith(gap.after) for quote in handout.quotes for gap in quote.document.info.gaps):
            notices.append(wordings.notice.gap)
        return notices


def add_counter(routes: StaffRoutes, service: Service, renderer: Renderer, idle_minutes: int) -> None:
    """Add the counter's routes, for everyone who may see the staff's pages."""
    counter = Counter(routes, service, renderer, idle_minutes)
    routes.get(PATH, "viewer")(counter.show)
    routes.post(PATH, "viewer")(counter.find)
    routes.post(HANDOUT_PATH, "viewer")(counter.handout)


def _read(form: Form) -> _Asked:
    who: Who = next((who for who in WHO if who == form["who"]), "")
    return _Asked(form["query"], Filters(form["scope"][:200], who), answer=form["do"] == "ask")


def _scopes(reference: Reference) -> list[tuple[DocumentInfo, list[tuple[str, str]]]]:
    """What a look-up can be narrowed to: each document with its chapters as (key, name)."""
    scopes: dict[str, tuple[DocumentInfo, list[tuple[str, str]]]] = {}
    for chapter in reference.chapters:
        info = chapter.document.info
        scopes.setdefault(info.id, (info, []))[1].append((chapter.key, chapter.name))
    if len(reference.chapters) > MAX_SCOPES:
        scopes = {key: (info, []) for key, (info, _) in scopes.items()}
    return list(scopes.values()) if len(scopes) <= MAX_SCOPES else []
