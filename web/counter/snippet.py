"""A passage and a question's terms → the stretch of it that says why it was found, the matches marked. Changes no letter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from corpus.model import Sentence
from index.lexical import words
from index.search_index import ScoredSentence

# A letter with the voicing or combining marks behind it.
_LETTER = re.compile(".[\\u0300-\\u036f\\u3099\\u309aﾞﾟ]{0,4}", re.DOTALL)
# Two to four lines on a screen: with more, fewer results are seen at once.
MAX_CHARS = 160


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a snippet's text; `marked` where it matches the question."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Snippet:
    """Whole sentences of a passage that stand together, as pieces.

    `start` and `end` are those of `best`, the sentence that is nearest to the question. `before` and `after` say whether
    the passage has more text on that side.
    """

    pieces: tuple[Piece, ...]
    best: Sentence
    before: bool
    after: bool

    @property
    def matches(self) -> bool:
        """Whether any word of the question stands there."""
        return any(piece.marked for piece in self.pieces)


def snip(text: str, scored: Sequence[ScoredSentence], terms: Collection[str]) -> Snippet:
    """Return the snippet of a passage.

    Args:
        text: the document's canonical text.
        scored: the passage's sentences in order; at least one.
        terms: of the question, as `index.lexical.terms` gives them.
    """
    best = max(range(len(scored)), key=lambda here: scored[here].overlap + scored[here].cosine)
    first = last = best
    while last + 1 < len(scored) and _chars(scored[first : last + 2]) <= MAX_CHARS:
        last += 1
    while first > 0 and _chars(scored[first - 1 : last + 1]) <= MAX_CHARS:
        first -= 1
    start, end = scored[first].sentence.start, scored[last].sentence.end
    pieces = tuple(mark(text[start:end], terms))
    return Snippet(pieces, scored[best].sentence, before=first > 0, after=last + 1 < len(scored))


def mark(text: str, terms: Collection[str]) -> Iterator[Piece]:
    """Cut a text where its words match; the pieces together are the text.

    A word matches by its terms (見守っている by 見守り). Where only a part of a long word matches, that part is marked.
    """
    folded, places = _folded(text)
    marked = [False] * len(text)
    at = 0
    for word in words(text):
        begin = folded.find(word.surface, at)
        if begin < 0:
            continue
        at = begin + len(word.surface)
        for start, end in _matching(word.surface, word.terms, terms):
            for here in range(places[begin + start][0], places[begin + end - 1][1]):
                marked[here] = True
    start = 0
    for here in range(1, len(text) + 1):
        if here == len(text) or marked[here] != marked[start]:
            yield Piece(text[start:here], marked[start])
            start = here


def _matching(surface: str, held: Sequence[str], wanted: Collection[str]) -> Iterator[tuple[int, int]]:
    """Stretches of a word that match: the whole word if it does as a whole, else those of its parts that do."""
    if not held:
        return
    if held[0] in wanted:
        yield 0, len(surface)
        return
    for term in held[1:]:
        if term in wanted:
            at = surface.find(term)
            yield (at, at + len(term)) if at >= 0 else (0, len(surface))


def _folded(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text as words have it (NFKC, lower case), and for each of its letters where in `text` that comes from.

    A letter and the marks behind it (ﾎﾞ) become one, so that they are folded together.
    """
    folded: str = ""
    places: list[tuple[int, int]] = []
    for letter in _LETTER.finditer(text):
        kept = unicodedata.normalize("NFKC", letter[0]).lower()
        folded += kept
        places += [letter.span()] * len(kept)
    return folded, places


def _chars(scored: Sequence[ScoredSentence]) -> int:
    return scored[-1].sentence.end - scored[0].sentence.start
