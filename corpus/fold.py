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
