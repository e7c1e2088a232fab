"""A run as one HTML file that opens from disk and asks nothing of the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evals.metrics import Scored, evidence_coverage, fact_coverage

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def failed(row: Scored) -> bool:
    """Whether a case fell short: declined or answered wrongly, or evidence or facts missing."""
    if not row.case.answerable:
        return row.answer.status == "answered"
    return evidence_coverage(row) < 1 or fact_coverage(row) < 1


def write_report(path: Path, rows: Sequence[Scored], metrics: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Write the report: figures over all and by category, then each failed case with what was expected and what came."""
    page = _TEMPLATES.get_template("report.html.j2").render(
        metrics=metrics, config=config, failures=[row for row in rows if failed(row)], total=len(rows)
    )
    path.write_text(page, encoding="utf-8")
