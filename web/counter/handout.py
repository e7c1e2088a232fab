"""Spans of documents → what stands on a hand-out: whole quotes with their places, short enough for two A4 pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.glossary import Entry, Glossary
from corpus.model import Document
from index.search_index import SearchIndex
from web.document_view import passage_at

# With furigana, some 900 characters fill a page; headings, sources, notices and the contact want their room.
MAX_QUOTE_CHARS = 900
MAX_TERM_CHARS = 250
MAX_QUOTES = 6
MAX_TERMS = 4

_SPAN = re.compile("(?P<document>[^:\\s]{1,100}):(?P<start>[0-9]{1,9}):(?P<end>[0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a document; `str` of it is how a form carries it."""

    document_id: str
    start: int
    end: int

    def __str__(self) -> str:
        """Return the form that `parse_spans` reads."""
        return f"{self.document_id}:{self.start}:{self.end}"


@dataclass(frozen=True, slots=True)
class HandoutQuote:
    """Words of a document with their headings. `text` is exactly the document's text of the span."""

    document: Document
    section: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Handout:
    """What is printed. `complete` is False where something was left out for want of room."""

    quotes: tuple[HandoutQuote, ...]
    terms: tuple[Entry, ...]
    complete: bool


def parse_spans(fields: Iterable[str]) -> list[Span]:
    """Return the spans that a form carries.

    A field holds one or several, apart by spaces; one that is none is passed over, one that is there twice comes once.
    """
    matches = (_SPAN.fullmatch(part) for field in fields for part in field.split())
    return list(dict.fromkeys(Span(m["document"], int(m["start"]), int(m["end"])) for m in matches if m))


def make_handout(spans: Sequence[Span], index: SearchIndex, glossary: Glossary) -> Handout:
    """Return the hand-out of some spans, in their order. Spans that are in no document are passed over.

    A quote that would not fit is left out, never cut; the first always fits, as no passage is longer than a page.
    """
    quotes: list[HandoutQuote] = []
    chars, complete = 0, True
    for span in spans:
        document = index.documents.get(span.document_id)
        if document is None or not 0 <= span.start < span.end <= len(document.text):
            continue
        length = span.end - span.start
        if length > MAX_QUOTE_CHARS or chars + length > MAX_QUOTE_CHARS or len(quotes) == MAX_QUOTES:
            complete = False
            continue
        chars += length
        passage = passage_at(index.passages, span.document_id, span.start)
        section = passage.section if passage else ()
        quotes.append(HandoutQuote(document, section, document.text[span.start : span.end]))
    return Handout(tuple(quotes), _terms(quotes, glossary), complete)


def _terms(quotes: Sequence[HandoutQuote], glossary: Glossary) -> tuple[Entry, ...]:
    """The plan's explanations of terms that the quotes use, those left out that the quotes hold themselves."""
    text = "\n".join(quote.text for quote in quotes)
    chosen: list[Entry] = []
    for entry in glossary.named_in(text):
        room = MAX_TERM_CHARS - sum(len(other.quote) for other in chosen)
        if len(chosen) < MAX_TERMS and len(entry.quote) <= room and entry.quote not in text and len(entry.term) > 1:
            chosen.append(entry)
    return tuple(chosen)
