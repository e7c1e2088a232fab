"""Questions in kana or with a wrong conversion → the index's own words, by how they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from index.lexical import Word, words

# Shorter readings have too many homophones: カン is 館, 感, 間, 官 …
MIN_READING_CHARS = 3
MAX_READING_CHARS = 12

_KANA_ONLY = re.compile("[ぁ-ゖァ-ヺー]+")
_TO_KATAKANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}
# Small and full-size kana are mixed up on phones and in half width (ボランテイア); a reading is compared without that.
_FULL_SIZE = str.maketrans("ァィゥェォッャュョヮ", "アイウエオツヤユヨワ")


class Spelling:
    """Finds the words of an index in text that is spelt otherwise, if it is read the same."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._vocabulary = frozenset(vocabulary)
        self._by_reading: dict[str, list[str]] = {}
        for term in sorted(self._vocabulary):
            reading = _reading("".join(word.reading for word in words(term)))
            if len(reading) >= MIN_READING_CHARS:
                self._by_reading.setdefault(reading, []).append(term)

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
