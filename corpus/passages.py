"""Sections → passages: paragraphs and the names of aims with their place, the unit that is embedded and found."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from langchain_text_splitters import RecursiveCharacterTextSplitter

from corpus.headings import names_an_aim
from corpus.model import Document, Passage, PlacedBlock
from corpus.sections import split_sections
from corpus.sentences import split_sentences

# The default model reads 512 tokens; Japanese runs at about 1.6 characters a token, and the heading path wants room.
MAX_PASSAGE_CHARS = 600
# Short paragraphs say little alone (「日時：５月１１日」, 「※…は９年計画です。」): neighbours in a section make one passage
# up to this length where one of them is short.
MAX_GROUP_CHARS = 320
SHORT_CHARS = 80


def split_passages(document: Document) -> list[Passage]:
    """Return the document's passages in order; every block but headings and captions is in exactly one.

    A caption goes with a paragraph as its `caption`. A heading makes a passage only where it names one of the plan's aims:
    those are often said nowhere else, and residents ask for them.
    """
    captions = _captions(document)
    passages: list[Passage] = []
    seen: Counter[str] = Counter()

    def add(path: tuple[str, ...], start: int, end: int, caption: str, quotable: bool) -> None:
        text = document.text[start:end]
        identity = _passage_id(document.info.id, path, text)
        seen[identity] += 1
        passages.append(
            Passage(
                # The same words twice under one heading are two places: the second is …-2.
                id=identity if seen[identity] == 1 else f"{identity}-{seen[identity]}",
                document_id=document.info.id,
                section=path,
                caption=caption,
                start=start,
                end=end,
                text=text,
                quotable=quotable,
                sentences=split_sentences(document.text, start, end),
            )
        )

    for section in split_sections(document):
        heading = section.heading
        if heading and names_an_aim(document.text[heading.start : heading.end]):
            add(section.path[:-1], heading.start, heading.end, "", True)
        for group in _group(document.text, [block for block in section.blocks if block.kind != "caption"]):
            caption = " ".join(text for block in group for text in captions.get(block.start, []))
            for start, end in _pieces(document.text, group[0].start, group[-1].end):
                add(section.path, start, end, caption, group[0].kind != "figure")
    return passages


def path_after(passage: Passage) -> tuple[str, ...]:
    """Return the heading path of what follows a passage: its own, and after a heading that is a passage this one too."""
    return (*passage.section, passage.text) if names_an_aim(passage.text) else passage.section


def _captions(document: Document) -> dict[int, list[str]]:
    """Start of a paragraph → the captions that go with it.

    A picture stands where the page had room: its caption goes with the last paragraph before it that names what it
    shows, else with the paragraph right before it.
    """
    captions: dict[int, list[str]] = {}
    before: list[PlacedBlock] = []
    for block in document.blocks:
        if block.kind in ("paragraph", "figure"):
            before.append(block)
        elif block.kind == "caption" and before:
            caption = document.text[block.start : block.end].strip("（）()■ ")
            naming = (p for p in reversed(before) if caption in document.text[p.start : p.end])
            captions.setdefault(next(naming, before[-1]).start, []).append(caption)
    return captions


def _group(text: str, blocks: Sequence[PlacedBlock]) -> list[list[PlacedBlock]]:
    """Put a figure's cells together, and short paragraphs to their neighbours."""
    groups: list[list[PlacedBlock]] = []
    for block in blocks:
        if groups and _belongs_to(groups[-1], block):
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups


def _belongs_to(group: Sequence[PlacedBlock], block: PlacedBlock) -> bool:
    if "figure" in (block.kind, group[-1].kind):
        return block.kind == group[-1].kind
    is_short = block.end - block.start < SHORT_CHARS or group[-1].end - group[0].start < SHORT_CHARS
    return is_short and block.end - group[0].start <= MAX_GROUP_CHARS


def _pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut an over-long stretch where sentences end; a short one stays whole."""
    if end - start <= MAX_PASSAGE_CHARS:
        return [(start, end)]
    splitter = RecursiveCharacterTextSplitter(
        separators=["\n\n", "\n", "。", "、", ""],
        keep_separator="end",
        chunk_size=MAX_PASSAGE_CHARS,
        chunk_overlap=0,
        strip_whitespace=False,
    )
    pieces: list[tuple[int, int]] = []
    position = start
    for chunk in splitter.split_text(text[start:end]):
        trimmed = chunk.strip()
        if trimmed:
            begin = text.index(trimmed, position, end)
            pieces.append((begin, begin + len(trimmed)))
            position = begin + len(trimmed)
    return pieces


def _passage_id(document_id: str, section: tuple[str, ...], text: str) -> str:
    """Twelve hexadecimal digits: a chance of collision of one in a million at 20,000 passages (2^48 values)."""
    return hashlib.sha256("\x1f".join([document_id, *section, text]).encode()).hexdigest()[:12]
