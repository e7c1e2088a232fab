"""`python -m evals run | retrieval | calibrate`: quality from the command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from assistant.errors import ConfigurationError
from assistant.settings import load_settings
from assistant.wiring import build_assistant, load_embeddings
from evals.ablations import VARIANTS, ablate, as_markdown, sign_set_qualities
from evals.anticipate import anticipate, as_jsonl
from evals.approved import examine_cases, measure_approved, measure_plan
from evals.calibrate import as_toml, fit, fit_lead, search_all, unseen_quality
from evals.cases import Case, CaseError, read_cases
from evals.compare import RunError, compare_runs
from evals.named import measure_named
from evals.reader.plans import DEVELOPMENT, named_plan, read_plans
from evals.retrieval import DataSetError, measure_retrieval
from evals.run import write_run
from evals.thresholds import regressions, threshold_text, verdict
from index.errors import IndexUnavailableError, ModelError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 failed with one message or below the baseline."""
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "run":
                _run(options.cases, options.out, options.every)
            case "retrieval":
                _retrieval(options.beir, options.split, options.out)
            case "calibrate":
                _calibrate(options.cases, options.out)
            case "anticipate":
                lines = anticipate(read_cases(options.cases), load_embeddings(load_settings()))
                options.out.write_text(as_jsonl(lines), encoding="utf-8")
            case "ablations":
                _ablations(options.cases, options.out)
            case "approved":
                _approved(options.cases, options.plans)
            case "named":
                _named(options.plans)
            case "compare":
                _compare(options.before, options.after)
            case _:
                return _gate(options.run, options.baseline)
    except (
        CaseError, ConfigurationError, DataSetError, IndexUnavailableError, ModelError, OSError, RunError, ValueError
    ) as error:  # fmt: skip
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals", description="Measure the quality of answers and of retrieval.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="answer quality on a case file")
    run.add_argument("--cases", type=Path, required=True, help="a file of cases, or a folder of such files")
    run.add_argument("--out", type=Path, required=True, help="a folder that is new or empty")
    run.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th case, for a quick look")
    retrieval = commands.add_parser("retrieval", help="retrieval quality on a folder in BEIR's layout")
    retrieval.add_argument("--beir", type=Path, required=True, help="corpus.jsonl, queries.jsonl, qrels/<split>.tsv")
    retrieval.add_argument("--split", default="test")
    retrieval.add_argument("--out", type=Path, required=True)
    calibrate = commands.add_parser("calibrate", help="fit what decides: which sentence, whether to answer, how surely")
    calibrate.add_argument("--cases", type=Path, nargs="+", required=True, help="taken together; never what is learnt from")
    calibrate.add_argument("--out", type=Path, help="the file to write: assistant/calibration.toml")
    anticipating = commands.add_parser("anticipate", help="make a document's anticipated questions of cases on it")
    anticipating.add_argument("--cases", type=Path, required=True, help="never the held-back ones")
    anticipating.add_argument("--out", type=Path, required=True, help="corpus/documents/<id>.questions.jsonl")
    ablations = commands.add_parser("ablations", help="what each part is worth")
    ablations.add_argument("--cases", type=Path, required=True)
    ablations.add_argument("--out", type=Path, required=True, help="the Markdown file to write")
    approved = commands.add_parser("approved", help="how surely an approved answer is found for a question")
    approved.add_argument(
        "--cases", type=Path, nargs="*", default=(), help="cases, taken together, some of them in groups that ask the same"
    )
    approved.add_argument("--plans", nargs="*", default=(), metavar="NAME", help="invented plans of evals/reader/plans")
    named = commands.add_parser("named", help="whether what is only named is answered where a plan has it, and only there")
    named.add_argument("--plans", nargs="*", default=DEVELOPMENT, help="invented plans; the ten that nothing was trained on")
    compare = commands.add_parser("compare", help="paired differences between two runs")
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    gate = commands.add_parser("gate", help="exit status 1 if a run is below a baseline")
    gate.add_argument("run", type=Path)
    gate.add_argument("--baseline", type=Path, required=True)
    return parser


def _run(cases: Path, out: Path, every: int) -> None:
    assistant = build_assistant(load_settings())
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("質問", total=len(read_cases(cases)[::every]))
        metrics = write_run(assistant, cases, out, lambda: bar.advance(task), every)
    _print_figures(metrics["all"], str(out / "report.html"))


def _retrieval(beir: Path, split: str, out: Path) -> None:
    assistant = build_assistant(load_settings())
    with Progress(console=Console(stderr=True)) as bar:
        tasks: dict[str, TaskID] = {}

        def progress(task: str, done: int, total: int) -> None:
            if task not in tasks:
                tasks[task] = bar.add_task(task, total=total)
            bar.advance(tasks[task], done)

        figures = measure_retrieval(beir, split, assistant, out, progress)
    table = Table(
        "measure",
        "as quoted",
        "search alone",
        title=f"{figures['data']}: {figures['queries']} queries, {figures['documents']} documents",
    )
    for name, value in figures["measures"].items():
        table.add_row(name, f"{value:.4f}", f"{figures['search_alone'][name]:.4f}")
    Console().print(table)


