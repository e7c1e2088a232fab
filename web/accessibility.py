"""What the last run of the accessibility tests found, for the statement. Written by `make accessibility`, read here."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

REPORT = Path(__file__).parent / "accessibility.json"


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Criterion(_Frozen):
    """A success criterion of WCAG, such as 1.4.3, over all tested states."""

    number: str
    verdict: Literal["passed", "failed", "undecided"]


class StateResult(_Frozen):
    """One state of a page that was tested, and how many violations it had."""

    name: str
    path: str
    violations: int


class AccessibilityReport(_Frozen):
    """One run of axe over every state."""

    tested_on: dt.date
    tool: str
    browser: str
    states: tuple[StateResult, ...]
    criteria: tuple[Criterion, ...]

    @property
    def violations(self) -> int:
        """All violations together."""
        return sum(state.violations for state in self.states)


def load_report(path: Path = REPORT) -> AccessibilityReport | None:
    """Return the last report, or None where there is none yet."""
    return AccessibilityReport.model_validate_json(path.read_bytes()) if path.exists() else None
