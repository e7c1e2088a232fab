"""Answers that a person has approved: kept at their places in a new index, and found again when the same is asked.

Whether two questions ask the same is decided strictly: a wrong match would put an approved mark on a wrong answer. Knows
no database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from assistant.answer import Answer, AnswerSentence, Approval, Citation, Language
from assistant.assistant import Assistant, Examined, Found
from assistant.decide import particular_numbers
from assistant.errors import UnverifiedAnswerError
from assistant.language import spoken_language
from assistant.question import Question
from assistant.suggest import MAX_SUGGESTIONS
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

# Measured by `python -m evals approved`. From the first on a question is answered with what was approved: no wrong match
# among the tuning cases, and few right ones, because questions that differ in the one word that matters are as near as
# paraphrases are. Half of the groups alone would have set it to 0.94, which is wrong six times on the other half; so it was
# set on all of them, and no figure for it is one of unseen questions. From the second on the approved question is offered,
# and the person decides.
SURE_COSINE = 0.97
NEAR_COSINE = 0.86


@dataclass(frozen=True, slots=True)
class Wording:
    """A question as it is compared: its folded text, its vector (unit length) and the years, terms and aims it names."""

    text: str
    vector: npt.NDArray[np.float32]
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near a question is to an approved one.

    `cosine` is of their vectors; `identical` that both are the same text; `leads` that an approved sentence is the first of
    those that would answer the question without approval, and `decided` that they would.
    """

    cosine: float
    identical: bool
    leads: bool
    decided: bool

    def is_same(self, sure: float = SURE_COSINE) -> bool:
        """Whether the same is surely asked. What an editor approved for just these words holds for them."""
        return self.identical or (self.leads and self.decided and self.cosine >= sure)

    def is_near(self, near: float = NEAR_COSINE) -> bool:
        """Whether the same may be asked."""
        return self.leads and self.cosine >= near


def compare(
    asked: Wording, wordings: Sequence[Wording], answer: ApprovedAnswer, found: Found, threshold: float
) -> Likeness | None:
    """Return how near a question is to the nearest wording of an approved one; None where each names other numbers.

    Args:
        asked: the question.
        wordings: of the approved question.
        answer: what was approved.
        found: what was found for the question.
        threshold: the probability from which on that is an answer.
    """
    alike = [wording for wording in wordings if wording.numbers == asked.numbers]
    if not alike:
        return None
    spans = {(quote.document, quote.start) for quote in answer.quotes}
    return Likeness(
        cosine=max(float(asked.vector @ wording.vector) for wording in alike),
        identical=any(asked.text == wording.text for wording in alike),
        leads=any((pick.passage.document_id, pick.sentence.start) in spans for pick in found.picks[:1]),
        decided=found.probability >= threshold,
    )


def can_be_compared(query: Query) -> bool:
    """Whether a question may be one that was approved: it is Japanese and points back to no earlier turn."""
    return query.language == "ja" and query.standalone == query.question.text


def wording_of(query: Query, assistant: Assistant) -> Wording:
    """Return a question that has been understood as it is compared."""
    vector = np.asarray(assistant.retriever.embeddings.embed_query(query.text), dtype=np.float32)
    return Wording(fold(query.question.text), vector, frozenset(particular_numbers(query.question.text)))


@dataclass(frozen=True, slots=True)
class Match:
    """The approved answer that was found for a question; `sure` says whether it is surely the same that is asked."""

    answer: ApprovedAnswer
    sure: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    answer: ApprovedAnswer
    wordings: tuple[Wording, ...]


@dataclass(frozen=True, slots=True)
class ApprovedBook:
    """All approved answers that may be served, with their questions as they are compared."""

    entries: tuple[_Entry, ...]

    @classmethod
    def of(cls, answers: Sequence[ApprovedAnswer], assistant: Assistant, before: ApprovedBook | None = None) -> ApprovedBook:
        """Put a book together; wordings that an earlier book has are taken from it."""
        known = {wording.text: wording for entry in before.entries for wording in entry.wordings} if before else {}
        entries = []
        for answer in answers:
            questions = [Question(text) for text in (answer.question, *answer.others)]
            wordings = [
                known.get(fold(question.text)) or wording_of(assistant.understanding.understand(question), assistant)
                for question in questions
            ]
            entries.append(_Entry(answer, tuple(wordings)))
        return cls(tuple(entries))

    def match(self, examined: Examined, assistant: Assistant) -> Match | None:
        """Return the answer that was approved for what is asked, or for what may be meant; None where there is neither.

        A question that was routed elsewhere, points back to earlier turns, or is in another language has none.
        """
        found = examined.found
        if found is None or not self.entries or not can_be_compared(found.query):
            return None
        asked = wording_of(found.query, assistant)
        threshold = assistant.calibration.threshold
        compared = [(compare(asked, entry.wordings, entry.answer, found, threshold), entry.answer) for entry in self.entries]
        near = [(one, answer) for one, answer in compared if one and (one.is_same() or one.is_near())]
        if not near:
            return None
        best, answer = max(near, key=lambda pair: (pair[0].is_same(), pair[0].identical, pair[0].cosine))
        return Match(answer, best.is_same())


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
            "approval": Approval(question=approved.question, role=approved.role, on=approved.on, note=approved.note),
        }
    )


def _citation(number: int, quote: Quote, index: SearchIndex) -> Citation:
    document = index.documents[quote.document]
    passage = _passage(index, quote.document, quote.start, quote.end)
    if passage is None or document.text[quote.start : quote.end] != quote.text:
        raise UnverifiedAnswerError(f"approved quote at {quote.start} is not its span's text")
    return cite_span(number, passage, quote.start, quote.end, document)


def with_offer(answer: Answer, approved: ApprovedAnswer) -> Answer:
    """Return an answer whose first suggestion is the question that something was approved for."""
    others = [text for text in answer.suggestions if text != approved.question]
    return answer.model_copy(update={"suggestions": (approved.question, *others)[:MAX_SUGGESTIONS]})
