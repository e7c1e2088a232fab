"""How surely an approved answer is found: groups of questions that ask the same, and all the others that must not match."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from assistant.approved import ApprovedAnswer, Quote, held_by
from assistant.assistant import Assistant, Found, Turn
from assistant.errors import InvalidQuestionError
from assistant.likeness import Likeness, Wording, can_be_compared, compare_all, nearest, wording_of
from assistant.understand import understanding_of
from corpus.fold import fold
from evals.cases import Case
from evals.reader.plans import Plan, cases_of, retriever_for

# Each of the first three questions of a group is once the approved one.
ROTATIONS = 3
FORMER_COSINE = 0.97

Rule = Callable[[Likeness], bool]

RULES: dict[str, Rule] = {
    "served": Likeness.is_same,
    f"by cosine {FORMER_COSINE} (before)": lambda one: one.is_near(FORMER_COSINE),
    "offered": Likeness.is_near,
}


@dataclass(frozen=True, slots=True)
class ExaminedCase:
    """A case with what was found for it; None where its question was routed elsewhere or could not be asked."""

    case: Case
    found: Found | None
    wording: Wording | None


@dataclass(frozen=True, slots=True)
class ApprovedRow:
    """One rule on one set of cases.

    `groups` of them ask the same. `recall` is the share of a group's other questions that get an answer with their
    evidence. `right` and `wrong` count the matches of all questions, those of no group too: right is one whose approved
    quotes hold all evidence of the question, and `other` how many of these are of no group or of another one than was
    approved: a question of its own that the same sentences answer.
    """

    cases: str
    groups: int
    rule: str
    wordings: str
    recall: float
    right: int
    other: int
    wrong: int

    @property
    def precision(self) -> float:
        """The share of the matches that are right, 1 where nothing matched."""
        matched = self.right + self.wrong
        return self.right / matched if matched else 1.0


def plan_cases(plan: Plan) -> list[Case]:
    """Return a plan's questions as cases; those with the same evidence and the same short answers are a group."""
    keys = [tuple(sorted(map(str, question.evidence))) for question in plan.questions]
    return [
        case.model_copy(update={"group": " ".join(key) if key and keys.count(key) > 1 else ""})
        for case, key in zip(cases_of(plan), keys, strict=True)
    ]


def measure_plan(assistant: Assistant, plan: Plan, done: Callable[[], None] = lambda: None) -> list[ApprovedRow]:
    """Return the figures on an invented plan, indexed as a city's would be."""
    with tempfile.TemporaryDirectory() as folder:
        retriever = retriever_for(plan, assistant.retriever.embeddings, Path(folder))
        there = replace(assistant, retriever=retriever, understanding=understanding_of(retriever.index))
        examined = examine_cases(there, plan_cases(plan), done)
        return list(measure_approved(plan.document.info.id, examined, there))


def examine_cases(
    assistant: Assistant, cases: Sequence[Case], done: Callable[[], None] = lambda: None
) -> list[ExaminedCase]:
    """Ask every case once."""
    examined = []
    for case in cases:
        try:
            found = assistant.examine(case.question, [Turn("user", text) for text in case.history]).found
        except InvalidQuestionError:
            found = None
        alone = found if found and can_be_compared(found.query) else None
        examined.append(ExaminedCase(case, alone, wording_of(alone, assistant) if alone else None))
        done()
    return examined


def measure_approved(name: str, examined: Sequence[ExaminedCase], assistant: Assistant) -> Iterator[ApprovedRow]:
    """Yield the figures of each rule, by one wording of the approved question and by all its others."""
    groups = _groups_of(examined, assistant)
    likenesses = _compare_all(examined, groups, assistant)
    cases = [one.case for one in examined]
    for title, rule in RULES.items():
        for wordings in ("one", "all others"):
            figures = count_matches(cases, groups, likenesses, rule, alone=wordings == "one")
            yield ApprovedRow(name, len(groups), title, wordings, *figures)


