"""The list of questions that want looking at, grouped by meaning; what an editor makes of them; and exports."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from anyio import to_thread
from fastapi import Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from assistant.errors import InvalidQuestionError
from assistant.personal_data import mask, refuse_identifiers
from assistant.question import parse_question
from corpus.fold import fold
from web.errors import Problem, question_problem
from web.service import Service
from web.staff.access import StaffRoutes
from web.staff.answers import AnswerPages, Draft
from web.staff.csv_export import csv_response
from web.staff.grouping import Group, group_questions
from web.staff.person import Form, Person
from web.storage.audit import changing
from web.storage.database import Database
from web.storage.proposals import ProposalStore
from web.storage.questions import QuestionStore

MAX_SHOWN = 300
# In an export a wording that fewer have used could point to one of them.
MIN_EXPORTED = 3
MAX_VECTORS = 2000
# Vectors that are made in one turn: residents' questions come between two turns.
VECTORS_AT_ONCE = 16
MAX_WORD_CHARS = 40

WORDS_MISSING = Problem(422, "review_words")
EVIDENCE_MISSING = Problem(422, "review_evidence")


@dataclass(frozen=True, slots=True)
class Refused:
    """A form of a group that was refused: it is shown open again, with what was written in it."""

    kind: Literal["synonym", "case"]
    form: Form
    problem: Problem

    def of(self, group: Group, kind: str) -> bool:
        """Whether it is this form of this group."""
        return self.kind == kind and self.form["ids"] == group.ids

    def written(self, name: str) -> str:
        """Return what was written in a field, without personal data."""
        return mask(self.form[name])


class ReviewPages:
    """The pages of the review list and of what came of it."""

    def __init__(
        self, routes: StaffRoutes, service: Service, database: Database, answers: AnswerPages, *, texts_kept: bool
    ) -> None:
        self._routes = routes
        self._service = service
        self._database = database
        self._questions = QuestionStore(database)
        self._proposals = ProposalStore(database)
        self._answers = answers
        self._texts_kept = texts_kept
        self._vectors: OrderedDict[tuple[str, str], npt.NDArray[np.float32]] = OrderedDict()

    def add_routes(self) -> None:
        """Add the routes."""
        self._add_list()
        self._add_actions()
        self._add_proposals()

    def _add_list(self) -> None:
        routes = self._routes

        @routes.get("/staff/review", "editor")
        async def show(request: Request, person: Person) -> Response:
            return await self._page(request, person)

        @routes.get("/staff/review/questions.csv", "editor")
        async def export(request: Request, person: Person) -> Response:
            groups = await self._groups()

            def record() -> None:
                with changing(self._database, person.name, "questions.export"):
                    pass

            await to_thread.run_sync(record)
            return csv_response(self._rows(groups), "questions.csv")

    def _add_actions(self) -> None:
        routes = self._routes

        @routes.post("/staff/review/answer", "editor")
        async def answer(request: Request, person: Person, form: Form) -> Response:
            draft = Draft(question=form["question"], sources=tuple(form.numbers("ids")))
            return await self._answers.look(request, person, draft)

        @routes.post("/staff/review/synonym", "editor")
        async def synonym(request: Request, person: Person, form: Form) -> Response:
            say, plan = form["say"].strip(), form["plan"].strip()
            if not (0 < len(say) <= MAX_WORD_CHARS and 0 < len(plan) <= MAX_WORD_CHARS) or _held_back(say, plan):
                return await self._page(request, person, Refused("synonym", form, WORDS_MISSING))
            content = {"say": [say.lower()], "plan": plan}
            await to_thread.run_sync(self._proposals.add, person.name, "synonym", content)
            return await self._done(person, form)

        @routes.post("/staff/review/case", "editor")
        async def case(request: Request, person: Person, form: Form) -> Response:
            try:
                question = refuse_identifiers(parse_question(form["question"])).text
            except InvalidQuestionError as error:
                return await self._page(request, person, Refused("case", form, question_problem(error)))
            evidence = form["evidence"].strip()
            if evidence and not self._in_plan(evidence):
                return await self._page(request, person, Refused("case", form, EVIDENCE_MISSING))
            content = {
                "category": "review",
                "question": question,
                "history": [],
                "answerable": bool(evidence),
                **({"evidence": [[evidence]]} if evidence else {}),
            }
            await to_thread.run_sync(self._proposals.add, person.name, "case", content)
            return await self._done(person, form)

        @routes.post("/staff/review/done", "editor")
        async def done(request: Request, person: Person, form: Form) -> Response:
            return await self._done(person, form)

    def _add_proposals(self) -> None:
        routes = self._routes

        @routes.get("/staff/proposals", "editor")
        async def show(request: Request, person: Person) -> Response:
            synonyms = await to_thread.run_sync(self._proposals.list, "synonym")
            cases = await to_thread.run_sync(self._proposals.list, "case")
            return routes.pages.page("staff/proposals.html", request, person, synonyms=synonyms, cases=cases)

        @routes.get("/staff/proposals/synonyms.toml", "editor")
        async def synonyms(request: Request, person: Person) -> Response:
            stored = await to_thread.run_sync(self._proposals.list, "synonym")
            return _file("".join(f"    {synonym_line(content)}\n" for _, content in stored), "synonyms.toml")

        @routes.get("/staff/proposals/cases.jsonl", "editor")
        async def cases(request: Request, person: Person) -> Response:
            stored = await to_thread.run_sync(self._proposals.list, "case")
            return _file("".join(f"{case_line(number, content)}\n" for number, content in stored), "cases.jsonl")

        @routes.post("/staff/proposals/drop", "editor")
        async def drop(request: Request, person: Person, form: Form) -> Response:
            for number in form.numbers("number"):
                await to_thread.run_sync(self._proposals.drop, person.name, number)
            return RedirectResponse("/staff/proposals", 303)

    async def _page(self, request: Request, person: Person, refused: Refused | None = None) -> Response:
        pages = self._routes.pages
        return pages.page(
            "staff/review.html",
            request,
            person,
            status=refused.problem.status if refused else 200,
            groups=await self._groups(),
            refused=refused,
            message=pages.message(refused.problem) if refused else "",
            texts_kept=self._texts_kept,
            max_shown=MAX_SHOWN,
        )

    async def _groups(self) -> list[Group]:
        questions = await to_thread.run_sync(self._questions.open, MAX_SHOWN)
        if not questions:
            return []
        vectors = await self._embedded([question.text for question in questions])
        return await to_thread.run_sync(group_questions, questions, vectors)

    async def _embedded(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """The vectors of texts; those that were made before for the model in use are at hand."""
        model = self._service.assistant().retriever.index.version
        # What is at hand now may be gone when the others have been made: another editor's list takes its place meanwhile.
        known = {text: self._vectors[model, text] for text in texts if (model, text) in self._vectors}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        for begin in range(0, len(missing), VECTORS_AT_ONCE):
            part = missing[begin : begin + VECTORS_AT_ONCE]
            for text, vector in zip(part, await self._service.embed(part), strict=True):
                known[text] = self._vectors[model, text] = vector
        while len(self._vectors) > MAX_VECTORS:
            self._vectors.popitem(last=False)
        return np.stack([known[text] for text in texts])

    async def _done(self, person: Person, form: Form) -> Response:
        await to_thread.run_sync(self._questions.handle, person.name, form.numbers("ids"))
        return RedirectResponse("/staff/review", 303)

    def _in_plan(self, evidence: str) -> bool:
        index = self._service.assistant().retriever.index
        return any(fold(evidence) in fold(document.text) for document in index.documents.values())

    def _rows(self, groups: Sequence[Group]) -> list[Sequence[object]]:
        text = self._routes.pages.text
        head = [text(f"review.column_{name}") for name in ("question", "count", "rated")]
        large = [group for group in groups if group.count >= MIN_EXPORTED]
        small = len(groups) - len(large)
        rows: list[Sequence[object]] = [head, *([group.lead, group.count, _few(group.rated)] for group in large)]
        return [*rows, [text("review.small", count=MIN_EXPORTED), "", ""]] if small else rows


def synonym_line(content: Mapping[str, object]) -> str:
    """Return a synonym as an entry of `assistant/synonyms.toml`. JSON's strings and lists are TOML's as well."""
    say, plan = json.dumps(content["say"], ensure_ascii=False), json.dumps(content["plan"], ensure_ascii=False)
    return f"{{ say = {say}, plan = {plan} }},"


def case_line(number: int, content: Mapping[str, object]) -> str:
    """Return an evaluation case as a line of a case file."""
    return json.dumps({"id": f"review-{number:04}", **content}, ensure_ascii=False)


def _held_back(*texts: str) -> bool:
    """Whether personal data is in one of the texts."""
    return any(mask(text) != text for text in texts)


def _few(count: int) -> object:
    return count if count >= MIN_EXPORTED or not count else f"<{MIN_EXPORTED}"


def _file(text: str, name: str) -> Response:
    return PlainTextResponse(text, headers={"Content-Disposition": f'attachment; filename="{name}"'})
