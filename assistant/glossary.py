"""The plan's own terms, taken from its text by rules; each entry is an exact span with its place. Invents no wording."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from corpus.fold import fold
from corpus.model import Document, Passage
from corpus.passages import path_after
from index.lexical import words

Kind = Literal["definition", "abbreviation", "member", "group"]

# 「地域福祉とは、…をいいます。」, 「「市民」とは社会構造の…」. Without quotation marks a comma must follow, and no こ stand
# before: 「話してみることは」 and 「他の特別会計とは区分しています」 define nothing.
_DEFINED = re.compile(
    "(?:「(?P<quoted>[^「」]{1,30})」(?:（(?P<letters>[^（）]{1,80})）)?とは(?!異な|違|別|限ら|いえ|言え|思|なら|関係|無関係|区)"
    "|(?P<plain>[^、。「」（）\\s]{1,30}[^、。「」（）\\sこ])(?:（(?P<inside>[^（）]{1,80})）)?とは[、，])"
)
_DEFINING_END = re.compile("(?:です|ます|である|いう|います|もの|こと)。?$")
# What stands before とは without being a term.
_NO_TERM = re.compile(
    "^(?:これ|それ|あれ|こ|そ|ここ|そこ|今|何|なに|もの|こと|ほか|他)$|[をはがにでも]$|(?:それ|これ|まで|あたって)"
)
# 「社会福祉協議会（以下「社協」という。）」, also with other words before 以下 inside the brackets.
_SHORTENED = re.compile(
    "（(?:[^（）]{0,60}[、。 ])?以下、?「(?P<short>[^「」]{1,20})」(?:という|とする|といいます|とします)。?）"
)
# 「持続可能な開発目標（ＳＤＧｓ：…）」
_LETTERS = re.compile("（(?P<short>[A-Za-zＡ-Ｚａ-ｚ]{2,10})(?:[：:、][^（）]{1,80})?）")
# 「住民一人ひとりの力（自助）、近隣での助け合い（互助）…」: three or more of a kind, so that no aside is taken for a term.
_MEMBER = re.compile("(?P<meaning>[^、。（）「」]{3,40})（(?P<term>[一-鿿ァ-ヶー]{2,10})）")
_MIN_MEMBERS = 3
# 「■４助：「自助」・「互助」・「共助」・「公助」について」
_GROUP = re.compile("(?P<term>[^：:■○〇●「」\\s]{1,12})[：:](?P<list>「[^「」]{1,12}」(?:[・、]?「[^「」]{1,12}」){1,9})")
_LISTED = re.compile("「([^「」]{1,12})」")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the plan says about a term: `quote` is exactly the document's text from `start` to `end`.

    `names` are all spellings by which a question may name it, folded. `passage_id` is the passage that holds the span, or
    empty for one in a heading or caption.
    """

    term: str
    kind: Kind
    names: tuple[str, ...]
    document_id: str
    section: tuple[str, ...]
    passage_id: str
    start: int
    end: int
    quote: str


class Glossary:
    """All entries of an index, in the documents' order; none where no rule finds any."""

    def __init__(self, documents: Iterable[Document], passages: Sequence[Passage]) -> None:
        found = [entry for passage in passages if passage.quotable for entry in _in_passage(passage)]
        found += [entry for document in documents for entry in _groups(document, passages)]
        self.entries = tuple(_without_repeats(found))

    def defining(self, term: str) -> list[Entry]:
        """Return the entries that say what just this term means, those that define it first."""
        name = fold(term)
        kinds: tuple[Kind, ...] = ("definition", "abbreviation")
        return [entry for kind in kinds for entry in self.entries if entry.kind == kind and name in entry.names]

    def named_in(self, question: str) -> list[Entry]:
        """Return the entries whose term a question names; those of longer names first, as they are the more particular.

        A name of one letter (市) counts only as a word of its own.
        """
        folded = fold(question)
        single = {fold(word.surface) for word in words(question)}
        named = [
            (max(len(name) for name in hits), entry)
            for entry in self.entries
            if (hits := [name for name in entry.names if (name in folded if len(name) > 1 else name in single)])
        ]
        entries = [entry for _, entry in sorted(named, key=lambda pair: -pair[0])]
        # Who asks for the 4助 wants each of the four.
        listed = {name for entry in entries if entry.kind == "group" for name in entry.names}
        return entries + [e for e in self.entries if e.kind == "member" and e not in entries and listed & set(e.names)]


