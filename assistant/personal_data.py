"""Personal data in a question: identifiers are refused before anything is done with them, the rest is masked before storage.

By form, check digit and words nearby; the reviewed patterns are in `personal_data.toml`. No rule sees everything: a name
in running text or a number in words of another language may stay. No claim is made that a text is free of personal data.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from assistant.check_digits import is_card_number, is_my_number, is_resident_code
from assistant.errors import IdentifierKind, PersonalDataError
from assistant.question import Question
from index.lexical import words

SHIPPED_PATTERNS = Path(__file__).parent / "personal_data.toml"
# How far away a word still says what a number is.
NEAR_CHARS = 25
# Longer texts are looked at in parts, so that no text takes long.
PART_CHARS = 2000

_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "card": is_card_number,
    "my_number": is_my_number,
    "resident_code": is_resident_code,
}

_LABELS: Mapping[str, str] = {
    "my_number": "マイナンバー",
    "resident_code": "住民票コード",
    "card": "カード番号",
    "phone": "電話番号",
    "email": "メールアドレス",
    "residence_card": "在留カード番号",
    "passport": "旅券番号",
    "pension": "年金番号",
    "bank": "口座番号",
    "licence": "免許証番号",
    "insurance": "保険証番号",
    "name": "氏名",
    "address": "住所",
    "plate": "車両番号",
    "customer_number": "お客様番号",
    "school": "学校",
}


class Rule(BaseModel):
    """One kind of personal data by its form; `near`, `unless` and `check` narrow it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str
    pattern: re.Pattern[str]
    near: re.Pattern[str] | None = None
    unless: re.Pattern[str] | None = None
    check: str | None = None

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the places in a folded text that this rule is about."""
        for found in self.pattern.finditer(text):
            start, end = found.span("id" if "id" in self.pattern.groupindex else 0)
            around = text[max(0, found.start() - NEAR_CHARS) : found.end() + NEAR_CHARS]
            if self.near and not self.near.search(around):
                continue
            if self.unless and self.unless.search(around):
                continue
            if self.check and not _CHECKS[self.check](re.sub(r"\D", "", text[start:end])):
                continue
            yield start, end


class Patterns(BaseModel):
    """The reviewed rules, in the order in which they take spans."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    refused: tuple[Rule, ...]
    masked: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data of a kind, from `start` to `end` of the text (code points)."""

    kind: str
    start: int
    end: int


@cache
def load_patterns(path: Path = SHIPPED_PATTERNS) -> Patterns:
    """Read the reviewed patterns."""
    return Patterns.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def refuse_identifiers(question: Question) -> Question:
    """Return a question that holds no identifier.

    Raises:
        PersonalDataError: it holds one; the error says of which kind and nothing more.
    """
    found = find_identifiers(question.text)
    if found:
        # The kinds are those of the file's `refused` rules; a test compares both.
        kind: IdentifierKind = found[0].kind  # type: ignore[assignment]
        raise PersonalDataError(kind)
    return question


def find_identifiers(text: str) -> list[Finding]:
    """Return what a question is refused for, in the order of the rules."""
    return _find(text, load_patterns().refused)


_SURROGATE = re.compile("[\ud800-\udfff]")


def mask(text: str) -> str:
    """Return a text with a label in place of everything personal that the rules find: 「[氏名]です」.

    For a text of any length that is cleaned as a question is. An empty text stays empty; a lone surrogate, which is no
    letter and can be stored nowhere, becomes �.
    """
    text = _SURROGATE.sub("\ufffd", text)
    return "".join(_mask_part(text[start : start + PART_CHARS]) for start in range(0, len(text), PART_CHARS))


def _mask_part(text: str) -> str:
    rules = load_patterns()
    found = _find(text, [*rules.refused, *rules.masked])
    taken = [(finding.start, finding.end) for finding in found]
    found += [Finding("name", start, end) for start, end in _names(text) if _is_free(start, end, taken)]
    for finding in sorted(found, key=lambda finding: finding.start, reverse=True):
        text = f"{text[: finding.start]}[{_LABELS[finding.kind]}]{text[finding.end :]}"
    return text


def _find(text: str, rules: Sequence[Rule]) -> list[Finding]:
    folded = _fold(text[:PART_CHARS])
    found: list[Finding] = []
    taken: list[tuple[int, int]] = []
    for rule in rules:
        for start, end in rule.spans(folded.text):
            if end > start and _is_free(start, end, taken):
                taken.append((start, end))
                found.append(Finding(rule.kind, folded.starts[start], folded.ends[end - 1]))
    return found


def _is_free(start: int, end: int, taken: Sequence[tuple[int, int]]) -> bool:
    return all(end <= other_start or start >= other_end for other_start, other_end in taken)


@dataclass(frozen=True, slots=True)
class _Folded:
    """A text with its numbers written in one way; `starts` and `ends` say where each character stands in the original."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def replace(self, pattern: re.Pattern[str], replacement: Callable[[str], str]) -> _Folded:
        text, starts, ends = "", list[int](), list[int]()
        at = 0
        for found in pattern.finditer(self.text):
            start, end = found.span()
            new = replacement(found[0])
            text += self.text[at:start] + new
            starts += [*self.starts[at:start], *[self.starts[start]] * len(new)]
            ends += [*self.ends[at:start], *[self.ends[end - 1]] * len(new)]
            at = end
        return _Folded(text + self.text[at:], (*starts, *self.starts[at:]), (*ends, *self.ends[at:]))


