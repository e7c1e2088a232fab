"""Answers that a person has approved: kept at their places in a new index, and found again when the same is asked.

Whether two questions ask the same is decided strictly: a wrong match would put an approved mark on a wrong answer. Knows
no database.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from assistant.answer import Answer, AnswerSentence, Approval, Citation, Language
from assistant.assistant import Assistant, Examined, Found
from assistant.errors import UnverifiedAnswerError
from assistant.language import spoken_language
from assistant.question import Question
from assistant.understand import Query
from assistant.verify import cite_span
from corpus.fold import fold
from corpus.model import Document, Passage
from index.search_index import SearchIndex


@dataclass(frozen=True, slots=True)
class Quote:
    """A span of a document; `text` is what stood there when it was approved."""

    document: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class ApprovedAnswer:
    """What a person approved as the answer to a question and to `others`, that ask the same.

    `note` is the person's own words beside the plan's, or empty. `role` and `on` say who approved it and when. `id` is 0
    for one that is not stored yet.
    """

    id: int
    question: str
    others: tuple[str, ...]
    quotes: tuple[Quote, ...]
    note: str = ""
    role: str = ""
    on: dt.date = field(default=dt.date.min)


def anchored(answer: ApprovedAnswer, documents: Mapping[str, Document]) -> ApprovedAnswer | None:
    """Return an answer with its quotes where they stand now, or None where one has changed, has gone, or stands twice.

    A quote that is still at its span stays there, however often its text occurs.
    """
    quotes = [_place(quote, documents.get(quote.document)) for quote in answer.quotes]
    found = tuple(quote for quote in quotes if quote)
    return replace(answer, quotes=found) if len(found) == len(quotes) and found else None


def _place(quote: Quote, document: Document | None) -> Quote | None:
    if document is None:
        return None
    if document.text[quote.start : quote.end] == quote.text:
        return quote
    start = document.text.find(quote.text)
    if start < 0 or document.text.find(quote.text, start + 1) >= 0:
        return None
    return replace(quote, start=start, end=start + len(quote.text))


def quote_at(document: str, start: int, end: int, index: SearchIndex) -> Quote | None:
    """Return the quote at a span of the index, or None unless the span is exactly one sentence that can be quoted."""
    passage = _passage(index, document, start, end)
    if passage is None or not passage.quotable:
        return None
    sentence = next((one for one in passage.sentences if (one.start, one.end) == (start, end)), None)
    text = index.documents[document].text[start:end]
    return Quote(document, start, end, text) if sentence and sentence.text == text else None


def _passage(index: SearchIndex, document: str, start: int, end: int) -> Passage | None:
    inside = (p for p in index.passages if p.document_id == document and p.start <= start < end <= p.end)
    return next(inside, None)


# ---- whether two questions ask the same

# TODO thresholds
MIN_COSINE = 0.95
# What turns a question into its opposite, or into another one.
_NEGATION = re.compile("ない|なく|なけれ|なかっ|ません|せず|以外|除[いくき]|未満|不[要可]|ず(?:に|、|$)")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Wording:
    """A question as it is compared: its vector (unit length), nouns, numbers, and what kind of answer it wants."""

    vector: npt.NDArray[np.float32]
    terms: frozenset[str]
    numbers: frozenset[str]
    negated: bool
    kind: str


def wording_of(query: Query, vector: npt.NDArray[np.float32]) -> Wording:
    """Return a question that has been understood as it is compared."""
    text = fold(query.question.text)
    return Wording(
        vector=vector,
        terms=frozenset([*query.terms, *query.extra_terms]),
        numbers=frozenset(_NUMBER.findall(text)),
        negated=bool(_NEGATION.search(text)),
        kind=query.asked.kind,
    )


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near a question is to one that has been approved.

    `cosine` is of their vectors, `shared` the share of their terms that both have (0 to 1, by rarity), `rank` the place
    of the best approved sentence among those that would answer the question without approval: 0 is the first, None is
    not among them.
    """

    cosine: float
    shared: float
    rank: int | None


def likeness(asked: Wording, approved: Wording, rank: int | None, rarity: Callable[[str], float]) -> Likeness | None:
    """Return how near two questions are, or None where a number, a negation or what is asked for tells them apart."""
    if asked.numbers != approved.numbers or asked.negated != approved.negated or asked.kind != approved.kind:
        return None
    both = sum(rarity(term) for term in asked.terms & approved.terms)
    either = sum(rarity(term) for term in asked.terms | approved.terms)
    return Likeness(float(asked.vector @ approved.vector), both / either if either else 0.0, rank)