@dataclass(frozen=True, slots=True)
class Group:
    """Cases that ask the same, as positions among all, with what an editor would approve for the first of them."""

    members: Sequence[int]
    answers: Sequence[ApprovedAnswer]


# How near a question is to a group's member, by the answer that is approved for the group: positions of the question and
# of the member among the cases, and of the answer among the group's.
Likenesses = Mapping[tuple[int, int, int], Likeness]


def _groups_of(examined: Sequence[ExaminedCase], assistant: Assistant) -> dict[str, Group]:
    """Return the groups by their names, with what would be approved in each turn."""
    members: dict[str, list[int]] = {}
    for row, one in enumerate(examined):
        if one.case.group:
            members.setdefault(one.case.group, []).append(row)
    return {
        name: Group(rows, [_answer_of(examined[row].case, assistant) for row in rows[:ROTATIONS]])
        for name, rows in sorted(members.items())
    }


def _compare_all(examined: Sequence[ExaminedCase], groups: Mapping[str, Group], assistant: Assistant) -> Likenesses:
    index = assistant.retriever.index
    approved = [
        (member, turn, wording, held)
        for group in groups.values()
        for turn, held in enumerate(held_by(answer, index) for answer in group.answers)
        for member in group.members
        if (wording := examined[member].wording)
    ]
    likenesses: dict[tuple[int, int, int], Likeness] = {}
    for row, one in enumerate(examined):
        if one.found and one.wording:
            others = [(member, turn, wording, held) for member, turn, wording, held in approved if member != row]
            compared = compare_all(one.wording, one.found, [(wording, held) for *_, wording, held in others], assistant)
            likenesses |= {
                (row, member, turn): likeness
                for likeness, (member, turn, *_) in zip(compared, others, strict=True)
                if likeness
            }
    return likenesses


def count_matches(
    cases: Sequence[Case], groups: Mapping[str, Group], likenesses: Likenesses, rule: Rule, *, alone: bool
) -> tuple[float, int, int, int]:
    """Return recall, right, of other questions and wrong, as `ApprovedRow` has them.

    Args:
        cases: all that are asked, but for the one of each group that is approved in a turn.
        groups: of these cases, by their names.
        likenesses: of these cases with the groups' members.
        rule: which likenesses are a match.
        alone: whether one wording is approved, or all of the group but the one that is asked.
    """
    found = wanted = right = other = wrong = 0
    for turn in range(ROTATIONS):
        approved = {name: group.members[turn % len(group.members)] for name, group in groups.items()}
        for row, case in enumerate(cases):
            if row in approved.values():
                continue
            wanted += bool(case.group)
            best = nearest(
                (
                    (likeness, (name, group.answers[at]))
                    for name, group in groups.items()
                    for at in [turn % len(group.members)]
                    for member in ([approved[name]] if alone else group.members)
                    if (likeness := likenesses.get((row, member, at)))
                ),
                rule,
            )
            if best is None:
                continue
            name, answer = best
            is_right = _holds(case, answer)
            right += is_right
            other += is_right and name != case.group
            wrong += not is_right
            found += is_right and bool(case.group)
    return found / wanted if wanted else 0.0, right, other, wrong


def _answer_of(case: Case, assistant: Assistant) -> ApprovedAnswer:
    """What an editor would approve: every sentence of the plan that holds evidence of the case."""
    quotes = tuple(
        Quote(passage.document_id, sentence.start, sentence.end, sentence.text)
        for passage in assistant.retriever.index.passages
        for sentence in passage.sentences
        if any(_touch(text, sentence.text) for group in case.evidence for text in group)
    )
    return ApprovedAnswer(0, case.question, (), quotes)


def _holds(case: Case, answer: ApprovedAnswer) -> bool:
    """Whether approved quotes hold all evidence of a case; never for one that the plan does not answer."""
    quotes = [quote.text for quote in answer.quotes]
    return case.answerable and all(any(_touch(text, quote) for text in group for quote in quotes) for group in case.evidence)


@cache
def _touch(evidence: str, sentence: str) -> bool:
    wanted, text = fold(evidence), fold(sentence)
    return wanted in text or text in wanted
