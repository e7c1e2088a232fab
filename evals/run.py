"""One evaluation run: cases → answers → `config.json`, `metrics.json`, `outputs.jsonl`, `report.html` in a new folder."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.assistant import Assistant, Turn
from evals.cases import Case, read_cases
from evals.metrics import Figure, Scored, decided_rightly, evidence_coverage, fact_coverage, measure
from evals.report import write_report


def run_cases(assistant: Assistant, cases: Sequence[Case], advance: Callable[[], None] = lambda: None) -> list[Scored]:
    """Ask every case in order; an answer is that of `Assistant.ask`, with nothing else done to it."""
    rows = []
    for case in cases:
        examined = assistant.examine(case.question, [Turn("user", text) for text in case.history])
        found = examined.found
        rows.append(Scored(case, examined.answer, found.probability if found else 0.0, tuple(found.hits) if found else ()))
        advance()
    return rows


def write_run(
    assistant: Assistant, path: Path, out: Path, advance: Callable[[], None] = lambda: None, every: int = 1
) -> dict[str, Any]:
    """Run each `every`-th case of a file or folder and leave the four files in `out`; returns what is in `metrics.json`.

    Raises:
        CaseError: the case file cannot be used.
        FileExistsError: `out` holds a run already; a run is never written over.
    """
    cases = read_cases(path)[::every]
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise FileExistsError(f"{out} は空ではありません。別のフォルダーを指定してください。")
    rows = run_cases(assistant, cases, advance)
    metrics = metrics_by_category(rows, assistant)
    config = {
        "cases": path.name,
        "cases_sha256": hashlib.sha256("\n".join(case.model_dump_json() for case in cases).encode()).hexdigest(),
        "index_version": assistant.retriever.index.version,
        "model": asdict(assistant.retriever.embeddings.identity),
        "commit": _commit(),
    }
    (out / "config.json").write_text(json.dumps(config, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (out / "metrics.json").write_text(json.dumps(metrics, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    with (out / "outputs.jsonl").open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(output_row(row), ensure_ascii=False) + "\n")
    write_report(out / "report.html", rows, metrics, config)
    return metrics


def metrics_by_category(rows: Sequence[Scored], assistant: Assistant) -> dict[str, Any]:
    """Return `{"all": metrics, "by_category": {category: metrics}}`, each metric as `{"value", "cases"}`."""
    documents = dict(assistant.retriever.index.documents)
    groups: defaultdict[str, list[Scored]] = defaultdict(list)
    for row in rows:
        groups[row.case.category].append(row)
    return {
        "all": _plain(measure(rows, documents)),
        "by_category": {name: _plain(measure(group, documents)) for name, group in sorted(groups.items())},
    }


def output_row(row: Scored) -> dict[str, Any]:
    """Return one line of `outputs.jsonl`: the answer's JSON with the case and its scores beside it."""
    scores = {"right": decided_rightly(row)}
    if row.case.answerable:
        scores |= {"evidence_coverage": evidence_coverage(row), "fact_coverage": fact_coverage(row)}
    return {
        "case": row.case.model_dump(),
        "answer": row.answer.model_dump(),
        "probability": row.probability,
        "scores": scores,
    }


def _plain(figures: Mapping[str, Figure]) -> dict[str, dict[str, float | int | None]]:
    return {name: asdict(figure) for name, figure in figures.items()}


def _commit() -> str:
    """The commit that ran, with + where files were changed since; empty outside a checkout."""
    try:
        version = subprocess.run(
            ["git", "describe", "--always", "--dirty=+"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return version.stdout.strip()
