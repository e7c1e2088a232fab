"""One line of extracted text: invisible characters, doubled letters. Knows nothing of the lines around it."""

from __future__ import annotations

import re
import unicodedata

# Characters without a shape (zero width, direction marks, tags, soft hyphen) can hide text from a human reader while an
# index sees it: none belongs in a public document.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
_SPACES = re.compile(r"[ \t　]+")
# A kana and a combining (semi-)voiced mark, as files made on a Mac spell が.
_SPLIT_KANA = re.compile("[\u3041-\u30fe][\u3099\u309a]")
_MIN_DOUBLED_CHARS = 4


def tidy(line: str) -> str:
    """Return the line without invisible characters, outer white space and runs of spaces. Letters stay as they are."""
    seen = "".join(char if char == "\t" or unicodedata.category(char) not in _UNSEEN else "" for char in line)
    seen = _SPLIT_KANA.sub(lambda match: unicodedata.normalize("NFC", match.group()), seen)
    return _SPACES.sub(" ", seen).strip()


def undouble(line: str) -> str:
    """Return the line with every letter once, if all its letters are doubled; else the line itself.

    Bold type that a PDF draws twice, shifted by a hair, comes out of the extraction so.

    >>> undouble("基基本本目目標標２２")
    '基本目標２'
    >>> undouble("ママと子ども")
    'ママと子ども'
    """
    words = line.split(" ")
    if sum(map(len, words)) < _MIN_DOUBLED_CHARS:
        return line
    if any(word[0::2] != word[1::2] for word in words):
        return line
    return " ".join(word[0::2] for word in words)