def _in_passage(passage: Passage) -> Iterator[Entry]:
    for sentence in passage.sentences:
        text = sentence.text

        def entry(
            term: str,
            kind: Kind,
            start: int,
            end: int,
            names: Sequence[str] = (),
            text: str = text,
            at: int = sentence.start,
        ) -> Entry:
            spellings = tuple(dict.fromkeys(fold(name) for name in (term, *names) if fold(name)))
            place = (passage.document_id, passage.section, passage.id)
            return Entry(term, kind, spellings, *place, at + start, at + end, text[start:end])

        if _DEFINING_END.search(text):
            for match in _DEFINED.finditer(text):
                term = _trimmed(match["quoted"] or match["plain"])
                if term and not _NO_TERM.search(term):
                    letters = re.match("[A-Za-zＡ-Ｚａ-ｚ]{2,10}", match["inside"] or match["letters"] or "")
                    yield entry(term, "definition", 0, len(text), [letters[0]] if letters else [])
        for match in _SHORTENED.finditer(text):
            start = _long_form(text, match.start(), match["short"])
            yield entry(match["short"], "abbreviation", start, match.end(), [text[start : match.start()]])
        for match in _LETTERS.finditer(text):
            start = _long_form(text, match.start(), match["short"])
            if match.start() - start >= len(match["short"]):
                yield entry(match["short"], "abbreviation", start, match.end(), [text[start : match.start()]])
        members = list(_MEMBER.finditer(text))
        if len(members) >= _MIN_MEMBERS:
            for match in members:
                yield entry(match["term"], "member", match.start(), match.end())


def _trimmed(term: str) -> str:
    """A term without the words that lead to it in running text: 「なお、」 ends at its comma, 「本計画における」 here."""
    return re.sub("^.{0,20}(?:における|でいう|にいう|での)", "", term)


def _long_form(text: str, end: int, short: str) -> int:
    """Where the words begin that a bracket at `end` shortens.

    The shortest stretch that is longer than the short form and holds its letters in order, beginning with the first: the
    plan writes 「平成２８年１２月に再犯の防止等の推進に関する法律（…「再犯防止推進法」…）」. Else what stands there since
    the last punctuation.
    """
    begin = max((text.rfind(mark, 0, end) for mark in "、。「」『』（）"), default=-1) + 1
    if text[end - 1 : end] in ("」", "』"):
        return max(text.rfind("「", 0, end), text.rfind("『", 0, end), 0)
    stretch = text[begin:end]
    for start in range(len(stretch) - len(short) - 1, -1, -1):
        if stretch[start] == short[0] and _holds_in_order(stretch[start:], short):
            return begin + start
    return begin


def _holds_in_order(text: str, letters: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


def _groups(document: Document, passages: Sequence[Passage]) -> Iterator[Entry]:
    """Terms that a heading or a caption explains by listing what they are made of."""
    for block in document.blocks:
        if block.kind not in ("heading", "caption"):
            continue
        text = document.text[block.start : block.end]
        for match in _GROUP.finditer(text):
            before = [p for p in passages if p.document_id == document.info.id and p.start < block.start]
            yield Entry(
                term=match["term"],
                kind="group",
                names=tuple(dict.fromkeys([fold(match["term"]), *map(fold, _LISTED.findall(match["list"]))])),
                document_id=document.info.id,
                section=path_after(before[-1]) if before else (),
                passage_id="",
                start=block.start + match.start(),
                end=block.start + match.end(),
                quote=match[0],
            )


def _without_repeats(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Each explanation of a term once: the same words may stand in several places."""
    seen: set[tuple[str, str, str]] = set()
    for entry in entries:
        key = (entry.document_id, fold(entry.term), fold(entry.quote))
        if key not in seen:
            seen.add(key)
            yield entry
