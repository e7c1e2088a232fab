"""A city's own cases → examples, for a last stage in which the reader gets to know the plan that it will read.

Only cases that are not measured with may be given: those of `evals/cases/tuning`, never the held-back ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from assistant.assistant import Assistant
from assistant.likeness import can_be_compared
from assistant.question import parse_question
from assistant.reader import Text
from assistant.understand import Query
from corpus.fold import Folded, fold
from corpus.model import Sentence
from evals.cases import Case
from evals.reader.examples import Example
from evals.reader.plans import Evidence, PlanQuestion, plan_examples
from evals.reader.recipe import Recipe
from evals.reader.stages import cut_anew

# A longer stretch between the first and the last fact is no short answer.
MAX_ANSWER_CHARS = 60
# The share of texts that is read for the question alone, without the plan's words behind it, as approved answers are.
ALONE = 0.3

# Pairs for each question: with others that ask the same, and with the nearest of the most alike that ask for something else.
# What is answered by the same words of the same sentence asks the same, but not if little in the questions is alike.
PAIRS_SAME = 4
PAIRS_ALIKE = 6
MOST_ALIKE = 25
SAME_COSINE = 0.8


@dataclass(frozen=True, slots=True)
class _Asked:
    """A case as the search sees it: what follows from its turns, the sentences that answer it, and which words of them."""

    case: Case
    query: Query
    question: PlanQuestion
    words: frozenset[str]

    @property
    def sentences(self) -> frozenset[tuple[int, int]]:
        return frozenset(evidence.sentence for evidence in self.question.evidence)

    def asks_same(self, other: _Asked) -> bool:
        """Whether both surely want the same: the same words of the same sentences, or the same several sentences."""
        return (
            self.sentences == other.sentences and self.words == other.words and (bool(self.words) or len(self.sentences) > 1)
        )

    def asks_otherwise(self, other: _Asked) -> bool:
        """Whether both surely want different things: sentences without one in common, or other words of the same."""
        if not self.sentences or not other.sentences:
            return self.sentences != other.sentences
        if self.sentences != other.sentences:
            return not self.sentences & other.sentences
        words = [(one, another) for one in self.words for another in other.words]
        return bool(words) and not any(one in another or another in one for one, another in words)


def own_examples(assistant: Assistant, cases: Iterable[Case], recipe: Recipe) -> list[Example]:
    """Return what is learnt from cases on the assistant's own plan: its texts with each question, and pairs of questions.

    Texts that answer are read once more, cut anew; then as many texts and pairs are drawn as the recipe says. A case that is
    routed without a search is left out, and so is one whose evidence no single sentence holds.
    """
    rng = random.Random(recipe.draw)
    asked = list(_read(assistant, cases))
    found: list[Example] = []
    for one in asked:
        read = plan_examples(one.question, one.query, assistant.retriever, rng, recipe.as_found)
        found += [replace(text, question=fold(one.query.standalone)) if rng.random() < ALONE else text for text in read]
    found += list(cut_anew(found, 1, rng))
    pairs = list(_pairs(assistant, asked, rng))
    return [*_some(found, recipe.own_texts, rng), *_some(pairs, recipe.own_pairs, rng)]


def _some(examples: list[Example], count: int, rng: random.Random) -> list[Example]:
    return rng.sample(examples, min(count, len(examples))) if count else examples


def _read(assistant: Assistant, cases: Iterable[Case]) -> Iterator[_Asked]:
    sentences = [sentence for passage in assistant.retriever.index.passages for sentence in passage.sentences]
    for case in cases:
        question = parse_question(case.question)
        if assistant.router.route(question):
            continue
        query = assistant.understanding.understand(question, [parse_question(text) for text in case.history])
        answering = [s for s in sentences if any(fold(text) in fold(s.text) for group in case.evidence for text in group)]
        if bool(answering) == case.answerable:
            answers = [(s, _answer(case, s)) for s in answering]
            evidence = tuple(Evidence((s.start, s.end), answer) for s, answer in answers)
            words = frozenset(fold(s.text[span[0] - s.start : span[1] - s.start]) for s, span in answers if span)
            yield _Asked(case, query, PlanQuestion(query.text, case.category, evidence), words)


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


def _pairs(assistant: Assistant, asked: Sequence[_Asked], rng: random.Random) -> Iterator[Example]:
    """Questions of one group ask the same, and near ones with one answer; of the most alike, those with another do not."""
    compared = [one for one in asked if can_be_compared(one.query)]
    texts = [fold(one.query.standalone) for one in compared]
    vectors = np.array(assistant.retriever.embeddings.embed_documents(texts))
    nearness = vectors @ vectors.T
    for row, one in enumerate(compared):
        nearest = [int(other) for other in np.argsort(-nearness[row]) if other != row]
        same = [
            other
            for other in nearest
            if (one.case.group and compared[other].case.group == one.case.group)
            or (nearness[row, other] > SAME_COSINE and one.asks_same(compared[other]))
        ]
        different = [n for n in nearest[:MOST_ALIKE] if n not in same and one.asks_otherwise(compared[n])]
        chosen = rng.sample(same, min(PAIRS_SAME, len(same)))
        for others, label in ((chosen, True), (different[:PAIRS_ALIKE], False)):
            for other in others:
                yield Example(texts[row], Text("", texts[other]), same=label)
