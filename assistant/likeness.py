"""Whether two questions ask the same, decided strictly: a wrong match would put an approved mark on a wrong answer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from assistant.actor import COUNCIL
from assistant.asked import Asked, asking_part, compares, what_is_asked
from assistant.assistant import Assistant, Found
from assistant.compose import Pick
from assistant.decide import terms_of
from assistant.lead import read_lead
from assistant.period import Period, period_of
from assistant.topic import particular_numbers
from assistant.understand import Query
from corpus.fold import fold
from index.lexical import words

# Measured by `python -m evals approved`; how they were set stands in `evals/ABLATIONS.md`. What likens two questions does
# not tell them apart: those that differ in the one word that matters are as near as paraphrases are. So an approved answer
# is served where its own sentence is surely what answers the question anyway, read again in other ways, with the same words
# in it, and nothing is asked for that tells the two apart. What is only near is offered, and the person decides.
SURE_LOG_ODDS = 2.6
# In nearly the same words rather the same is asked: 0.1 of cosine is worth one of the log odds.
LOG_ODDS_PER_COSINE = 10.0
USUAL_COSINE = 0.9
# What another sentence answers nearly as well may want both.
SURE_AHEAD = 1.5
SAME_WORDS = 0.5
NEAR_COSINE = 0.86

# What both questions must ask for, or neither: all but something, an aim instead of what is (but not how many there are),
# how it was before something came.
_ASPECTS = {
    "except": re.compile("以外|のほか"),
    "aim": re.compile("目標(?![がは]?(?:全部で|何[個項つ]|いく))"),
    "before": re.compile(
        "(?:改正|変更|新設|開館|制定|施行|(?:変わ|変え|でき|始ま|作|つく)る)(?:の|より|以)*前(?![期年提後日])"
    ),
}
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
    ("next") or of none of them (""), `aspects` what a like question must ask for too, `asked` what is asked for in the end,
    after whatever is told before, and `compares` whether that is how several things differ. `read` has, for sentences at a
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
    asked: Asked
    compares: bool
    read: Mapping[Place, tuple[int, int]] | None


@dataclass(frozen=True, slots=True)
class Held:
    """What approved sentences hold, with their headings: where they begin, their terms, their numbers, and of which time.

    Of times only the plan before tells something: prose speaks of what comes next (「次のとおり」) in many ways.
    """

    places: frozenset[Place]
    terms: frozenset[str]
    numbers: frozenset[str]
    period: Period

    @classmethod
    def of(cls, places: Iterable[Place], texts: Iterable[str]) -> Held:
        """Return what the sentences at some places hold, by their texts and those of their headings."""
        found = list(texts)
        together = "\n".join(found)
        return cls(frozenset(places), terms_of(found), _numbers(together), period_of(fold(together)))


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near a question is to an approved one.

    `cosine` of the two questions; `identical` says that both are the same text but for their spelling. The rest is about the
    approved sentence that is the first of those that answer the question without approval: `same_words` how far both
    questions have the same words in it for their answer, 0 to 1, `ahead` by how many log odds it is before the best one that
    is not approved, and `certainty` the log odds that it answers, read again in other ways (None where it was not).
    """

    cosine: float
    identical: bool = False
    same_words: float = 0.0
    ahead: float = 0.0
    certainty: float | None = None

    def is_same(self) -> bool:
        """Whether the same is surely asked. What an editor approved for just these words holds for them."""
        return self.identical or (self.may_be_same() and self._log_odds() >= SURE_LOG_ODDS)

    def may_be_same(self) -> bool:
        """Whether the same words of the approved sentence answer both questions, and those of no other nearly as well."""
        return self.same_words >= SAME_WORDS and self.ahead >= SURE_AHEAD

    def _log_odds(self) -> float:
        if self.certainty is None:
            return -math.inf
        return self.certainty + LOG_ODDS_PER_COSINE * (self.cosine - USUAL_COSINE)

    def is_near(self, near: float = NEAR_COSINE) -> bool:
        """Whether the same may be asked."""
        return self.identical or self.cosine >= near


IDENTICAL = Likeness(1.0, identical=True)


def compare_all(
    asked: Wording, found: Found, approved: Sequence[tuple[Wording, Held]], assistant: Assistant
) -> list[Likeness | None]:
    """Return how near a question is to each approved wording, in their order.

    None where what would answer it begins with no approved sentence, or where they ask for other things.

    Args:
        asked: the question.
        found: what was found for it.
        approved: wordings of approved questions, each with what the sentences that were approved for it hold.
        assistant: over whose index all of it is.
    """
    likenesses = [_compare(asked, found, wording, held) for wording, held in approved]
    # More readings cost time, and all wordings share them.
    is_told = any(one and one.identical for one in likenesses)
    if is_told or not any(one and one.may_be_same() for one in likenesses):
        return likenesses
    certainty = _certainty(found, assistant)
    return [one and replace(one, certainty=certainty) for one in likenesses]


