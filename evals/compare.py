"""Two runs on the same cases: paired differences with intervals, and which cases got better or worse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.metrics import Figure, interval_of_mean

SCORES = ("right", "evidence_coverage", "fact_coverage")


class RunError(Exception):
    """A folder holds no run, or two runs have no case in common."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from run A to run B, over the cases that both have.

    `differences` are means of B minus A with paired bootstrap intervals; `better` and `worse` list case ids by score.
    """

    cases: int
    differences: dict[str, Figure]
    better: dict[str, list[str]]
    worse: dict[str, list[str]]


def read_outputs(run: Path) -> dict[str, dict[str, Any]]:
    """Return a run's rows by case id.

    Raises:
        RunError: there is no `outputs.jsonl` or a line of it is broken.
    """
    try:
        rows = [json.loads(line) for line in (run / "outputs.jsonl").read_text(encoding="utf-8").splitlines()]
        return {row["case"]["id"]: row for row in rows}
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{run}: no run ({error})") from error


def compare_runs(before: Path, after: Path) -> Comparison:
    """Compare two runs case by case.

    Raises:
        RunError: one of them is no run, or they share no case.
    """
    a, b = read_outputs(before), read_outputs(after)
    shared = sorted(a.keys() & b.keys())
    if not shared:
        raise RunError(f"{before} and {after} share no case")
    differences, better, worse = {}, {}, {}
    for score in SCORES:
        change = {name: _score(b[name], score) - _score(a[name], score) for name in shared if score in a[name]["scores"]}
        differences[score] = interval_of_mean(list(change.values()))
        better[score] = [name for name, value in change.items() if value > 0]
        worse[score] = [name for name, value in change.items() if value < 0]
    return Comparison(len(shared), differences, better, worse)


def _score(row: Mapping[str, Any], name: str) -> float:
    return float(row["scores"].get(name, 0.0))
