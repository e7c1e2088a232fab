"""Which lines are headings, by the marks that Japanese public documents use. Knows nothing of where they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# A heading longer than this is a sentence that happens to begin with a mark.
MAX_HEADING_CHARS = 48

_DIGITS = r"[0-9０-９]{1,2}"
# (style, pattern, rank): the smaller the rank, the further out. The ranks follow the usual order of such documents:
# 第１章 > １ > 基本目標１ and the marks that open a topic > ○ and ● that open a share of it > （１）.
_STYLES: tuple[tuple[str, re.Pattern[str], int], ...] = (
    ("chapter", re.compile(r"第[一二三四五六七八九十0-9０-９]{1,3}[部編章節](?=[\s　]|$).*"), 1),
    ("number", re.compile(rf"({_DIGITS})(?:[.．、][\s　]*|[\s　]+)(?![年月日時分人回件か所０-９0-9])\S.*"), 2),
    ("goal", re.compile(rf"(?:基本目標|基本方針|基本施策|重点施策|施策|重点目標)[\s　]*({_DIGITS})(?:[\s　]+.*)?"), 3),
    ("〇", re.compile(r"〇[\s　]*\S.*"), 3),
    ("■", re.compile(r"[■□◆◇][\s　]*\S.*"), 3),
    ("【】", re.compile(r"【[^】]+】"), 3),
    ("○", re.compile(r"[○●◎][\s　]*\S.*"), 4),
    ("(1)", re.compile(rf"[（(]({_DIGITS})[）)][\s　]*\S.*"), 5),
)
# A line of a table of contents: 「基本目標１ 安心できるまち……12」.
_OF_CONTENTS = re.compile(r"[.．…‥・･]{2,}[\s　]*[0-9０-９]{1,3}$")
# A plan says under such a heading what somebody has done or will do, and names nobody any more: 「○社協の取組」.
_WHO_ACTS = re.compile(
    r"[○〇◯●■□◆◇・\s]{0,3}(?:[（(]?[0-9０-９]{1,2}[）)．.]?\s?)?"
    r"(?P<heading>\S{1,20}?(?:の(?:主な|具体的な)?(?:取り?組み?|役割|責務)|が(?:取り組む|行う|担う)こと))"
)
_COLON = re.compile("[：:]")
_CAPTION_ENDINGS = ("について", "とは", "イメージ", "体系", "一覧")
_TO_ASCII = str.maketrans("０１２３４５６７８９", "0123456789")


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that is a heading. `number` is the number it carries, or None."""

    text: str
    style: str
    rank: int
    number: int | None


def parse_heading(line: str) -> Heading | None:
    """Return the heading that a line is, or None.

    A line with 。 in it is a sentence, and one with ： an entry (「■日時：５月１１日」), unless it ends as a caption does
    (「■４助：…について」).
    """
    if len(line) > MAX_HEADING_CHARS or "。" in line or line.endswith(("、", "，")):
        return None
    if _COLON.search(line) and not line.endswith(_CAPTION_ENDINGS):
        return None
    for style, pattern, rank in _STYLES:
        match = pattern.fullmatch(line)
        if match:
            digits = match.group(1) if match.groups() else None
            return Heading(line, style, rank, int(digits.translate(_TO_ASCII)) if digits else None)
    return None


def names_an_aim(line: str) -> bool:
    """Whether a line is a heading that names an aim with its number: 「基本目標１ 安心できるまち」, not 「基本目標１」.

    Nor one of a table of contents.
    """
    heading = parse_heading(line)
    is_aim = heading is not None and heading.style == "goal" and bool(re.search(rf"{_DIGITS}[\s　]+\S", line))
    return is_aim and not _OF_CONTENTS.search(line)


def who_acts(section: Sequence[str]) -> str:
    """Return the deepest of the headings above a text that says who acts, without its bullet; empty if none does."""
    matches = (_WHO_ACTS.fullmatch(heading.strip()) for heading in reversed(section))
    return next((match["heading"] for match in matches if match), "")
