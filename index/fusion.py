"""Scores of several legs → one ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.embed import Vectors
from index.search_index import Candidate, SearchIndex
from index.vectors import Rows


@dataclass(frozen=True, slots=True)
class LegWeights:
    """How much each leg's standard score counts. The dense one is that of a passage, or of a question that it answers.

    On 858 known-item queries over two cities' bulletins, whole documents make the better lexical leg (recall@10 0.77
    against 0.73 with passages alone); within one document they all score the same and its passages decide. Likewise
    the titles of documents: a leg over inner headings instead took 0.02 of recall there and gave the plan nothing.
    """

    dense: float = 1.0
    lexical: float = 0.5
    document_lexical: float = 1.0
    title: float = 0.5


@dataclass(frozen=True, slots=True)
class Hit:
    """A candidate with its fused score: a sum of z-scores, of no fixed range, comparable within one question only."""

    candidate: Candidate
    score: float


def search(
    index: SearchIndex,
    query_terms: Sequence[str],
    vector: Vectors | None,
    pool: int,
    k: int,
    weights: LegWeights = LegWeights(),
    among: Rows | None = None,
) -> list[Hit]:
    """Return the k best passages of an index, best first, with their sentences scored; none for an empty index.

    Args:
        index: what is searched.
        query_terms: as `SearchIndex.candidates` takes them, and likewise `vector`, `pool` and `among`.
        vector: the question's.
        pool: how many passages each leg brings.
        k: how many come back.
        weights: of the legs.
        among: rows of the only passages that are looked at.
    """
    hits = rank(index.candidates(query_terms, vector, pool, among), weights)[:k]
    return [Hit(index.with_sentences(hit.candidate, query_terms, vector), hit.score) for hit in hits]


def rank(candidates: Sequence[Candidate], weights: LegWeights = LegWeights()) -> list[Hit]:
    """Return the candidates, best first, by the weighted sum of each leg's z-scores over these candidates.

    Ranks alone would throw away how far ahead the first is; raw scores of two legs have no common scale.
    """
    if not candidates:
        return []
    fused = (
        weights.dense * _z([max(c.dense, c.asked) for c in candidates])
        + weights.lexical * _z([c.lexical for c in candidates])
        + weights.document_lexical * _z([c.document_lexical for c in candidates])
        + weights.title * _z([c.title for c in candidates])
    )
    order = np.argsort(-fused, kind="stable")
    return [Hit(candidates[here], float(fused[here])) for here in order]


def _z(scores: Sequence[float]) -> npt.NDArray[np.float64]:
    """Standard scores; zeros where all scores are equal."""
    values = np.asarray(scores, dtype=np.float64)
    spread = values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)
