"""Words → the sentences of one document that hold them, letter for letter but for width, case and white space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corpus.fold import fold
from corpus.model import Passage, Sentence
from index.fusion import Hit

MAX_RESULTS = 30
MAX_NEAR = 5


@dataclass(frozen=True, slots=True)
class Match:
    """A sentence that was found: where it stands, its address, its text in pieces, of which some are marked."""

    section: tuple[str, ...]
    url: str
    pieces: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """What a search found. `exact` says that the words themselves stand there; `count` is before the cut at the limit."""

    exact: bool
    count: int
    results: tuple[Match, ...]


def find_words(text: str, document_id: str, passages: Sequence[Passage]) -> Matches:
    """Return the sentences of a document that hold the words of `text`, in the document's order.

    At least one word stands in the sentence itself, the others there or in its headings.
    """
    words = [word for word in map(fold, text.split()) if word]
    found = [
        _match(passage, sentence, words)
        for passage in passages
        if passage.document_id == document_id
        for sentence in passage.sentences
        if _holds(fold(sentence.text), fold(passage.context), words)
    ]
    return Matches(exact=bool(found), count=len(found), results=tuple(found[:MAX_RESULTS]))


def near_sentences(hits: Sequence[Hit], document_id: str) -> Matches:
    """Return the nearest sentence of each of the best passages of a document, for words that stand nowhere."""
    found = [
        _match(hit.candidate.passage, max(hit.candidate.sentences, key=lambda scored: scored.cosine).sentence, [])
        for hit in hits
        if hit.candidate.passage.document_id == document_id and hit.candidate.passage.quotable and hit.candidate.sentences
    ][:MAX_NEAR]
    return Matches(exact=False, count=len(found), results=tuple(found))


def _holds(sentence: str, headings: str, words: Sequence[str]) -> bool:
    return any(word in sentence for word in words) and all(word in sentence or word in headings for word in words)


def _match(passage: Passage, sentence: Sentence, words: Sequence[str]) -> Match:
    url = f"/documents/{passage.document_id}?start={sentence.start}&end={sentence.end}#p-{passage.id}"
    return Match(passage.section, url, tuple(_marked(sentence.text, words)))


def _marked(text: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """Cut a text at the places where a folded word stands; the pieces together are the text."""
    folded, places = "", []
    for place, char in enumerate(text):
        kept = fold(char)
        folded += kept
        places += [place] * len(kept)
    marked = [False] * len(text)
    for word in words:
        at = folded.find(word)
        while at >= 0:
            for place in range(places[at], places[at + len(word) - 1] + 1):
                marked[place] = True
            at = folded.find(word, at + 1)
    pieces: list[tuple[str, bool]] = []
    for char, is_marked in zip(text, marked, strict=True):
        if pieces and pieces[-1][1] == is_marked:
            pieces[-1] = (pieces[-1][0] + char, is_marked)
        else:
            pieces.append((char, is_marked))
    return pieces
