"""Evaluation cases: JSON lines of questions with what a right answer holds. Nothing of how they are scored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator


class CaseError(Exception):
    """A case file cannot be used; the message names file and line."""


class Case(BaseModel):
    """One question.

    `history` lists the user's earlier turns. `evidence` is a list of groups of alternatives: of each group one substring
    should be covered by the cited quotes; `facts` likewise by the answer's text. Both are compared folded. A case that is
    not `answerable` has neither, and expects any status but `answered`. Cases of one `group` ask the same in other words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    category: str
    question: str
    history: tuple[str, ...] = ()
    answerable: bool
    evidence: tuple[tuple[str, ...], ...] = ()
    facts: tuple[tuple[str, ...], ...] = ()
    group: str = ""

    @model_validator(mode="after")
    def _evidence_where_answerable(self) -> Case:
        if self.answerable != bool(self.evidence):
            raise ValueError("an answerable case needs evidence, and no other has any")
        if any(not group or not all(group) for group in (*self.evidence, *self.facts)):
            raise ValueError("a group of evidence or facts is empty")
        return self


def read_cases(path: Path) -> list[Case]:
    """Read a case file, or all `.jsonl` files of a folder in the order of their names.

    Raises:
        CaseError: there is no case, a line is none, or an id occurs twice.
    """
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    cases = [case for file in files for case in _read_file(file)]
    ids = [case.id for case in cases]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if not cases or twice:
        raise CaseError(f"{path}: no case" if not cases else f"{path}: more than once: {', '.join(twice)}")
    return cases


def _read_file(path: Path) -> Iterator[Case]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CaseError(f"{path}: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield Case.model_validate_json(line)
            except ValidationError as error:
                raise CaseError(f"{path}:{number}: {error}") from error
