"""Whether what was found answers the question, or the plan does not say. A calibrated sum of signs, no guess."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean

from assistant.actor import is_anothers_doing
from assistant.asked import find_value
from assistant.calibration import Logistic
from assistant.compose import Pick, explains, speaks_of
from assistant.period import is_of_another_plan
from assistant.topic import FRAME_TERMS, particular_numbers
from assistant.understand import Query
from corpus.fold import fold
from index.fusion import Hit
from index.lexical import terms
from index.search_index import SearchIndex

# Of 400 nouns of ten invented plans 373 are answered, 346 of them first with a sentence that has the noun (by the signs
# alone 279); of 400 that stand nowhere in a plan, 10 (by the signs alone 31; `python -m evals named`).
PROBABILITY_OF_WHAT_IS_SAID = 0.9
PROBABILITY_OF_THE_UNWRITTEN = 0.1
# The reader's log odds. Of 23 questions on eleven plans that only name what is written nowhere, none of the 18 that cannot
# be answered is above it, and three of the five that can (all with a slip of the keyboard or in other words).
SURE_OF_EVIDENCE = 2.0


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for and against an answer; all between 0 and 1 but the cosines and the log odds.

    The log odds of the reader are 0 where nothing was read.
    """

    sentence: float  # log odds of the best chosen sentence, as it was ranked
    evidence: float  # the reader's log odds of the best sentence that it read
    answerable: float  # and of the best passage
    answerable_around: float  # and the mean of all passages: where each holds a little, none may hold it
    span: float  # and of the best words
    best_cosine: float  # of the best chosen sentence with the question
    asked: float  # of the nearest question that a chosen sentence is known to answer, or of the sentence if that is higher
    passage_cosine: float  # of the best passage
    topics_unknown: float  # share of the question's topics that no document holds, weighted by rarity
    topics_missing: float  # share of its topics that the chosen sentences and their headings do not hold
    value_missing: float  # 1 if a date, a number, a place … is asked for and the best sentence has none of the kind
    value_elsewhere: float  # share of the topics that the sentence with the value does not hold itself
    focus_missing: float  # 1 if the sentences hold neither what is asked for (営業日) nor its head (日), ½ if only the head
    name_unknown: float  # 1 if the question names a place, person or organisation that no document holds
    number_missing: float  # 1 if the question names a 第５期, a 第９９条 or a year that the chosen sentences have not
    no_topics: float  # 1 if there are no topics to check, as in another language


def read_signs(
    query: Query, picks: Sequence[Pick], ranked: Sequence[Pick], hits: Sequence[Hit], index: SearchIndex
) -> Signs:
    """Return the signs for the sentences chosen among all that were ranked; nothing may be empty."""
    held = _held(picks)
    topics = topics_of(query)
    # Numbered headings say which 基本目標 a sentence belongs to, their own section numbers say nothing.
    text = fold(
        "\n".join([*(pick.sentence.text for pick in picks), *(h for pick in picks for h in pick.passage.section[1:])])
    )
    numbers = particular_numbers(query.question.text)
    readings = [pick.candidate.reading for pick in picks if pick.candidate.reading]
    best_answerable: dict[str, float] = {}
    for pick in ranked:
        if reading := pick.candidate.reading:
            known = best_answerable.get(pick.passage.id, reading.answerable)
            best_answerable[pick.passage.id] = max(known, reading.answerable)
    value = picks[0].candidate.value
    return Signs(
        sentence=picks[0].log_odds,
        evidence=max((reading.evidence for reading in readings), default=0.0),
        answerable=max((reading.answerable for reading in readings), default=0.0),
        answerable_around=fmean(best_answerable.values()) if best_answerable else 0.0,
        span=max((reading.span_odds for reading in readings), default=0.0),
        best_cosine=max(pick.candidate.cosine for pick in picks),
        asked=max(pick.candidate.asked for pick in picks),
        passage_cosine=max(hit.candidate.dense for hit in hits),
        topics_unknown=share_missing(topics, index.vocabulary, index),
        topics_missing=share_missing(topics, held, index),
        value_missing=float(query.asked.needs_value and not value),
        value_elsewhere=share_missing(topics, _held(picks[:1]), index) if value else 0.0,
        focus_missing=_focus_missing(query.focus, text),
        name_unknown=float(any(not index.knows(name) for name in query.names)),
        number_missing=float(any(number not in text for number in numbers)),
        no_topics=float(not topics),
    )


def probability_of(query: Query, picks: Sequence[Pick], signs: Signs, weights: Logistic, index: SearchIndex) -> float:
    """Return how likely the sentences chosen answer, 0 to 1: by the signs, but where the documents' own words say it.

    Who asks what a term means, or only names something, is answered by a sentence that defines it or holds all of it. What
    stands in no document under any name is not in the plan, unless the reader is sure that some sentence means it. What the
    plan says of itself is no answer to who asks for the one before or after it, nor what the city does to who asks what its
    social welfare council does; and who asks for a price or an age is answered by none that has none.
    """
    probability = weights.probability(signs)
    sentences, headings = [pick.sentence.text for pick in picks], [pick.passage.context for pick in picks]
    sections = [pick.passage.section for pick in picks]
    if is_anothers_doing(query.standalone, sentences, sections):
        return min(probability, PROBABILITY_OF_THE_UNWRITTEN)
    if query.asked.is_plain_to_see and not any(find_value(query.asked, sentence) for sentence in sentences):
        return min(probability, PROBABILITY_OF_THE_UNWRITTEN)
    # One of several documents may be that plan itself.
    if len(index.documents) == 1 and is_of_another_plan(query.question.text, sentences, headings):
        return min(probability, PROBABILITY_OF_THE_UNWRITTEN)
    if explains(picks[0], query) or speaks_of(picks[0], query):
        return max(probability, PROBABILITY_OF_WHAT_IS_SAID)
    if query.is_unwritten and signs.evidence < SURE_OF_EVIDENCE:
        return min(probability, PROBABILITY_OF_THE_UNWRITTEN)
    return probability


def topics_of(query: Query) -> tuple[str, ...]:
    """Return the topics of a question that say what about it is asked, not how."""
    return tuple(topic for topic in query.topics if topic not in FRAME_TERMS)


def terms_of(texts: Iterable[str]) -> frozenset[str]:
    """Return the terms of all of several texts, such as sentences and their headings."""
    return frozenset().union(*map(_terms_of_one, texts))


@lru_cache(maxsize=8192)
def _terms_of_one(text: str) -> frozenset[str]:
    """A term is looked up in a dictionary, and the same sentences answer many questions."""
    return frozenset(terms(text))


def _held(picks: Sequence[Pick]) -> frozenset[str]:
    """The terms of sentences and their headings."""
    return terms_of(text for pick in picks for text in (pick.sentence.text, pick.passage.context))


def share_missing(wanted: Sequence[str], held: Collection[str], index: SearchIndex) -> float:
    """Return the share of terms that are not held, weighted by how rare they are; 0 if none is wanted."""
    weights = {term: index.rarity(term) for term in wanted}
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term not in held) / total if total else 0.0


def _focus_missing(focus: Sequence[str], text: str) -> float:
    if not focus or FRAME_TERMS & set(focus):
        return 0.0
    return sum(fold(part) not in text for part in focus) / len(focus)
