"""Hostile and harmless inputs: this repository's own, and the file beside it that is not ours to copy."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY

SHARED = REPOSITORY.parent / "shared" / "bad_inputs.jsonl"
OWN = Path(__file__).parent / "bad_inputs.jsonl"


@dataclass(frozen=True, slots=True)
class Line:
    """One input: an id, its class, what is sent (a text, or an object that says how) and what is expected."""

    id: str
    kind: str
    input: Any
    expect: dict[str, Any]


def shared_lines() -> list[Line]:
    """Return the lines beside the repository; none where they are missing, and then `require_shared` says so."""
    return _read(SHARED) if SHARED.exists() else []


def own_lines() -> list[Line]:
    return _read(OWN)


def of_class(kind: str) -> list[Line]:
    return [line for line in shared_lines() if line.kind == kind]


def own_of_class(kind: str) -> list[Line]:
    return [line for line in own_lines() if line.kind == kind]


def require_shared() -> None:
    """Fail in CI, skip elsewhere, where the file beside the repository is missing."""
    if SHARED.exists():
        return
    reason = "../shared/bad_inputs.jsonl is missing: the inputs beside the repository were not tried"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@cache
def _read(path: Path) -> list[Line]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [Line(row["id"], row["class"], row["input"], row["expect"]) for row in rows]
