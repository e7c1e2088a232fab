"""What to ask next: questions made from the plan's own headings, never invented."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from index.fusion import Hit

MAX_SUGGESTIONS = 3

_MARK = re.compile(
    "^(?:[〇○●◎■□◆◇]|[0-9０-９]{1,2}[.．、]?(?=[\\s　])|第[0-9０-９一二三四五六七八九十]+[章節](?=[\\s　]))[\\s　]*"
)
_ENDING = re.compile("(?:とは|について)$")


def suggest(hits: Sequence[Hit], cited_sections: Collection[tuple[str, ...]], about: str) -> tuple[str, ...]:
    """Return up to `MAX_SUGGESTIONS` questions about the nearest sections that were not cited, nearest first.

    Args:
        hits: the passages that were found, best first.
        cited_sections: heading paths that the answer has quoted already.
        about: the wording with `{heading}` in it.
    """
    questions: dict[str, None] = {}
    for hit in hits:
        section = hit.candidate.passage.section
        if section and hit.candidate.passage.quotable and section not in cited_sections:
            questions.setdefault(about.format(heading=_in_words(section)))
    return tuple(questions)[:MAX_SUGGESTIONS]


def _in_words(section: tuple[str, ...]) -> str:
    """The innermost heading; with the one around it where it alone says too little (○市の取組)."""
    own = _ENDING.sub("", _MARK.sub("", section[-1]))
    if section[-1].startswith("○") and len(section) > 1:
        own = f"{_MARK.sub('', section[-2])}の{own}"
    return own if "「" in own else f"「{own}」"
