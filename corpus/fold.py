"""Folding for matching: two spellings of the same text become equal. Never shown, never quoted."""

from __future__ import annotations

import re
import unicodedata

_SPACE = re.compile(r"\s+")
# Dashes and waves that people and extractors use for one another; ー stays, it is a letter of katakana.
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-") | dict.fromkeys("〜～", "~"))


def fold(text: str) -> str:
    """Return `text` in NFKC, lower case, with one kind of dash and wave, and without any white space.

    >>> fold("ＳＤＧｓ　とは？")
    'sdgsとは?'
    """
    return _SPACE.sub("", unicodedata.normalize("NFKC", text).translate(_DASHES).lower())


class Folded:
    """A text folded letter by letter, which knows where each of its letters stood."""

    def __init__(self, text: str) -> None:
        letters = [(letter, here) for here, char in enumerate(text) for letter in fold(char)]
        self._text = "".join(letter for letter, _ in letters)
        self._places = [here for _, here in letters]

    def find(self, wanted: str) -> tuple[int, int] | None:
        """Return where the text first holds some words, however written; None where it does not, or for no words."""
        folded = fold(wanted)
        start = self._text.find(folded) if folded else -1
        return None if start < 0 else (self._places[start], self._places[start + len(folded) - 1] + 1)
