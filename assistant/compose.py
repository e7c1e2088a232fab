"""Hits → the fewest verbatim sentences that answer, best first. Decides nothing about whether they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.asked import find_value
from assistant.understand import Query
from corpus.model import Passage, Sentence
from index.fusion import Hit
from index.search_index import ScoredSentence


@dataclass(frozen=True, slots=True)
class Selection:
    """How sentences are scored and how many are taken.

    Cosines of the default model differ by hundredths between a sentence that answers and one that does not, the other
    signs by tenths; hence the weights' sizes. A further sentence is taken if its score is near to the best one's and it
    shares words with the question or means nearly the same: that drops a tenth of the sentences that are beside the
    point, and no evidence. The figures are in evals/ABLATIONS.md.
    """

    passages_read: int = 10
    cosine: float = 10.0
    overlap: float = 1.0
    passage: float = 0.25
    value_bonus: float = 0.4
    max_sentences: int = 3
    further_margin: float = 1.5
    further_overlap: float = 0.2
    further_cosine_margin: float = 0.01


DEFAULT_SELECTION = Selection()


@dataclass(frozen=True, slots=True)
class Pick:
    """A sentence that was chosen, with what speaks for it."""

    passage: Passage
    sentence: Sentence
    scored: ScoredSentence
    score: float
    value: tuple[int, int] | None


def pick_sentences(query: Query, hits: Sequence[Hit], selection: Selection) -> list[Pick]:
    """Return the sentences to answer with, best first; none if no hit can be quoted."""
    ranked = rank_sentences(query, hits, selection)
    if not ranked:
        return []
    best = ranked[0]
    chosen = [best]
    for pick in ranked[1:]:
        if len(chosen) == selection.max_sentences or best.score - pick.score > selection.further_margin:
            break
        near = pick.scored.cosine >= best.scored.cosine - selection.further_cosine_margin
        if near or pick.scored.overlap > selection.further_overlap:
            chosen.append(pick)
    return chosen


def rank_sentences(query: Query, hits: Sequence[Hit], selection: Selection) -> list[Pick]:
    """Return all sentences of the best passages that can be quoted, best first."""
    picks = [
        _score(query, hit, scored, selection)
        for hit in hits[: selection.passages_read]
        if hit.candidate.passage.quotable
        for scored in hit.candidate.sentences
    ]
    return sorted(picks, key=lambda pick: -pick.score)


def _score(query: Query, hit: Hit, scored: ScoredSentence, selection: Selection) -> Pick:
    value = find_value(query.asked, scored.sentence.text)
    score = (
        selection.cosine * scored.cosine
        + selection.overlap * scored.overlap
        + selection.passage * hit.score
        + (selection.value_bonus if value else 0.0)
    )
    return Pick(hit.candidate.passage, scored.sentence, scored, score, value)
