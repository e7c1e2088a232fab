"""How surely an approved answer is found: groups of questions that ask the same, and all the others that must not match."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from assistant.approved import ApprovedAnswer, Quote, held_by, proposed_wordings
from assistant.assistant import Assistant, Found, Turn
from assistant.errors import InvalidQuestionError
from assistant.likeness import Held, Likeness, Wording, can_be_compared, compare_all, nearest, wording_of
from assistant.question import Question
from assistant.understand import understanding_of
from corpus.fold import fold
from evals.cases import Case
from evals.reader.plans import Plan, cases_of, retriever_for

# Each of the first three questions of a group is once the approved one.
ROTATIONS = 3
FORMER_COSINE = 0.97

# Which wordings are approved: one of a group, with it those that are chosen unless an editor leaves them out, or all of a
# group but the one that is asked.
Wordings = Literal["one", "with proposed", "all others"]

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
    wordings: Wordings
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
    """Yield the figures of each rule, by one wording of the approved question, with those proposed, and by all others."""
    groups, proposed = _groups_of(examined, assistant)
    likenesses = _compare_all(examined, groups, proposed, assistant)
    cases = [one.case for one in examined]
    for title, rule in RULES.items():
        for wordings in get_args(Wordings):
            figures = count_matches(cases, groups, likenesses, rule, wordings)
            yield ApprovedRow(name, len(groups), title, wordings, *figures)


@dataclass(frozen=True, slots=True)
class Group:
    """Cases that ask the same, as positions among all, with what an editor would approve for the first of them.

    `proposed` has for each of these answers the other wordings that the editor finds chosen.
    """

    members: Sequence[int]
    answers: Sequence[ApprovedAnswer]
    proposed: Sequence[Sequence[str]] = field(default_factory=lambda: [()] * ROTATIONS)


# How near a question is to a wording, by the answer that is approved for a group: the group's name and the answer's
# position in it, the question's position among the cases, and the wording, as a case's position or as a proposed text.
Likenesses = Mapping[tuple[str, int, int, int | str], Likeness]


def _groups_of(examined: Sequence[ExaminedCase], assistant: Assistant) -> tuple[dict[str, Group], dict[str, Wording]]:
    """Return the groups by their names, with what would be approved in each turn, and the proposed wordings."""
    members: dict[str, list[int]] = {}
    for row, one in enumerate(examined):
        if one.case.group:
            members.setdefault(one.case.group, []).append(row)
    groups = {}
    for name, rows in sorted(members.items()):
        answers = [_answer_of(examined[row].case, assistant) for row in rows[:ROTATIONS]]
        asked = [proposed_wordings(Question(one.question), one.quotes, assistant) for one in answers]
        proposed = [[one.text for one in proposals if one.asks_the_same] for proposals in asked]
        groups[name] = Group(rows, answers, proposed)
    texts = {text for group in groups.values() for proposed in group.proposed for text in proposed}
    return groups, {text: wording_of(assistant.find(Question(text)), assistant) for text in texts}


def _compare_all(
    examined: Sequence[ExaminedCase], groups: Mapping[str, Group], proposed: Mapping[str, Wording], assistant: Assistant
) -> Likenesses:
    index = assistant.retriever.index
    approved: list[tuple[tuple[str, int, int | str], tuple[Wording, Held]]] = []
    for name, group in groups.items():
        members = [(member, wording) for member in group.members if (wording := examined[member].wording)]
        for turn, answer in enumerate(group.answers):
            held = held_by(answer, index)
            wordings: list[tuple[int | str, Wording]] = [
                *members,
                *((text, proposed[text]) for text in group.proposed[turn]),
            ]
            approved += [((name, turn, key), (wording, held)) for key, wording in wordings]
    likenesses: dict[tuple[str, int, int, int | str], Likeness] = {}
    for row, one in enumerate(examined):
        if one.found and one.wording:
            others = [(key, what) for key, what in approved if key[2] != row]
            compared = compare_all(one.wording, one.found, [what for _, what in others], assistant)
            likenesses |= {
                (name, turn, row, wording): likeness
                for likeness, ((name, turn, wording), _) in zip(compared, others, strict=True)
                if likeness
            }
    return likenesses


def count_matches(
    cases: Sequence[Case], groups: Mapping[str, Group], likenesses: Likenesses, rule: Rule, wordings: Wordings
) -> tuple[float, int, int, int]:
    """Return recall, right, of other questions and wrong, as `ApprovedRow` has them.

    Args:
        cases: all that are asked, but for the one of each group that is approved in a turn.
        groups: of these cases, by their names.
        likenesses: of these cases with the groups' members and with the wordings proposed for them.
        rule: which likenesses are a match.
        wordings: which are approved.
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
                    for wording in _approved_wordings(group, at, wordings)
                    if (likeness := likenesses.get((name, at, row, wording)))
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


def _approved_wordings(group: Group, turn: int, wordings: Wordings) -> Sequence[int | str]:
    one = group.members[turn]
    match wordings:
        case "one":
            return [one]
        case "with proposed":
            return [one, *group.proposed[turn]]
        case "all others":
            return group.members


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
