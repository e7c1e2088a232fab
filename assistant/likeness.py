"""Whether two questions ask the same, decided strictly: a wrong match would put an approved mark on a wrong answer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from assistant.assistant import Assistant, Found
from assistant.compose import Pick
from assistant.decide import terms_of
from assistant.period import Period, period_of
from assistant.reader import Reader, Text
from assistant.topic import particular_numbers
from assistant.understand import Query
from corpus.fold import fold
from index.lexical import words

# Measured by `python -m evals approved`; how they were set stands in `evals/ABLATIONS.md`. What likens two questions does
# not tell them apart: those that differ in the one word that matters are as near as paraphrases are. So an approved answer
# is served where the reader is sure that its own sentence is what answers anyway, also when it reads that in other ways, for
# the same words in it, takes the two questions not for different ones, and nothing is named that tells them apart. What is
# only near is offered, and the person decides.
SURE_PROBABILITY = 0.9
SURE_ANSWERABLE = 4.6
SURE_AHEAD = 1.5
SURE_COSINE = 0.8
SAME_WORDS = 0.5
MAYBE_SAME = -2.0
NEAR_COSINE = 0.86

# What both questions must ask for, or neither: all but something, an aim instead of what is.
_ASPECTS = {"except": re.compile("以外|のほか"), "aim": re.compile("目標")}
# What a 市 and its social welfare council do stands side by side, and a question for the one is like that for the other.
_COUNCIL = "社協"
_ERA_YEAR = re.compile(r"(令和|平成|昭和)(元|\d+)")
_BEFORE_ERA = {"令和": 2018, "平成": 1988, "昭和": 1925}

Place = tuple[str, int]
Choice = TypeVar("Choice")


@dataclass(frozen=True, slots=True)
class Wording:
    """A question as it is compared.

    `text` is folded, and so is `spelt`, which has the plan's spelling; `vector` is of unit length. `terms` are its own and
    what the plan calls them, `names` its places and persons, `numbers` the years, terms and aims it names, `period` whether
    it speaks of the plan (or survey, or meeting) before ("past"), of one still before that ("earlier"), of the one to come
    ("next") or of none of them (""), `aspects` what a like question must ask for too. `read` has, for sentences at a
    document and a start, the span in them that the reader takes for the answer, nothing without a reader; None where it had
    no time.
    """

    text: str
    spelt: str
    vector: npt.NDArray[np.float32]
    terms: frozenset[str]
    names: frozenset[str]
    numbers: frozenset[str]
    period: Period
    aspects: frozenset[str]
    read: Mapping[Place, tuple[int, int]] | None


@dataclass(frozen=True, slots=True)
class Held:
    """What approved sentences hold, with their headings: where they begin, their terms and their numbers."""

    places: frozenset[Place]
    terms: frozenset[str]
    numbers: frozenset[str]

    @classmethod
    def of(cls, places: Iterable[Place], texts: Iterable[str]) -> Held:
        """Return what the sentences at some places hold, by their texts and those of their headings."""
        found = list(texts)
        return cls(frozenset(places), terms_of(found), _numbers("\n".join(found)))


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near a question is to an approved one.

    `cosine` of the two questions; `identical` says that both are the same text but for their spelling. The rest is about the
    approved sentence that is the first of those that would answer the question without approval: `probability` that the
    question is answered so, `ahead` by how many log odds it is before the best one that is not approved, `same_words` how
    far both questions have the same words in it for their answer, 0 to 1, `answerable` the reader's log odds that it
    answers, the mean of three readings, and `same` those that both ask the same (None where it did not read so often, or
    compare).
    """

    cosine: float
    identical: bool = False
    probability: float = 0.0
    ahead: float = 0.0
    same_words: float = 0.0
    answerable: float | None = None
    same: float | None = None

    def is_same(self, probability: float = SURE_PROBABILITY) -> bool:
        """Whether the same is surely asked. What an editor approved for just these words holds for them."""
        is_taken_for_same = self.same is not None and self.same >= MAYBE_SAME
        return self.identical or (self._has_same_answer(probability) and self.is_surely_answered() and is_taken_for_same)

    def is_open(self) -> bool:
        """Whether only more readings, which cost time, can tell whether the same is asked."""
        return (self.answerable is None or self.same is None) and self._has_same_answer(SURE_PROBABILITY)

    def is_surely_answered(self) -> bool:
        """Whether the reader, having read three times, is sure that the approved sentence answers."""
        return self.answerable is not None and self.answerable >= SURE_ANSWERABLE

    def _has_same_answer(self, probability: float) -> bool:
        is_answered = self.probability >= probability and self.ahead >= SURE_AHEAD
        return is_answered and self.same_words >= SAME_WORDS and self.cosine >= SURE_COSINE

    def is_near(self, near: float = NEAR_COSINE) -> bool:
        """Whether the same may be asked."""
        return self.identical or self.cosine >= near


IDENTICAL = Likeness(1.0, identical=True)


