"""Answers that a person has approved: kept at their places in a new index, found again when the same is asked, and served.

Knows no database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.answer import Answer, AnswerSentence, Approval, Citation, Language
from assistant.assistant import Assistant, Examined, Found
from assistant.errors import InvalidQuestionError, UnverifiedAnswerError
from assistant.language import spoken_language
from assistant.likeness import (
    IDENTICAL,
    NEAR_COSINE,
    Held,
    Likeness,
    Wording,
    ask_the_same,
    can_be_compared,
    compare_all,
    nearest,
    place_of,
    unread_wording,
    wording_of,
)
from assistant.personal_data import refuse_identifiers
from assistant.question import Question, parse_question
from assistant.suggest import MAX_SUGGESTIONS
from assistant.verify import cite_span, text_of, under_headings
from corpus.fold import fold
from corpus.model import Document, Passage
from index.search_index import SearchIndex

# An editor looks through so many. Measured by `python -m evals approved`.
MAX_PROPOSED = 10
# So many of the nearest are compared: each takes as long as an embedding.
MAX_COMPARED = 20


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


def can_be_cited(answer: ApprovedAnswer, index: SearchIndex) -> bool:
    """Whether each quote of an answer, at its place in the index, lies in one passage that can be quoted."""
    return all(
        (passage := _passage(index, quote.document, quote.start, quote.end)) and passage.quotable for quote in answer.quotes
    )


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


def can_be_approved(question: Question, assistant: Assistant) -> bool:
    """Whether a question may be served what is approved for it: it is Japanese, and no rule answers it without the plan."""
    return not assistant.router.route(question) and can_be_compared(assistant.understanding.understand(question))


@dataclass(frozen=True, slots=True)
class Proposal:
    """Another wording of a question that is to be approved; `asks_the_same` says that nothing tells the two apart."""

    text: str
    asks_the_same: bool


def proposed_wordings(question: Question, quotes: Sequence[Quote], assistant: Assistant) -> list[Proposal]:
    """Return anticipated questions that may ask the same as one that is to be approved.

    They are such that one of the quoted sentences answers, and no more than `MAX_PROPOSED`: those that nothing tells apart
    first, then the nearest. The question itself is not among them, nor what is never served an approved answer.

    Args:
        question: that is to be approved.
        quotes: chosen for it, of the assistant's index.
        assistant: over this index.
    """
    if not can_be_approved(question, assistant):
        return []
    own = _unread(question, assistant)
    index = assistant.retriever.index
    held = _held(quotes, index)
    near: list[tuple[float, Proposal]] = []
    for text in index.questions_answered(_places(quotes), own.vector)[:MAX_COMPARED]:
        asked = askable(text, assistant)
        if asked is None or fold(text) == fold(question.text):
            continue
        other = _unread(asked, assistant)
        if (cosine := float(own.vector @ other.vector)) >= NEAR_COSINE:
            near.append((cosine, Proposal(text, ask_the_same(own, other, held))))
    near.sort(key=lambda one: (not one[1].asks_the_same, -one[0]))
    return [proposal for _, proposal in near[:MAX_PROPOSED]]


def questions_answered(quotes: Sequence[Quote], index: SearchIndex) -> list[str]:
    """Return the anticipated questions that one of the quoted sentences answers; the quotes must be of this index."""
    return index.questions_answered(_places(quotes))


def _places(quotes: Sequence[Quote]) -> set[tuple[str, int]]:
    return {(quote.document, quote.start) for quote in quotes}


def askable(text: str, assistant: Assistant) -> Question | None:
    """Return a text as a question that may be served what is approved for it; None if it is none, or names a person."""
    try:
        question = refuse_identifiers(parse_question(text))
    except InvalidQuestionError:
        return None
    return question if can_be_approved(question, assistant) else None


def _unread(question: Question, assistant: Assistant) -> Wording:
    return unread_wording(assistant.understanding.understand(question), assistant)


def held_by(answer: ApprovedAnswer, index: SearchIndex) -> Held:
    """Return what an answer's sentences hold; its quotes must be of this index."""
    return _held(answer.quotes, index)


def _held(quotes: Sequence[Quote], index: SearchIndex) -> Held:
    passages = [_passage(index, quote.document, quote.start, quote.end) for quote in quotes]
    texts = [*(quote.text for quote in quotes), *(passage.context for passage in passages if passage)]
    return Held.of(((quote.document, quote.start) for quote in quotes), texts)


