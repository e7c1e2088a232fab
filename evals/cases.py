"""Evaluation cases: JSON lines of questions with what a right answer holds. Nothing of how they are scored."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator


class CaseError(Exception):
    """A case file cannot be used; the message names file and line."""


class Case(BaseModel):
    """One question.

    `history` lists the user's earlier turns. `evidence` is a list of groups of alternatives: of each group one substring
    should be covered by the cited quotes; `facts` likewise by the answer's text. Both are compared folded. A case that is
    not `answerable` has neither, and expects any status but `answered`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    category: str
    question: str
    history: tuple[str, ...] = ()
    answerable: bool
    evidence: tuple[tuple[str, ...], ...] = ()
    facts: tuple[tuple[str, ...], ...] = ()

    @model_validator(mode="after")
    def _evidence_where_answerable(self) -> Case:
        if self.answerable != bool(self.evidence):
            raise ValueError("an answerable case needs evidence, and no other has any")
        if any(not group or not all(group) for group in (*self.evidence, *self.facts)):
            raise ValueError("a group of evidence or facts is empty")
        return self


def read_cases(path: Path) -> list[Case]:
    """Read a case file.

    Raises:
        CaseError: it is missing, empty, has a line that is no case, or an id twice.
    """
    cases: list[Case] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CaseError(f"{path}: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                cases.append(Case.model_validate_json(line))
            except ValidationError as error:
                raise CaseError(f"{path}:{number}: {error}") from error
    ids = [case.id for case in cases]
    if not cases or len(set(ids)) < len(ids):
        raise CaseError(f"{path}: no case, or an id twice")
    return cases