_KANJI_DIGITS = dict(zip("〇零○◯一二三四五六七八九", "0000123456789", strict=True))
_SPOKEN = {
    **{"ゼロ": "0", "レイ": "0", "マル": "0", "イチ": "1", "ニ": "2", "サン": "3", "ヨン": "4", "シ": "4", "ゴ": "5"},
    **{"ロク": "6", "ナナ": "7", "シチ": "7", "ハチ": "8", "キュウ": "9", "キュー": "9", "ク": "9"},
}
_SPOKEN.update({"".join(chr(ord(c) - 0x60) if c != "ー" else c for c in word): digit for word, digit in _SPOKEN.items()})
_ONE_SPOKEN = "|".join(sorted(_SPOKEN, key=len, reverse=True))
_ONE_SPOKEN_PATTERN = re.compile(_ONE_SPOKEN)

# Three in a row at least: one kanji or one syllable is a word more often than a digit.
_FOLDS: Sequence[tuple[re.Pattern[str], Callable[[str], str]]] = (
    (re.compile("[〇零○◯一二三四五六七八九]{3,40}"), lambda run: "".join(_KANJI_DIGITS[char] for char in run)),
    (
        re.compile(f"(?:(?:{_ONE_SPOKEN})[ ・、]?){{3,16}}"),
        lambda run: "".join(_SPOKEN[word] for word in _ONE_SPOKEN_PATTERN.findall(run)),
    ),
    (re.compile(r"(?<![\d])\d(?: \d){5,24}(?!\d)"), lambda run: run.replace(" ", "")),
    (re.compile(r"(?<=\d) ?[‐‑‒–—―−ーｰ_~〜～・.()のノ-] ?\(?(?=\d)"), lambda run: "-"),
    (re.compile(r"\((?=\d)"), lambda run: " "),
    (re.compile(r" ?(?:[\[(<{]at[\])>}]|アットマーク|あっとまーく|アット|＠|@) ?"), lambda run: "@"),
    (re.compile(r"(?<=[a-z0-9]) ?(?:[\[(<{]dot[\])>}]|ドット|どっと) ?(?=[a-z0-9])"), lambda run: "."),
)


def _fold(text: str) -> _Folded:
    lower = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
    folded = _Folded(lower, tuple(range(len(lower))), tuple(range(1, len(lower) + 1)))
    for pattern, replacement in _FOLDS:
        folded = folded.replace(pattern, replacement)
    return folded


_NAMED_AFTER = re.compile(r" ?(?:さん|様|さま|氏|君|くん|ちゃん|です|だ|と(?:申|言|い)|とい|\()")
_RELATIVES = "夫|妻|主人|息子|娘|長男|長女|父|母|兄|弟|姉|妹|祖父|祖母|孫"
_NAMED_BEFORE = re.compile(f"(?:私|わたし|僕|ぼく|俺|{_RELATIVES}|友人|隣|近所|職員|担当|上司|先生)(?:は|の|が|、) ?$")


def _names(text: str) -> Iterator[tuple[int, int]]:
    """Runs of proper nouns that someone is called by: 「夫の佐藤」, 「山田太郎です」. A place may be among them."""
    at, run = 0, None
    spoken = words(text)
    # The tokenizer reads the text in its own normal form; where that is longer, no place in it is one in the text.
    if sum(len(word.surface) for word in spoken) != len(text):
        return
    for word in [*spoken, None]:
        if word is not None and word.is_name:
            run = at if run is None else run
        elif run is not None:
            if _NAMED_AFTER.match(text, at) or _NAMED_BEFORE.search(text[max(0, run - 8) : run]):
                yield run, at
            run = None
        at += len(word.surface) if word is not None else 0
