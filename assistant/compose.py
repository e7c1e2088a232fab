"""Hits → the fewest verbatim sentences that answer, best first. Decides nothing about whether they answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.asked import find_value
from assistant.understand import Query
from corpus.fold import fold
from corpus.model import Passage, Sentence
from index.fusion import Hit
from index.search_index import ScoredSentence

MAX_SENTENCES = 3
PASSAGES_READ = 10

# How much each sign counts in a sentence's score. Cosines of the default model differ by hundredths between a sentence
# that answers and one that does not, the other signs by tenths.
COSINE_WEIGHT = 10.0
OVERLAP_WEIGHT = 1.0
PASSAGE_WEIGHT = 0.25
VALUE_BONUS = 0.4
DEFINITION_BONUS = 0.6
# A further sentence is taken if its score is this near to the best one's and it shares words with the question or means
# nearly the same: the second condition drops a tenth of the sentences that are beside the point, and no evidence.
FURTHER_MARGIN = 1.5
FURTHER_OVERLAP = 0.2
FURTHER_COSINE_MARGIN = 0.01


@dataclass(frozen=True, slots=True)
class Pick:
    """A sentence that was chosen, with what speaks for it."""

    passage: Passage
    sentence: Sentence
    scored: ScoredSentence
    score: float
    value: tuple[int, int] | None


def pick_sentences(query: Query, hits: Sequence[Hit]) -> list[Pick]:
    """Return up to `MAX_SENTENCES` sentences, best first; none if no hit can be quoted."""
    ranked = rank_sentences(query, hits)
    if not ranked:
        return []
    best = ranked[0]
    chosen = [best]
    for pick in ranked[1:]:
        if len(chosen) == MAX_SENTENCES or best.score - pick.score > FURTHER_MARGIN:
            break
        near = pick.scored.cosine >= best.scored.cosine - FURTHER_COSINE_MARGIN
        if near or pick.scored.overlap > FURTHER_OVERLAP:
            chosen.append(pick)
    return chosen


def rank_sentences(query: Query, hits: Sequence[Hit]) -> list[Pick]:
    """Return all sentences of the best passages that can be quoted, best first."""
    picks = [
        _score(query, hit, scored)
        for hit in hits[:PASSAGES_READ]
        if hit.candidate.passage.quotable
        for scored in hit.candidate.sentences
    ]
    return sorted(picks, key=lambda pick: -pick.score)


def _score(query: Query, hit: Hit, scored: ScoredSentence) -> Pick:
    value = find_value(query.asked, scored.sentence.text)
    score = (
        COSINE_WEIGHT * scored.cosine
        + OVERLAP_WEIGHT * scored.overlap
        + PASSAGE_WEIGHT * hit.score
        + (VALUE_BONUS if value else 0.0)
        + (DEFINITION_BONUS if query.asked.kind == "definition" and _defines(query, scored.sentence.text) else 0.0)
    )
    return Pick(hit.candidate.passage, scored.sentence, scored, score, value)


def _defines(query: Query, sentence: str) -> bool:
    """Whether the sentence has the form 「…とは」 or 「…のことをいう」 and names a word that the question asks about."""
    folded = fold(sentence)
    match = re.search("(.{1,60}?)とは", folded)
    named = match.group(1) if match else folded if re.search("のことを(いい|言い|いう)", folded) else ""
    return any(fold(term) in named for term in query.terms)
