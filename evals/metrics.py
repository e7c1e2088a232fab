"""Metrics of answers: each with its definition, range, empty case. Deterministic, no model as judge.

A metric over cases is the mean over those that it applies to; with none of these it is None, never 0, and the number of
cases stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from assistant.answer import Answer
from corpus.fold import fold
from corpus.model import Document
from evals.cases import Case


@dataclass(frozen=True, slots=True)
class Scored:
    """A case with its answer."""

    case: Case
    answer: Answer


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean and over how many cases it is; `value` is None where no case applies."""

    value: float | None
    cases: int


def coverage(groups: Sequence[Sequence[str]], texts: Sequence[str]) -> float:
    """Return the share of groups of which one alternative is a substring of one of the texts, folded: 0 to 1.

    No groups: 1, as there is nothing to cover.
    """
    folded = [fold(text) for text in texts]
    covered = [any(fold(alternative) in text for alternative in group for text in folded) for group in groups]
    return fmean(covered) if covered else 1.0


def evidence_coverage(scored: Scored) -> float:
    """Share of the case's evidence that the cited quotes hold, each quote by itself; 0 for a declined question."""
    return coverage(scored.case.evidence, [citation.quote for citation in scored.answer.citations])


def fact_coverage(scored: Scored) -> float:
    """Share of the case's facts that the answer's text holds; 0 for a declined question."""
    text = scored.answer.text if scored.answer.status == "answered" else ""
    return coverage(scored.case.facts, [text])


def first_citation_right(scored: Scored) -> float:
    """1 if the leading citation's quote covers any group of the evidence, else 0: what a reader checks first."""
    quotes = [citation.quote for citation in scored.answer.citations[:1]]
    return float(any(coverage([group], quotes) for group in scored.case.evidence))


def citation_precision(scored: Scored) -> float:
    """Share of the citations that cover some of the evidence; 0 for a declined question.

    A lower bound: a case names the evidence that an answer needs, not every sentence that is to the point.
    """
    citations = scored.answer.citations
    right = [any(coverage([group], [citation.quote]) for group in scored.case.evidence) for citation in citations]
    return fmean(right) if right else 0.0


def quotes_exact(scored: Scored, documents: dict[str, Document]) -> float:
    """Share of the quotes that are exactly their document's text at their span; 1 for an answer without quotes."""
    exact = [
        documents[citation.document].text[citation.start : citation.end] == citation.quote
        for citation in scored.answer.citations
    ]
    return fmean(exact) if exact else 1.0


def measure(rows: Sequence[Scored], documents: dict[str, Document]) -> dict[str, Figure]:
    """Return all metrics over the rows by name.

    `balanced_accuracy` is the mean of `answered_when_answerable` and `declined_when_unanswerable`, None unless both are
    there: guessing one way only scores 0.5 whatever the mix of cases.
    """
    answerable = [row for row in rows if row.case.answerable]
    unanswerable = [row for row in rows if not row.case.answerable]
    with_facts = [row for row in answerable if row.case.facts]
    answered = [row for row in answerable if row.answer.status == "answered"]
    recall = _mean([float(row.answer.status == "answered") for row in answerable])
    specificity = _mean([float(row.answer.status != "answered") for row in unanswerable])
    both = None if recall.value is None or specificity.value is None else (recall.value + specificity.value) / 2
    return {
        "evidence_coverage": _mean([evidence_coverage(row) for row in answerable]),
        "fact_coverage": _mean([fact_coverage(row) for row in with_facts]),
        "first_citation_right": _mean([first_citation_right(row) for row in answerable]),
        "citation_precision": _mean([citation_precision(row) for row in answered]),
        "quotes_exact": _mean([quotes_exact(row, documents) for row in rows]),
        "answered_when_answerable": recall,
        "declined_when_unanswerable": specificity,
        "balanced_accuracy": Figure(both, len(rows)),
        "quotes_per_answer": _mean([float(len(row.answer.citations)) for row in answered]),
        "characters_per_answer": _mean([float(sum(len(c.quote) for c in row.answer.citations)) for row in answered]),
        "median_ms": Figure(median([row.answer.elapsed_ms for row in rows]) if rows else None, len(rows)),
    }


def _mean(values: Sequence[float]) -> Figure:
    return Figure(fmean(values) if values else None, len(values))
