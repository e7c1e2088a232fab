"""Folding for matching: two spellings of the same text become equal. Never shown, never quoted."""

from __future__ import annotations

import re
import unicodedata

_SPACE = re.compile(r"\s+")
# With the marks behind it, which may become one letter with it: 「ﾎﾞ」 is 「ボ」.
_LETTER = re.compile("(?s:.)[\u0300-\u036f\u3099\u309aﾞﾟ]*")
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
        letters = [(letter, match.span()) for match in _LETTER.finditer(text) for letter in fold(match.group())]
        self._text = "".join(letter for letter, _ in letters)
        self._places = [span for _, span in letters]

    def find_all(self, wanted: str) -> list[tuple[int, int]]:
        """Return where the text holds some words, however they are written, in order; nowhere for no words."""
        folded = fold(wanted)
        starts = [match.start() for match in re.finditer(re.escape(folded), self._text)] if folded else []
        return [(self._places[start][0], self._places[start + len(folded) - 1][1]) for start in starts]