def _calibrate(paths: Sequence[Path], out: Path | None) -> None:
    """Fit, print how well a fit does on plans that it has not seen, and write the fit."""
    assistant = build_assistant(load_settings())
    with Progress(console=Console(stderr=True)) as bar:
        searched = search_all(assistant, _read_together(paths), bar)
        calibration = fit(searched)
        if assistant.reader:
            calibration = fit_lead(searched, calibration, assistant.reader, bar)
    for read in (False, True):
        unseen = unseen_quality(searched, read)
        name = "with the reader" if read else "without the reader"
        print(f"{name}, {unseen.cases} cases, each plan by a fit on the others:")
        for plan, one in unseen.plans.items():
            figures = f"AUC {one.auc:.3f}, balanced accuracy {one.balanced_accuracy:.3f}, evidence {one.evidence:.3f}"
            print(f"  {plan:12} {figures}")
    if out:
        out.write_text(as_toml(calibration, f"{len(searched)} questions on {len(unseen.plans)} plans"), encoding="utf-8")


def _ablations(path: Path, out: Path) -> None:
    assistant = build_assistant(load_settings())
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("変種", total=len(VARIANTS))
        rows = ablate(assistant, read_cases(path), lambda: bar.advance(task))
        searched = search_all(assistant, read_cases(path), bar)
    out.write_text(as_markdown(rows, sign_set_qualities(searched), str(path)), encoding="utf-8")


def _approved(paths: Sequence[Path], names: Sequence[str]) -> None:
    """Print how surely an approved answer is found on cases, on invented plans, or on both.

    Raises:
        ValueError: neither is given, or a plan is none.
    """
    if not paths and not names:
        raise ValueError("nothing to measure: give --cases, --plans or both")
    plans = [named_plan(name) for name in names]
    assistant = build_assistant(load_settings())
    with Progress(console=Console(stderr=True)) as bar:
        cases = _read_together(paths)
        task = bar.add_task("質問", total=len(cases) + sum(len(plan.questions) for plan in plans))
        examined = examine_cases(assistant, cases, lambda: bar.advance(task))
        together = " + ".join(path.name for path in paths)
        rows = [*measure_approved(together, examined, assistant)] if paths else []
        for plan in plans:
            rows += measure_plan(assistant, plan, lambda: bar.advance(task))
    table = Table("cases", "groups", "rule", "wordings", "recall", "right", "of other questions", "wrong", "precision")
    for row in rows:
        counts = (str(count) for count in (row.right, row.other, row.wrong))
        name = (row.cases, str(row.groups), row.rule, row.wordings)
        table.add_row(*name, f"{row.recall:.3f}", *counts, f"{row.precision:.3f}")
    Console(width=130).print(table)


def _read_together(paths: Sequence[Path]) -> list[Case]:
    return [case for path in paths for case in read_cases(path)]


def _named(names: Sequence[str]) -> None:
    plans = read_plans()
    assistant = build_assistant(load_settings())
    of_own = ("its own nouns", "answered", "with the noun", "by signs alone")
    table = Table("plan", *of_own, "others'", "answered", "by signs alone")
    with Progress(console=Console(stderr=True)) as bar:
        for plan in bar.track([named_plan(name) for name in names], description="計画"):
            others = [other for other in plans if other.document.info.id != plan.document.info.id]
            table.add_row(*map(str, astuple(measure_named(assistant, plan, others))))
    Console(width=130).print(table)


def _compare(before: Path, after: Path) -> None:
    comparison = compare_runs(before, after)
    table = Table("score", "difference", "interval", title=f"{after} against {before}: {comparison.cases} cases")
    for name, figure in comparison.differences.items():
        table.add_row(name, _number(figure.value, "+.3f"), f"{_number(figure.low, '+.3f')} … {_number(figure.high, '+.3f')}")
    console = Console()
    console.print(table)
    for name in comparison.differences:
        console.print(f"{name}: better {', '.join(comparison.better[name]) or 'none'}", markup=False)
        console.print(f"{name}: worse {', '.join(comparison.worse[name]) or 'none'}", markup=False)


def _gate(run: Path, baseline: Path) -> int:
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["all"]
    lines = regressions(metrics, json.loads(baseline.read_text(encoding="utf-8")))
    for line in lines:
        print(f"below the baseline: {line}", file=sys.stderr)
    return int(bool(lines))


def _print_figures(figures: dict[str, Any], where: str) -> None:
    table = Table("metric", "value", "interval", "cases", "threshold", "verdict", caption=where)
    for name, figure in figures.items():
        interval = f"{_number(figure['low'], '.3f')}–{_number(figure['high'], '.3f')}" if figure["low"] is not None else ""
        verdict_text = verdict(name, figure["value"]) or ""
        table.add_row(
            name, _number(figure["value"], ".3f"), interval, str(figure["cases"]), threshold_text(name), verdict_text
        )
    Console(width=110).print(table)


def _number(value: float | None, layout: str) -> str:
    return "—" if value is None else format(value, layout)


if __name__ == "__main__":
    sys.exit(main())
