"""A document as a page shows it: its blocks cut at anchors and at the quoted span. Pure; knows no HTML."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.model import BlockKind, Document, Passage, PlacedBlock


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a block's text; `anchor` is the id of the passage that begins with it, or empty."""

    text: str
    anchor: str
    marked: bool


@dataclass(frozen=True, slots=True)
class BlockView:
    """A block to show. Its pieces' texts together are the block's text. `gap` says that the source breaks off after it."""

    kind: BlockKind
    level: int
    anchor: str
    pieces: tuple[Piece, ...]
    gap: bool


def view_document(document: Document, passages: Sequence[Passage], marked: tuple[int, int] | None) -> list[BlockView]:
    """Return the document's blocks for show.

    Args:
        document: the document.
        passages: all passages of the index; those of other documents are passed over.
        marked: the span to highlight, or None. One that is not inside the document marks nothing.
    """
    anchors = {passage.start: passage.id for passage in passages if passage.document_id == document.info.id}
    span = marked if marked and 0 <= marked[0] < marked[1] <= len(document.text) else (0, 0)
    return [_view(document, block, anchors, span) for block in document.blocks]


def _view(document: Document, block: PlacedBlock, anchors: dict[int, str], span: tuple[int, int]) -> BlockView:
    cuts = {block.start, block.end, *(start for start in anchors if block.start < start < block.end)}
    cuts |= {edge for edge in span if block.start < edge < block.end}
    edges = sorted(cuts)
    pieces = tuple(
        Piece(
            text=document.text[start:end],
            anchor=anchors.get(start, "") if start > block.start else "",
            marked=span[0] <= start and end <= span[1],
        )
        for start, end in itertools.pairwise(edges)
    )
    return BlockView(
        kind=block.kind,
        level=block.level,
        anchor=anchors.get(block.start, "") or (f"s-{block.start}" if block.kind == "heading" else ""),
        pieces=pieces,
        gap=any(document.text[block.start : block.end].endswith(gap.after) for gap in document.info.gaps),
    )


def view_passage(document: Document, passages: Sequence[Passage], span: tuple[int, int]) -> list[BlockView]:
    """Return the blocks that hold a span, with one before and one after where these stand under the same heading.

    For a span in a heading, that is the heading with the block after it.

    Empty for a span that is not inside the document.
    """
    if not 0 <= span[0] < span[1] <= len(document.text):
        return []
    blocks = list(zip(document.blocks, view_document(document, passages, span), strict=True))
    held = [at for at, (placed, _) in enumerate(blocks) if placed.start < span[1] and span[0] < placed.end]
    if not held:
        return []
    before, after = held[0] - 1, held[-1] + 1
    begins_section = blocks[held[0]][0].kind == "heading"
    kept = ([before] if before >= 0 and not begins_section else []) + held + ([after] if after < len(blocks) else [])
    return [blocks[at][1] for at in kept if at in held or blocks[at][0].kind != "heading"]


def passage_at(passages: Sequence[Passage], document_id: str, place: int) -> Passage | None:
    """Return the passage that holds a place of a document, or None."""
    return next((p for p in passages if p.document_id == document_id and p.start <= place < p.end), None)