def compare_all(
    asked: Wording, found: Found, approved: Sequence[tuple[Wording, Held]], assistant: Assistant
) -> list[Likeness | None]:
    """Return how near a question is to each approved wording, in their order.

    None where what would answer it begins with no approved sentence, or where they name other things.

    Args:
        asked: the question.
        found: what was found for it.
        approved: wordings of approved questions, each with what the sentences that were approved for it hold.
        assistant: over whose index all of it is.
    """
    likenesses = [_compare(asked, found, wording, held) for wording, held in approved]
    reader = assistant.reader
    if reader is None or not any(likeness and likeness.is_open() for likeness in likenesses):
        return likenesses
    answerable = _read_again(asked, found.ranked[0], reader)
    same: dict[str, float | None] = {}
    for at, (likeness, (wording, _)) in enumerate(zip(likenesses, approved, strict=True)):
        if likeness and likeness.is_open():
            read = replace(likeness, answerable=answerable)
            if read.is_surely_answered() and wording.spelt not in same:
                same[wording.spelt] = reader.same(asked.spelt, wording.spelt)
            likenesses[at] = replace(read, same=same.get(wording.spelt))
    return likenesses


def _compare(asked: Wording, found: Found, wording: Wording, held: Held) -> Likeness | None:
    """How near two questions are by what costs no time."""
    if asked.spelt == wording.spelt:
        return IDENTICAL
    lead = found.ranked[0] if found.ranked else None
    if lead is None or place_of(lead) not in held.places or names_another(asked, wording, held):
        return None
    place, reading = place_of(lead), lead.candidate.reading
    other = next((pick.log_odds for pick in found.ranked if place_of(pick) not in held.places), -math.inf)
    span = wording.read.get(place) if wording.read else None
    return Likeness(
        cosine=float(asked.vector @ wording.vector),
        probability=found.probability,
        ahead=lead.log_odds - other,
        same_words=_overlap(reading.span, span) if reading and span else 0.0,
    )


def _read_again(asked: Wording, lead: Pick, reader: Reader) -> float | None:
    """Return the mean log odds of three readings that a sentence answers; None where the reader has no time.

    The first was of the question with the plan's words behind it, which make a text look more like an answer than it is.
    So the question alone is read with the passage whole, and with the sentence alone: an answer is one in all three.
    """
    passage, first = lead.passage, lead.candidate.reading
    texts = [Text(passage.context, passage.text), Text(passage.context, lead.sentence.text)]
    readings = reader.read(asked.spelt, texts)
    if readings is None or first is None:
        return None
    return fmean((first.answerable, *(one.answerable for one in readings)))


def nearest(compared: Iterable[tuple[Likeness, Choice]], rule: Callable[[Likeness], bool]) -> Choice | None:
    """Return what is nearest to a question of all that a rule lets through, the first of equals; None of none."""
    passed = [(likeness, choice) for likeness, choice in compared if rule(likeness)]
    return max(passed, key=lambda one: one[0].cosine)[1] if passed else None


def names_another(asked: Wording, wording: Wording, held: Held) -> bool:
    """Return whether a question names a place or a number that the other does not, or who else acts, a period or an aspect.

    What the approved sentences name tells nothing apart. Who speaks of the plan before need not give its number, nor who
    gives a number say that it is the plan before; of what is to come, no number is taken for granted. Who names no period
    may mean that of the approved question, but not the other way round.
    """
    return bool(
        asked.names - wording.terms - held.terms
        or wording.names - asked.terms - held.terms
        or (_COUNCIL in asked.terms and _COUNCIL not in wording.terms | held.terms)
        or asked.numbers - wording.numbers - held.numbers
        or (wording.numbers - asked.numbers and asked.period != "past")
        or (asked.period not in ("", wording.period) and not _is_numbered(asked, wording))
        or asked.aspects != wording.aspects
    )


def _is_numbered(asked: Wording, wording: Wording) -> bool:
    """Whether the one of two that speaks of no period gives a number instead."""
    return any(bool(one.numbers) and not one.period for one in (asked, wording))


def place_of(pick: Pick) -> Place:
    """Return where a sentence stands: its document and its start."""
    return pick.passage.document_id, pick.sentence.start


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> float:
    """What two spans share of what they cover together, 0 to 1."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return max(0, shared) / max(1, max(one[1], other[1]) - min(one[0], other[0]))


def can_be_compared(query: Query) -> bool:
    """Whether a question may be one that was approved: it is Japanese and points back to no earlier turn."""
    return query.language == "ja" and query.stands_alone


def wording_of(found: Found, assistant: Assistant) -> Wording:
    """Return a question as it is compared, by what was found for it."""
    query = found.query
    text = query.standalone
    return Wording(
        text=fold(query.question.text),
        spelt=fold(text),
        vector=np.asarray(assistant.retriever.embeddings.embed_query(query.text), dtype=np.float32),
        terms=frozenset((*query.terms, *query.extra_terms)),
        names=frozenset(query.names).intersection(term for word in words(text) if word.is_of_one for term in word.terms),
        numbers=_numbers(text),
        period=period_of(text),
        aspects=frozenset(name for name, pattern in _ASPECTS.items() if pattern.search(text)),
        read=_spans_read(found, assistant),
    )


def _spans_read(found: Found, assistant: Assistant) -> Mapping[Place, tuple[int, int]] | None:
    spans = {place_of(pick): pick.candidate.reading.span for pick in found.ranked if pick.candidate.reading}
    return None if assistant.reader and found.ranked and not spans else spans


def _numbers(text: str) -> frozenset[str]:
    """The numbers that stand for one thing among several; years of an era by the common calendar, too."""
    eras = (_BEFORE_ERA[era] + (1 if year == "元" else int(year)) for era, year in _ERA_YEAR.findall(fold(text)))
    return frozenset((*particular_numbers(text), *map(str, eras)))
