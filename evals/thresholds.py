"""What quality has to reach, and how a run stands to it. The figures are the project's goals for unseen questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Verdict = Literal["reached", "missed", "no cases"]

AT_LEAST = {
    "evidence_coverage": 0.95,
    "fact_coverage": 0.93,
    "balanced_accuracy": 0.95,
    "quotes_exact": 1.0,
    "paraphrase_consistency": 0.95,
}
AT_MOST = {"quotes_per_answer": 3.0, "p50_ms": 150.0}


def verdict(name: str, value: float | None) -> Verdict | None:
    """Return how a metric's value stands to its threshold; None for a metric without one."""
    if name not in AT_LEAST and name not in AT_MOST:
        return None
    if value is None:
        return "no cases"
    reached = value >= AT_LEAST[name] if name in AT_LEAST else value <= AT_MOST[name]
    return "reached" if reached else "missed"


def threshold_text(name: str) -> str:
    """Return a metric's threshold in words; empty for a metric without one."""
    if name in AT_LEAST:
        return f"≥ {AT_LEAST[name]:g}"
    return f"≤ {AT_MOST[name]:g}" if name in AT_MOST else ""


def regressions(metrics: Mapping[str, Any], baseline: Mapping[str, Any]) -> list[str]:
    """Return a line for each metric of the baseline that a run falls below; none for a run that holds it.

    Args:
        metrics: the `all` part of a run's `metrics.json`.
        baseline: metric → {"value", "tolerance"}; the tolerance is how much lower it may be (for times and counts of
            `AT_MOST`: higher), because the last digits of a cosine differ between processors.
    """
    lines = []
    for name, wanted in baseline.items():
        value = metrics.get(name, {}).get("value")
        worse_by = (value - wanted["value"]) * (1 if name in AT_MOST else -1) if value is not None else None
        if worse_by is None or worse_by > wanted["tolerance"]:
            lines.append(f"{name}: {'none' if value is None else f'{value:.3f}'}, baseline {wanted['value']:.3f}")
    return lines
