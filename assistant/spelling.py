"""Questions in kana or with a wrong conversion → the index's own words, by how they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from corpus.fold import fold
from index.lexical import Word, noun_runs, surface_of, words

# Shorter readings have too many homophones: カン is 館, 感, 間, 官 …
MIN_READING_CHARS = 3
MAX_READING_CHARS = 12
# Of so many words that are read the same none is likelier than chance: 「…でしょう」 is not 小, 症, 省 or 章.
MAX_ALIKE = 3
# So long a stretch of kana is no chance within other words.
MIN_KANA_CHARS = 4
# Of larger collections only so much is read for compounds: it takes about a second.
MAX_TEXT_CHARS = 500_000

_KANA_ONLY = re.compile("[ぁ-ゖァ-ヺー]+")
_TO_KATAKANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}
# Small and full-size kana are mixed up on phones and in half width (ボランテイア); a reading is compared without that.
_FULL_SIZE = str.maketrans("ァィゥェォッャュョヮ", "アイウエオツヤユヨワ")
# What 「とは」 becomes where it is converted with the word before it; 東京都 and 京都 are themselves.
_CONVERTED_PARTICLE = re.compile("(?<=[一-鿿ァ-ヺー])(?<!京)都は(?=[?!。、]|$)")


class Spelling:
    """Finds the words of an index in text that is spelt otherwise, if it is read the same."""

    def __init__(self, vocabulary: Iterable[str], texts: Iterable[str] = ()) -> None:
        """Take the words of an index and, so that compounds can be put right, its documents."""
        joined = "\n".join(texts)[:MAX_TEXT_CHARS]
        self._text = fold(joined)
        self._compounds = {_reading_of(part): surface_of(part) for part in _compounds(joined)}
        self._vocabulary = frozenset(vocabulary)
        self._by_reading: dict[str, list[str]] = {}
        for term in sorted(self._vocabulary):
            reading = _reading("".join(word.reading for word in words(term)))
            if len(reading) >= MIN_READING_CHARS:
                self._by_reading.setdefault(reading, []).append(term)
        self._by_reading = {reading: alike for reading, alike in self._by_reading.items() if len(alike) <= MAX_ALIKE}

    def corrected(self, text: str) -> str:
        """Return a text with compounds in it as the documents write them: those that are read the same, and those in kana.

        A single word may be another one that is read the same (口座, 講座); of two and more that is no chance.
        """
        text = _CONVERTED_PARTICLE.sub("とは", text)
        for run in noun_runs(words(text)):
            surface = surface_of(run)
            written = self._compounds.get(_reading_of(run), surface)
            # Kana end where a particle or another word begins, which a dictionary often takes for a part of it.
            if len(run) > 1 and written != surface and not _KANA_ONLY.fullmatch(surface) and not self._is_written(surface):
                text = text.replace(surface, written)
        return _KANA_ONLY.sub(lambda kana: kana[0] if self._is_written(kana[0]) else self._in_kanji(kana[0]), text)

    def is_mostly_written(self, compound: str) -> bool:
        """Whether the documents hold more than half of a compound, as 福祉避難所 of 福祉避難所一覧, in whole words."""
        found = words(compound)
        pieces = (surface_of(found[first:last]) for first in range(len(found)) for last in range(first + 1, len(found) + 1))
        return any(len(piece) > len(compound) / 2 and self._is_written(piece) for piece in pieces)

    def _is_written(self, surface: str) -> bool:
        """Whether the documents hold some words as they stand."""
        return fold(surface) in self._text

    def _in_kanji(self, kana: str) -> str:
        """The longest compounds and words from left to right in place of how they are read."""
        reading = _reading(kana)
        found = ""
        here = 0
        while here < len(kana):
            for end in range(len(kana), here + MIN_KANA_CHARS - 1, -1):
                written = self._compounds.get(reading[here:end])
                if written:
                    found += written
                    here = end
                    break
            else:
                found += kana[here]
                here += 1
        return found

    def read_alike(self, text: str) -> tuple[tuple[str, ...], str]:
        """Return terms of the index that stretches of unknown or kana words are read like, and the text without these.

        Stretches of words that the index knows in kanji are left alone, because they are spelt right.
        """
        found: list[str] = []
        rest: list[str] = []
        stretch: list[Word] = []
        for word in [*words(text), None]:
            if word is not None and self._is_doubtful(word):
                stretch.append(word)
                continue
            terms = self._terms_in("".join(_spoken(doubtful) for doubtful in stretch))
            found.extend(terms)
            if not terms:
                rest.extend(doubtful.surface for doubtful in stretch)
            stretch = []
            rest.append(word.surface if word is not None else "")
        return tuple(dict.fromkeys(found)), "".join(rest)

    def _is_doubtful(self, word: Word) -> bool:
        if _KANA_ONLY.fullmatch(word.surface):
            return not any(term in self._vocabulary for term in word.terms) or not word.terms or len(word.surface) > 1
        return bool(word.terms) and not any(term in self._vocabulary for term in word.terms)

    def _terms_in(self, reading: str) -> list[str]:
        """The longest matches from left to right; a letter that begins none is passed over."""
        found: list[str] = []
        here = 0
        while here < len(reading):
            for length in range(min(MAX_READING_CHARS, len(reading) - here), MIN_READING_CHARS - 1, -1):
                terms = self._by_reading.get(reading[here : here + length])
                if terms:
                    found.extend(terms)
                    here += length
                    break
            else:
                here += 1
        return found


def _spoken(word: Word) -> str:
    """How a word is read; kana are read as they stand, whatever a dictionary takes them for."""
    return _reading(word.surface if _KANA_ONLY.fullmatch(word.surface) else word.reading)


def _reading(text: str) -> str:
    return text.translate(_TO_KATAKANA).translate(_FULL_SIZE)


def _compounds(text: str) -> Iterator[list[Word]]:
    """Every part of every run of nouns in a text, of at least one whole word."""
    for line in re.split("[。\n]", text):
        for run in noun_runs(words(line)):
            for first in range(len(run)):
                for last in range(first + 1, len(run) + 1):
                    yield run[first:last]


def _reading_of(run: Iterable[Word]) -> str:
    return "".join(map(_spoken, run))
