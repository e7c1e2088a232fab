"""How surely an approved answer is found: groups of questions that ask the same, and all the others that must not match."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from assistant.approved import (
    NEAR_COSINE,
    SURE_COSINE,
    ApprovedAnswer,
    Likeness,
    Quote,
    Wording,
    can_be_compared,
    compare,
    wording_of,
)
from assistant.assistant import Assistant, Found, Turn
from assistant.errors import InvalidQuestionError
from corpus.fold import fold
from evals.cases import Case

# Each of the first three questions of a group is once the approved one.
ROTATIONS = 3
SERVED = (0.90, 0.92, 0.94, 0.96, SURE_COSINE, 0.98)
OFFERED = (0.84, NEAR_COSINE, 0.88, 0.90)

Rule = Callable[[Likeness], bool]


@dataclass(frozen=True, slots=True)
class ExaminedCase:
    """A case with what was found for it; None where its question was routed elsewhere or could not be asked."""

    case: Case
    found: Found | None
    wording: Wording | None


@dataclass(frozen=True, slots=True)
class ApprovedRow:
    """One rule on one half of the groups.

    `recall` is the share of a group's other questions that get an answer with their evidence. `right` and `wrong` count the
    matches of all questions, those of no group too: right is one whose approved quotes hold all evidence of the question.
    """

    rule: str
    groups: str
    wordings: str
    recall: float
    right: int
    wrong: int

    @property
    def figures(self) -> tuple[float, int, int, float]:
        """Recall, right, wrong and the precision, 1 where nothing matched."""
        matched = self.right + self.wrong
        return self.recall, self.right, self.wrong, self.right / matched if matched else 1.0


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
        examined.append(ExaminedCase(case, alone, wording_of(alone.query, assistant) if alone else None))
        done()
    return examined


def measure_approved(examined: Sequence[ExaminedCase], assistant: Assistant) -> Iterator[ApprovedRow]:
    """Yield the figures of each threshold, on each half of the groups."""
    names = sorted({one.case.group for one in examined if one.case.group})
    halves = (("one half", set(names[::2])), ("other half", set(names[1::2])))
    for title, thresholds, rule_of in (("served", SERVED, _served), ("offered", OFFERED, _offered)):
        for threshold in thresholds:
            for half, groups in halves:
                for wordings in ("one", "all others"):
                    rule = rule_of(threshold)
                    figures = _measure(examined, groups, assistant, rule, alone=wordings == "one")
                    yield ApprovedRow(f"{title} {threshold:.2f}", half, wordings, *figures)


def _served(threshold: float) -> Rule:
    return lambda near: near.is_same(threshold)


def _offered(threshold: float) -> Rule:
    return lambda near: near.identical or near.is_near(threshold)


def _measure(
    examined: Sequence[ExaminedCase], groups: set[str], assistant: Assistant, rule: Rule, *, alone: bool
) -> tuple[float, int, int]:
    answers = {one.case.id: _answer_of(one.case, assistant) for one in examined if one.case.group in groups}
    members = {name: [one for one in examined if one.case.group == name] for name in sorted(groups)}
    found = wanted = right = wrong = 0
    for turn in range(ROTATIONS):
        approved = {name: ones[turn % len(ones)] for name, ones in members.items()}
        for one in examined:
            if (one.case.group and one.case.group not in groups) or one in approved.values():
                continue
            wordings = {
                name: [approved[name]] if alone else [other for other in members[name] if other is not one]
                for name in members
            }
            its_answers = {name: answers[its.case.id] for name, its in approved.items()}
            matched = _match(one, its_answers, wordings, assistant.calibration.threshold, rule)
            is_right = matched is not None and _holds(one.case, matched)
            right += matched is not None and is_right
            wrong += matched is not None and not is_right
            wanted += bool(one.case.group)
            found += bool(one.case.group) and is_right
    return found / wanted if wanted else 0.0, right, wrong


def _match(
    one: ExaminedCase,
    answers: dict[str, ApprovedAnswer],
    wordings: dict[str, list[ExaminedCase]],
    threshold: float,
    rule: Rule,
) -> ApprovedAnswer | None:
    """The approved answer that a question gets."""
    if one.found is None or one.wording is None:
        return None
    best: tuple[float, ApprovedAnswer] | None = None
    for name, answer in answers.items():
        texts = [other.wording for other in wordings[name] if other.wording]
        near = compare(one.wording, texts, answer, one.found, threshold)
        if near and rule(near) and (best is None or near.cosine > best[0]):
            best = (near.cosine, answer)
    return best[1] if best else None


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