@dataclass(frozen=True, slots=True)
class _Entry:
    answer: ApprovedAnswer
    wordings: tuple[Wording, ...]


@dataclass(frozen=True, slots=True)
class ApprovedBook:
    """All approved answers that may be served, with their questions as they are compared."""

    entries: tuple[_Entry, ...]
    vectors: Mapping[str, npt.NDArray[np.float32]]

    @classmethod
    def of(cls, answers: Sequence[ApprovedAnswer], assistant: Assistant, before: ApprovedBook | None = None) -> ApprovedBook:
        """Put a book together; vectors that an earlier book of the same model has are taken from it."""
        vectors: dict[str, npt.NDArray[np.float32]] = {}
        entries = []
        for answer in answers:
            wordings = []
            for text in (answer.question, *answer.others):
                query = assistant.understanding.understand(Question(text))
                known = before.vectors.get(query.text) if before else None
                vectors[query.text] = known if known is not None else _vector(query, assistant)
                wordings.append(wording_of(query, vectors[query.text]))
            entries.append(_Entry(answer, tuple(wordings)))
        return cls(tuple(entries), vectors)

    def match(self, examined: Examined, assistant: Assistant) -> ApprovedAnswer | None:
        """Return the answer that was approved for what is asked, or None where none is surely the same.

        A question that was routed elsewhere, points back to earlier turns, or is in another language has none.
        """
        found = examined.found
        if found is None or not self.entries or found.query.language != "ja":
            return None
        if found.query.standalone != found.query.question.text:
            return None
        asked = wording_of(found.query, _vector(found.query, assistant))
        rarity = assistant.retriever.index.rarity
        best: tuple[float, ApprovedAnswer] | None = None
        for entry in self.entries:
            rank = _rank(entry.answer, found)
            for approved in entry.wordings:
                near = likeness(asked, approved, rank, rarity)
                if near and is_same(near) and (best is None or near.cosine > best[0]):
                    best = (near.cosine, entry.answer)
        return best[1] if best else None


def is_same(near: Likeness) -> bool:
    """Whether a question is surely the approved one in other words."""
    return near.rank == 0 and near.cosine >= MIN_COSINE


def _vector(query: Query, assistant: Assistant) -> npt.NDArray[np.float32]:
    return np.asarray(assistant.retriever.embeddings.embed_query(query.text), dtype=np.float32)


def _rank(answer: ApprovedAnswer, found: Found) -> int | None:
    """The place of the first approved sentence among the chosen ones."""
    spans = {(quote.document, quote.start) for quote in answer.quotes}
    chosen = [(pick.passage.document_id, pick.sentence.start) for pick in found.picks]
    return next((place for place, span in enumerate(chosen) if span in spans), None)


# ---- the answer that is served


def approved_answer(approved: ApprovedAnswer, examined: Examined, assistant: Assistant, page: Language = "ja") -> Answer:
    """Return the answer to a question that is the approved one: the approved sentences, each cited and verified.

    Raises:
        UnverifiedAnswerError: a quote is not the text at its span; the book is of another index.
    """
    index = assistant.retriever.index
    citations = [_citation(n, quote, index) for n, quote in enumerate(approved.quotes, start=1)]
    return examined.answer.model_copy(
        update={
            "status": "answered",
            "mode": "approved",
            "text": "\n".join(f"{citation.quote}[{citation.n}]" for citation in citations),
            "short_answer": None,
            "sentences": tuple(AnswerSentence(text=citation.quote, citations=(citation.n,)) for citation in citations),
            "citations": tuple(citations),
            "notice": assistant.notice(citations, spoken_language(examined.answer.language, page), page),
            "contact": None,
            "approval": Approval(role=approved.role, on=approved.on, note=approved.note),
        }
    )


def _citation(number: int, quote: Quote, index: SearchIndex) -> Citation:
    document = index.documents[quote.document]
    passage = _passage(index, quote.document, quote.start, quote.end)
    if passage is None or document.text[quote.start : quote.end] != quote.text:
        raise UnverifiedAnswerError(f"approved quote at {quote.start} is not its span's text")
    return cite_span(number, passage, quote.start, quote.end, document)
