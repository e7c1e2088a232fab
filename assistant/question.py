"""The input gate: whatever comes in becomes one clean `Question` or an `InvalidQuestionError`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from assistant.errors import InvalidQuestionError

MAX_CHARS = 300
# Normalising costs more than linear time on long runs of combining marks (48 s for 200,000 of them), so that longer
# input is refused before it is looked at.
MAX_RAW_CHARS = 1000
MAX_TURNS = 10

_SPACES = re.compile(r"\s+")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Question:
    """A question that is safe to work with: NFKC, no invisible characters, single spaces, 1 to 300 code points."""

    text: str


def parse_question(raw: str) -> Question:
    """Clean a question.

    Raises:
        InvalidQuestionError: nothing visible in it, over 300 code points, or a lone surrogate. Nothing is truncated: half
            a question may ask something else.
    """
    if len(raw) > MAX_RAW_CHARS:
        raise InvalidQuestionError("too_long")
    if _SURROGATE.search(raw):
        raise InvalidQuestionError("not_text")
    text = _visible(unicodedata.normalize("NFKC", _visible(raw)))
    if not text:
        raise InvalidQuestionError("empty")
    if len(text) > MAX_CHARS:
        raise InvalidQuestionError("too_long")
    return Question(text)


def _visible(text: str) -> str:
    """Drop control, format (zero width, direction, tag) and private characters; white space becomes single spaces."""
    kept = (char if char.isspace() or unicodedata.category(char)[0] != "C" else "" for char in text)
    return _SPACES.sub(" ", "".join(kept)).strip()
