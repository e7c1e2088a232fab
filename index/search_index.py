"""A loaded index: what it finds for a question, leg by leg. Joins no scores and reads no files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np
import numpy.typing as npt

from corpus.model import Document, Passage, Sentence
from index.embed import ModelIdentity, Vectors
from index.lexical import BM25, terms
from index.vectors import Rows, VectorIndex


@dataclass(frozen=True, slots=True)
class PassageTerms:
    """The lexical terms of a passage: of its heading path and caption, and of each of its sentences."""

    context: tuple[str, ...]
    sentences: tuple[tuple[str, ...], ...]

    def all(self) -> list[str]:
        """The terms that the passage is found by: context first, then the text."""
        return [*self.context, *(term for sentence in self.sentences for term in sentence)]


@dataclass(frozen=True, slots=True)
class ScoredSentence:
    """A sentence and how near it is to the question: `cosine` and `asked` -1..1, `overlap` 0..1.

    `overlap` is the share of the question's terms, weighted by how rare they are, that the sentence holds, `asked` the
    cosine of the nearest anticipated question that the sentence answers, 0 without one.
    """

    sentence: Sentence
    cosine: float
    overlap: float
    asked: float = 0.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that one of the legs found, with the scores of all: cosines -1..1, BM25 ≥ 0, overlap 0..1.

    `document_lexical` is the BM25 score of the whole document that the passage stands in, `asked` the cosine of the nearest
    anticipated question that the passage answers, 0 without one. `overlap` and `sentences` take
    no part in ranking, and most of the time that a search takes; `SearchIndex.with_sentences` adds them to the few that
    are kept.
    """

    passage: Passage
    dense: float
    title: float
    lexical: float
    document_lexical: float
    asked: float = 0.0
    overlap: float = 0.0
    sentences: tuple[ScoredSentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Questions:
    """Anticipated questions.

    `texts` has one each, and `vectors` a row, shape (questions, dimension); `answers` pairs of a question's row and the row
    of a sentence that answers it, counted over all passages, shape (pairs, 2). All may be empty.
    """

    texts: tuple[str, ...]
    vectors: Vectors
    answers: Rows

    @classmethod
    def none(cls, dimension: int) -> Questions:
        """No questions."""
        return cls((), np.zeros((0, dimension), dtype=np.float32), np.zeros((0, 2), dtype=np.int64))


class SearchIndex:
    """Passages with their vectors and terms, immutable; one question reads one of these from beginning to end."""

    def __init__(
        self,
        *,
        version: str,
        model: ModelIdentity,
        documents: Mapping[str, Document],
        passages: Sequence[Passage],
        passage_terms: Sequence[PassageTerms],
        passage_vectors: Vectors,
        sentence_vectors: Vectors,
        title_vectors: Vectors,
        questions: Questions,
        bm25: BM25,
        document_bm25: BM25,
    ) -> None:
        """Put the parts together.

        Args:
            passage_vectors: shape (passages, dimension).
            sentence_vectors: shape (sentences of all passages in order, dimension).
            title_vectors: shape (passages, dimension), of the title of the passage's document; zeros where it has none.
        """
        self.version = version
        self.model = model
        self.documents = documents
        self.passages = passages
        self.row_of = {passage.id: row for row, passage in enumerate(passages)}
        self._terms = passage_terms
        self._dense = VectorIndex(passage_vectors)
        self._titles = VectorIndex(title_vectors)
        self._sentences = VectorIndex(sentence_vectors)
        self._first_sentence = np.cumsum([0, *(len(passage.sentences) for passage in passages)])
        self._questions = questions
        self._answering_passage = np.searchsorted(self._first_sentence, questions.answers[:, 1], side="right") - 1
        self._questions_of: dict[int, list[int]] = {}
        for question, sentence in questions.answers.tolist():
            self._questions_of.setdefault(sentence, []).append(question)
        self._bm25 = bm25
        self._document_bm25 = document_bm25
        row_of_document = {document_id: row for row, document_id in enumerate(documents)}
        self._document_row = np.array([row_of_document[passage.document_id] for passage in passages], dtype=np.int64)
        frequency = Counter(term for entry in passage_terms for term in set(entry.all()))
        self._rarity = {term: log(1 + len(passages) / count) for term, count in frequency.items()}
        self._rarity_of_unknown = log(1 + len(passages))

    def rarity(self, term: str) -> float:
        """How much a term tells a passage from another: ln(1 + N / passages with the term); most for an unknown term."""
        return self._rarity.get(term, self._rarity_of_unknown)

    def knows(self, term: str) -> bool:
        """Whether any passage holds the term."""
        return term in self._rarity

    @property
    def vocabulary(self) -> Collection[str]:
        """Every term that some passage holds."""
        return self._rarity.keys()

    def candidates(
        self, query_terms: Sequence[str], vector: Vectors | None, pool: int, among: Rows | None = None
    ) -> list[Candidate]:
        """Return the passages that are among the `pool` best of any leg, in no particular order.

        The leg that scores whole documents brings the passages of the best of them.

        Args:
            query_terms: of `index.lexical.terms`.
            vector: the question's, shape (dimension,), length 1; None leaves the dense legs out, and all cosines are 0.
            pool: how many passages each leg brings.
            among: rows of the only passages that are looked at; all of them if None. Filtered before the legs choose, so
                that a narrow filter still gets its best.
        """
        lexical = self._bm25.scores(query_terms)
        by_document = self._document_bm25.scores(query_terms)[self._document_row]
        legs = [_best(lexical, pool, among), _best(by_document, pool, among)]
        if vector is not None:
            legs += [self._dense.nearest(vector, pool, among), self._titles.nearest(vector, pool, among)]
        asked = self._asked(vector)
        legs.append(_best(asked, pool, among))
        rows = np.unique(np.concatenate(legs)).astype(np.int64)
        dense = self._dense.cosines(vector, rows)
        title = self._titles.cosines(vector, rows)
        return [
            Candidate(
                passage=self.passages[row],
                dense=float(dense[here]),
                title=float(title[here]),
                lexical=float(lexical[row]),
                document_lexical=float(by_document[row]),
                asked=float(asked[row]),
            )
            for here, row in enumerate(rows)
        ]

    def _asked(self, vector: Vectors | None) -> npt.NDArray[np.float32]:
        """For each passage the cosine of the nearest question that it answers, 0 without one or without a vector."""
        asked = np.zeros(len(self.passages), dtype=np.float32)
        if vector is not None and len(self._questions.answers):
            cosines = self._questions.vectors @ vector
            np.maximum.at(asked, self._answering_passage, cosines[self._questions.answers[:, 0]])
        return asked

    def questions_answered(self, places: Collection[tuple[str, int]], near: Vectors | None = None) -> list[str]:
        """Return the anticipated questions that one of some sentences answers.

        Args:
            places: of the sentences, each by its document's id and its start.
            near: of a question, shape (dimension,), length 1: the nearest to it come first. Without it they come in the
                order of their file.
        """
        sentences = ((passage.document_id, sentence.start) for passage in self.passages for sentence in passage.sentences)
        rows = [row for row, place in enumerate(sentences) if place in places]
        numbers = sorted({number for row in rows for number in self._questions_of.get(row, ())})
        if near is not None:
            numbers.sort(key=lambda number: -float(self._questions.vectors[number] @ near))
        return [self._questions.texts[number] for number in numbers]

    def with_sentences(self, candidate: Candidate, query_terms: Sequence[str], vector: Vectors | None) -> Candidate:
        """Return a candidate with its overlap and its sentences, scored for the same question."""
        row = self.row_of[candidate.passage.id]
        weights = {term: self.rarity(term) for term in query_terms}
        return replace(
            candidate,
            overlap=_overlap(weights, self._terms[row].all()),
            sentences=self._score_sentences(row, weights, vector),
        )

    def _score_sentences(self, row: int, weights: Mapping[str, float], vector: Vectors | None) -> tuple[ScoredSentence, ...]:
        rows = np.arange(self._first_sentence[row], self._first_sentence[row + 1])
        cosines = self._sentences.cosines(vector, rows)
        return tuple(
            ScoredSentence(sentence, float(cosine), _overlap(weights, terms), self._nearest_asked(int(here), vector))
            for here, sentence, cosine, terms in zip(
                rows, self.passages[row].sentences, cosines, self._terms[row].sentences, strict=True
            )
        )

    def _nearest_asked(self, sentence_row: int, vector: Vectors | None) -> float:
        questions = self._questions_of.get(sentence_row)
        if vector is None or questions is None:
            return 0.0
        return max(0.0, float((self._questions.vectors[questions] @ vector).max()))


def _best(scores: npt.NDArray[np.float32], k: int, among: Rows | None) -> Rows:
    """The rows of the k highest scores above 0, of the rows `among` or of all."""
    above = np.flatnonzero(scores > 0) if among is None else among[scores[among] > 0]
    return above[np.argsort(-scores[above], kind="stable")[:k]]


def _overlap(weights: Mapping[str, float], held: Sequence[str]) -> float:
    """The weighted share of terms that are held, 0..1; 0 for a question without terms."""
    total = sum(weights.values())
    present = set(held)
    return sum(weight for term, weight in weights.items() if term in present) / total if total else 0.0


def terms_of(passage: Passage) -> PassageTerms:
    """Return the terms of a passage; two passages that differ only in their place differ only in `context`."""
    return PassageTerms(tuple(terms(passage.context)), tuple(tuple(terms(s.text)) for s in passage.sentences))
