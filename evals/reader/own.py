"""A city's own cases → examples, for a last stage in which the reader gets to know the plan that it will read.

Only cases that are not measured with may be given: those of `evals/cases/tuning`, never the held-back ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.assistant import Assistant
from assistant.question import parse_question
from assistant.reader import Text
from assistant.understand import Query
from corpus.fold import Folded, fold
from corpus.model import Sentence
from evals.cases import Case
from evals.reader.examples import Example
from evals.reader.plans import Evidence, PlanQuestion, plan_examples
from evals.reader.stages import cut_anew

# A longer stretch between the first and the last fact is no short answer.
MAX_ANSWER_CHARS = 60
# Of the questions that are most alike, the nearest that ask for something else are the ones to be told apart.
MOST_ALIKE = 40
PAIRS_ALIKE = 2


@dataclass(frozen=True, slots=True)
class _Asked:
    """A case as the search sees it: what follows from its turns, and the sentences that answer it."""

    case: Case
    query: Query
    question: PlanQuestion


def own_examples(assistant: Assistant, cases: Iterable[Case], as_found: int, seed: int) -> list[Example]:
    """Return what is learnt from cases on the assistant's own plan: its texts with each question, and pairs of questions.

    Texts that answer are read once more, cut anew. A case that is routed without a search is left out, and so is one whose
    evidence no single sentence holds.
    """
    rng = random.Random(seed)
    asked = list(_read(assistant, cases))
    found: list[Example] = []
    for one in asked:
        found += plan_examples(one.question, one.query, assistant.retriever, rng, as_found)
    return [*found, *cut_anew(found, 1, rng), *_pairs(assistant, asked)]


def _read(assistant: Assistant, cases: Iterable[Case]) -> Iterator[_Asked]:
    sentences = [sentence for passage in assistant.retriever.index.passages for sentence in passage.sentences]
    for case in cases:
        question = parse_question(case.question)
        if assistant.router.route(question):
            continue
        query = assistant.understanding.understand(question, [parse_question(text) for text in case.history])
        answering = [s for s in sentences if any(fold(text) in fold(s.text) for group in case.evidence for text in group)]
        if bool(answering) == case.answerable:
            evidence = tuple(Evidence((s.start, s.end), _answer(case, s)) for s in answering)
            yield _Asked(case, query, PlanQuestion(query.text, case.category, evidence))


def _answer(case: Case, sentence: Sentence) -> tuple[int, int] | None:
    """The span from the first to the last of the case's facts, if the sentence holds all of them near to one another."""
    spans = []
    text_of_sentence = Folded(sentence.text)
    for group in case.facts:
        found = [span for text in group for span in text_of_sentence.find_all(text)[:1]]
        if not found:
            return None
        spans.append(found[0])
    if not spans:
        return None
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    return (sentence.start + first, sentence.start + last) if last - first <= MAX_ANSWER_CHARS else None


def _pairs(assistant: Assistant, asked: Sequence[_Asked]) -> Iterator[Example]:
    """Questions of one group ask the same; of the most alike, those that other sentences answer, or none, do not."""
    vectors = np.array(assistant.retriever.embeddings.embed_documents([one.question.question for one in asked]))
    nearness = vectors @ vectors.T
    for row, one in enumerate(asked):
        nearest = [int(other) for other in np.argsort(-nearness[row]) if other != row]
        group = one.case.group
        same = [other for other in nearest if group and asked[other].case.group == group]
        different = [other for other in nearest[:MOST_ALIKE] if _ask_otherwise(one.question, asked[other].question)]
        for others, label in ((same, True), (different[:PAIRS_ALIKE], False)):
            for other in others:
                yield Example(one.question.question, Text("", asked[other].question.question), same=label)


def _ask_otherwise(one: PlanQuestion, other: PlanQuestion) -> bool:
    if bool(one.evidence) != bool(other.evidence):
        return True
    return bool(one.evidence) and not {e.sentence for e in one.evidence} & {e.sentence for e in other.evidence}
