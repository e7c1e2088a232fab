"""Cases on a document → the questions that are anticipated for it (`corpus/questions.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np

from corpus.fold import fold
from corpus.questions import QuestionLine
from evals.cases import Case
from index.embed import IdentifiedEmbeddings, embed_all

# Of two questions with an answer in common that are nearer than this, one tells as much as both. Of 4,346 questions on the
# shipped plan 1,526 are left at 0.93 and 1,146 at 0.92; embedding them is what an index is built for longest, and it has 20
# seconds. With fewer cases, 2,270 at 0.96 and 1,274 at 0.93 were as good: the evidence of the calibration cases was quoted
# for 0.956 and 0.955 of them.
ALIKE = 0.92


def anticipate(cases: Iterable[Case], embeddings: IdentifiedEmbeddings) -> list[QuestionLine]:
    """Return the answerable questions that stand by themselves, but for those that say what one before them says."""
    asked = [case for case in cases if case.answerable and not case.history]
    vectors = embed_all(embeddings, [case.question for case in asked])
    kept: list[int] = []
    for row, case in enumerate(asked):
        same = [other for other in kept if _share_an_answer(asked[other], case)]
        if not same or np.max(vectors[same] @ vectors[row]) < ALIKE:
            kept.append(row)
    return [_line(asked[row]) for row in kept]


def _share_an_answer(one: Case, other: Case) -> bool:
    """Whether what answers one of them holds what answers the other."""
    answers, others = (_answers_of(case) for case in (one, other))
    return any(a in b or b in a for a in answers for b in others)


@cache
def _answers_of(case: Case) -> tuple[str, ...]:
    return tuple(fold(text) for group in case.evidence for text in group)


def _line(case: Case) -> QuestionLine:
    return QuestionLine(question=case.question, answers=tuple(text for group in case.evidence for text in group))


def as_jsonl(lines: Sequence[QuestionLine]) -> str:
    """Return the text of a `.questions.jsonl`."""
    return "".join(line.model_dump_json() + "\n" for line in lines)