@dataclass(frozen=True, slots=True)
class Match:
    """The approved answer that was found for a question; `sure` says whether it is surely the same that is asked."""

    answer: ApprovedAnswer
    sure: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    """An approved answer; `texts` are its questions, folded."""

    answer: ApprovedAnswer
    held: Held
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApprovedBook:
    """All approved answers that may be served, over one version of the index.

    `wordings` has their questions as they are compared, by their folded texts. One that is not there yet is found in its
    own words only.
    """

    index_version: str
    entries: tuple[_Entry, ...]
    wordings: Mapping[str, Wording]

    @classmethod
    def of(cls, answers: Sequence[ApprovedAnswer], index: SearchIndex) -> ApprovedBook:
        """Put a book together of answers that are at their places in the index; nothing is searched or read for."""
        entries = tuple(
            _Entry(answer, held_by(answer, index), tuple(fold(text) for text in (answer.question, *answer.others)))
            for answer in answers
        )
        return cls(index.version, entries, {})

    def knowing(self, before: ApprovedBook) -> ApprovedBook:
        """Return the book with what another one knows of the same questions, where that is of the same index."""
        known = before.wordings if before.index_version == self.index_version else {}
        own = {text: known[text] for entry in self.entries for text in entry.texts if text in known}
        return replace(self, wordings=own)

    def unread(self) -> list[str]:
        """Return the approved questions that have not been searched for, or not been read for by a reader that is there."""
        questions = [text for entry in self.entries for text in (entry.answer.question, *entry.answer.others)]
        return [text for text in dict.fromkeys(questions) if not self._is_read(fold(text))]

    def _is_read(self, text: str) -> bool:
        return text in self.wordings and self.wordings[text].read is not None

    def with_wording(self, wording: Wording) -> ApprovedBook:
        """Return the book with one of its questions as it is compared."""
        return replace(self, wordings={**self.wordings, wording.text: wording})

    def match(self, examined: Examined, assistant: Assistant) -> Match | None:
        """Return the answer that was approved for what is asked, or for what may be meant; None where there is neither.

        A question that was routed elsewhere, points back to earlier turns, or is in another language has none. A note was
        written to the approved question, and the sentence beside it may answer others: with a note, only the approved
        words themselves are sure. What would be sure without the note is then offered, however far the cosine alone is,
        because the other signs say more than it.
        """
        found = examined.found
        if found is None or not can_be_compared(found.query):
            return None
        text = fold(found.query.question.text)
        same_text = [(IDENTICAL, entry.answer) for entry in self.entries if text in entry.texts]
        compared = same_text or self._compare_all(found, assistant)
        sure = nearest(((one, answer) for one, answer in compared if one.identical or not answer.note), Likeness.is_same)
        if sure:
            return Match(sure, sure=True)
        offered = nearest(compared, lambda one: one.is_same() or one.is_near())
        return Match(offered, sure=False) if offered else None

    def _compare_all(self, found: Found, assistant: Assistant) -> list[tuple[Likeness, ApprovedAnswer]]:
        lead = place_of(found.ranked[0]) if found.ranked else None
        entries = [entry for entry in self.entries if lead in entry.held.places]
        if not entries:
            return []
        known = [(entry, self.wordings[text]) for entry in entries for text in entry.texts if text in self.wordings]
        approved = [(wording, entry.held) for entry, wording in known]
        likenesses = compare_all(wording_of(found, assistant), found, approved, assistant)
        return [(likeness, entry.answer) for likeness, (entry, _) in zip(likenesses, known, strict=True) if likeness]


# ---- the answer that is served


def approved_answer(approved: ApprovedAnswer, examined: Examined, assistant: Assistant, page: Language = "ja") -> Answer:
    """Return the answer to a question that is the approved one: the approved sentences, each cited and verified.

    Raises:
        UnverifiedAnswerError: a quote is not the text at its span; the book is of another index.
    """
    index = assistant.retriever.index
    citations = [_citation(n, quote, index) for n, quote in enumerate(approved.quotes, start=1)]
    quoted = [AnswerSentence(text=citation.quote, citations=(citation.n,)) for citation in citations]
    sentences = under_headings(quoted, citations)
    return examined.answer.model_copy(
        update={
            "status": "answered",
            "mode": "approved",
            "text": text_of(sentences),
            "short_answer": None,
            "sentences": tuple(sentences),
            "citations": tuple(citations),
            "caution": None,
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
