"""A run as one HTML file that opens from disk and asks nothing of the network."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure as Drawing

from evals.metrics import Scored, evidence_coverage, fact_coverage, risk_coverage_curve
from evals.thresholds import threshold_text, verdict

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_CURVE_POINTS = 20
PASSAGES_SHOWN = 3


def failed(row: Scored) -> bool:
    """Whether a case fell short: declined or answered wrongly, or evidence or facts missing."""
    if not row.case.answerable:
        return row.answer.status == "answered"
    return evidence_coverage(row) < 1 or fact_coverage(row) < 1


def write_report(
    path: Path,
    rows: Sequence[Scored],
    metrics: Mapping[str, Any],
    config: Mapping[str, Any],
) -> None:
    """Write the report: verdicts and figures, plots with a table each, and every case that fell short.

    Args:
        path: the file to write.
        rows: all cases with their answers.
        metrics: as in `metrics.json`.
        config: as in `config.json`.
    """
    curve = risk_coverage_curve(rows)
    style = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
    page = _TEMPLATES.get_template("report.html.j2").render(
        style=Markup(style),
        # The policy names the hash of all that stands between the tags.
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        metrics=metrics,
        config=config,
        failures=[row for row in rows if failed(row)],
        total=len(rows),
        passages_shown=PASSAGES_SHOWN,
        verdicts={name: verdict(name, figure["value"]) for name, figure in metrics["all"].items()},
        thresholds={name: threshold_text(name) for name in metrics["all"]},
        kinds_plot=_kinds_plot(metrics["by_category"]),
        curve=curve[:: max(1, len(curve) // _CURVE_POINTS)],
        curve_plot=_curve_plot(curve),
        data=json.dumps({"config": dict(config), "metrics": dict(metrics)}, ensure_ascii=True).replace("<", "\\u003c"),
    )
    path.write_text(page, encoding="utf-8")


def _kinds_plot(by_category: Mapping[str, Mapping[str, Any]]) -> Markup:
    """Share of right decisions by kind of question, with intervals."""
    names = sorted(by_category)
    figures = [by_category[n]["answered_when_answerable"] for n in names]
    figures = [
        figure if figure["value"] is not None else by_category[name]["declined_when_unanswerable"]
        for name, figure in zip(names, figures, strict=True)
    ]
    values = [figure["value"] for figure in figures]
    errors = [[f["value"] - f["low"] for f in figures], [f["high"] - f["value"] for f in figures]]
    drawing = Drawing(figsize=(7, 0.32 * len(names) + 1))
    axes = drawing.add_subplot()
    axes.barh(names, values, xerr=errors, color="#8fb8b3", edgecolor="#14544f", ecolor="#1a1a1a", capsize=2)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("right decisions (answered / declined)")
    return _picture(drawing, "Right decisions by kind of question", "The same figures stand in the table by category.")


def _curve_plot(curve: Sequence[tuple[float, float]]) -> Markup:
    drawing = Drawing(figsize=(7, 3))
    axes = drawing.add_subplot()
    axes.plot([point[0] for point in curve], [point[1] for point in curve], color="#14544f")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("coverage: share of questions answered")
    axes.set_ylabel("risk: share of these wrong")
    return _picture(drawing, "Risk-coverage curve", "The same points stand in the table beside it.")


def _picture(drawing: Drawing, title: str, description: str) -> Markup:
    """The drawing as an image of SVG, the same bytes each time, its text as text.

    An image and not inline: an inline drawing's style attributes would ask for a weaker content policy.
    """
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": title, "svg.fonttype": "none", "font.family": "sans-serif"}):
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        drawing.savefig(buffer, format="svg", bbox_inches="tight", metadata=nothing)
    data = base64.b64encode(buffer.getvalue()).decode()
    return Markup('<img alt="{}" src="data:image/svg+xml;base64,{}">').format(f"{title}. {description}", data)
