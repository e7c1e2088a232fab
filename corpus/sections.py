"""Blocks → the canonical text and its heading tree. Knows nothing of how the blocks came about."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.model import Block, Document, DocumentInfo, PlacedBlock, Section

BETWEEN_BLOCKS = "\n\n"


def place_blocks(info: DocumentInfo, blocks: Sequence[Block], source_sha256: str) -> Document:
    """Write the blocks one after another and note where each stands."""
    placed: list[PlacedBlock] = []
    position = 0
    for block in blocks:
        placed.append(PlacedBlock(block.kind, block.level, position, position + len(block.text)))
        position += len(block.text) + len(BETWEEN_BLOCKS)
    return Document(info, BETWEEN_BLOCKS.join(block.text for block in blocks), tuple(placed), source_sha256)


def split_sections(document: Document) -> list[Section]:
    """Return the sections in the document's order, those of sub-headings after the one that encloses them.

    A section may have no blocks (a heading that only has sub-headings). The first one has no heading where the document
    does not begin with one.
    """
    sections: list[Section] = []
    path: list[tuple[int, str]] = []
    heading: PlacedBlock | None = None
    blocks: list[PlacedBlock] = []

    def close() -> None:
        if heading or blocks:
            sections.append(Section(tuple(title for _, title in path), heading, tuple(blocks)))

    for block in document.blocks:
        if block.kind != "heading":
            blocks.append(block)
            continue
        close()
        path = [(level, title) for level, title in path if level < block.level]
        path.append((block.level, document.text[block.start : block.end]))
        heading, blocks = block, []
    close()
    return sections