def _compare(asked: Wording, found: Found, wording: Wording, held: Held) -> Likeness | None:
    """How near two questions are by what costs no time."""
    if asked.spelt == wording.spelt:
        return IDENTICAL
    lead = found.ranked[0] if found.ranked else None
    if lead is None or place_of(lead) not in held.places or asks_for_another(asked, wording, held):
        return None
    reading, span = lead.candidate.reading, wording.read.get(place_of(lead)) if wording.read else None
    same_words = _overlap(reading.span, span) if reading and span else 0.0
    other = next((pick.log_odds for pick in found.ranked if place_of(pick) not in held.places), -math.inf)
    return Likeness(float(asked.vector @ wording.vector), same_words=same_words, ahead=lead.log_odds - other)


def _certainty(found: Found, assistant: Assistant) -> float | None:
    """The log odds that the first sentence answers, None where that cannot be read or is no answer."""
    reader, weights = assistant.reader, assistant.calibration.lead
    if reader is None or weights is None or not found.is_answered:
        return None
    signs = read_lead(found.query, found.ranked[0], found.probability, reader)
    return weights.log_odds(signs) if signs else None


def nearest(compared: Iterable[tuple[Likeness, Choice]], rule: Callable[[Likeness], bool]) -> Choice | None:
    """Return what is nearest to a question of all that a rule lets through, the first of equals; None of none."""
    passed = [(likeness, choice) for likeness, choice in compared if rule(likeness)]
    return max(passed, key=lambda one: one[0].cosine)[1] if passed else None


def asks_for_another(asked: Wording, wording: Wording, held: Held) -> bool:
    """Return whether a question asks for another place, number, period, aspect or kind of value, or for who else acts.

    What the approved sentences name tells nothing apart. Who speaks of the plan before need not give its number, nor who
    gives a number say that it is the plan before; of what is to come, no number is taken for granted. Who names no period
    may mean that of the approved question, but not the other way round.
    """
    return bool(
        asked.names - wording.terms - held.terms
        or wording.names - asked.terms - held.terms
        or (COUNCIL in asked.terms and COUNCIL not in wording.terms | held.terms)
        or asked.numbers - wording.numbers - held.numbers
        or (wording.numbers - asked.numbers and asked.period != "past")
        or (
            asked.period not in ("", wording.period)
            and not (asked.period == held.period == "past" or _is_numbered(asked, wording))
        )
        or asked.aspects != wording.aspects
        or (asked.asked.is_of_its_own_kind and asked.asked != wording.asked)
        or (asked.compares and not wording.compares)
    )


def ask_the_same(one: Wording, other: Wording, held: Held) -> bool:
    """Return whether nothing tells two questions apart, by what the sentences hold that would answer both."""
    same_kind = one.asked.kind == other.asked.kind
    return same_kind and not (asks_for_another(one, other, held) or asks_for_another(other, one, held))


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
    return replace(unread_wording(found.query, assistant), read=_spans_read(found, assistant))


def unread_wording(query: Query, assistant: Assistant) -> Wording:
    """Return a question as it is compared, but for what a reader makes of it."""
    text = query.standalone
    asking = asking_part(text)
    return Wording(
        text=fold(query.question.text),
        spelt=fold(text),
        vector=np.asarray(assistant.retriever.embeddings.embed_query(query.text), dtype=np.float32),
        terms=frozenset((*query.terms, *query.extra_terms)),
        names=frozenset(query.names).intersection(term for word in words(text) if word.is_of_one for term in word.terms),
        numbers=_numbers(text),
        period=period_of(text),
        aspects=frozenset(name for name, pattern in _ASPECTS.items() if pattern.search(text)),
        asked=what_is_asked(asking),
        compares=compares(asking),
        read=None,
    )


def _spans_read(found: Found, assistant: Assistant) -> Mapping[Place, tuple[int, int]] | None:
    spans = {place_of(pick): pick.candidate.reading.span for pick in found.ranked if pick.candidate.reading}
    return None if assistant.reader and found.ranked and not spans else spans


def _numbers(text: str) -> frozenset[str]:
    """The numbers that stand for one thing among several; years of an era by the common calendar, too."""
    eras = (_BEFORE_ERA[era] + (1 if year == "元" else int(year)) for era, year in _ERA_YEAR.findall(fold(text)))
    return frozenset((*particular_numbers(text), *map(str, eras)))
