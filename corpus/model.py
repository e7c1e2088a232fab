"""What a document is once it is read: its text, blocks, sections, passages and sentences. All frozen, all spans.

Every `start` and `end` counts code points in `Document.text`, `end` exclusive, so `text[start:end]` is the thing itself.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

BlockKind = Literal["heading", "paragraph", "caption", "figure"]


class Correction(BaseModel):
    """A person's mending of a damaged place: `find` becomes `replace` wherever it stands in a line."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    find: str
    replace: str
    reason: str


class FigureMark(BaseModel):
    """Says that all lines under `heading` are the scattered cells of a figure: shown, never quoted."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    heading: str
    reason: str


class Gap(BaseModel):
    """Says that text is missing in the source after the block that ends with `after`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    after: str
    reason: str


class DocumentInfo(BaseModel):
    """What `corpus/documents/<id>.toml` says about a document; a key that is not named here is an error.

    `valid_from` and `valid_to` are both inclusive; either may be absent, and then the document does not expire.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    title: str
    short_title: str = ""
    issuer: str = ""
    edition: str = ""
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    source: str = ""
    licence: str = ""
    layout: Literal["plain", "overlapping-windows"] = "plain"
    corrections: tuple[Correction, ...] = ()
    figures: tuple[FigureMark, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph-like unit of a document. `level` is 1 (outermost) and up for a heading, 0 for all else."""

    kind: BlockKind
    text: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """A block where it stands in the canonical text."""

    kind: BlockKind
    level: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class AnticipatedQuestion:
    """A question that people are expected to ask, and where the document answers it: spans, at least one."""

    text: str
    answers: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A document in its canonical form.

    `text` is the blocks with one empty line between two; `source_sha256` is over the file and what lies beside it, so that
    an index can tell that its source has changed. `questions` are those of the file beside it; a loaded index has them
    together, not with its documents.
    """

    info: DocumentInfo
    text: str
    blocks: tuple[PlacedBlock, ...]
    source_sha256: str
    questions: tuple[AnticipatedQuestion, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under one heading, without those of its sub-headings. `path` goes from the outermost heading inwards.

    `path` is empty for text before the first heading. `heading` is None there.
    """

    path: tuple[str, ...]
    heading: PlacedBlock | None
    blocks: tuple[PlacedBlock, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """The unit of citation. `text` is exactly the document's text from `start` to `end`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph, or a heading that names an aim, with its place in the document: the unit of retrieval.

    `id` is the same as long as document id, heading path and text are. `caption` is a figure's or photograph's caption
    that belongs to the paragraph, or empty. `quotable` is False for the cells of a figure. `sentences` cover all of the
    passage but the white space between them, in order; there is at least one.
    """

    id: str
    document_id: str
    section: tuple[str, ...]
    caption: str
    start: int
    end: int
    text: str
    quotable: bool
    sentences: tuple[Sentence, ...]

    @property
    def context(self) -> str:
        """What stands before the passage's own text when it is embedded or indexed: heading path, then caption."""
        return " ".join([*self.section, self.caption]).strip()
