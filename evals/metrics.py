"""Metrics of answers: each with its definition, range, empty case and source. Deterministic, no model as judge.

A metric over cases is the mean over those that it applies to; with none of these it is None, never 0, and the number of
cases stands beside it. Intervals are 95 % percentile bootstraps over cases (Efron and Tibshirani 1993, chapter 13), with a
fixed seed: the same rows give the same interval.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.stats import bootstrap

from assistant.answer import Answer, Citation
from corpus.fold import fold
from corpus.model import Document
from evals.cases import Case
from index.fusion import Hit

T = TypeVar("T")

RESAMPLES = 2000
CONFIDENCE = 0.95
SEED = 0


@dataclass(frozen=True, slots=True)
class Scored:
    """A case with its answer. `probability` is the assistant's own, 0 to 1, that it can answer; 0 for a routed question.

    `hits` are the passages that retrieval found, best first; none for a routed question.
    """

    case: Case
    answer: Answer
    probability: float
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean, over how many cases it is, and its interval; all None where no case applies.

    With fewer than two cases or no spread at all the interval is the value itself.
    """

    value: float | None
    cases: int
    low: float | None
    high: float | None


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
    right = [
        any(coverage([group], [citation.quote]) for group in scored.case.evidence) for citation in scored.answer.citations
    ]
    return fmean(right) if right else 0.0


def quotes_exact(scored: Scored, documents: Mapping[str, Document]) -> float:
    """Share of the quotes that are exactly their document's text at their span; 1 for an answer without quotes."""
    exact = [
        documents[citation.document].text[citation.start : citation.end] == citation.quote
        for citation in scored.answer.citations
    ]
    return fmean(exact) if exact else 1.0


def decided_rightly(scored: Scored) -> float:
    """1 if an answerable question was answered, or another one was not; else 0."""
    return float((scored.answer.status == "answered") == scored.case.answerable)


def paraphrase_consistency(group: Sequence[Scored]) -> float:
    """Share of the pairs of a group whose leading citations overlap: 0 to 1; two declined answers are not the same answer.

    `group` has at least two rows.
    """
    return fmean(_same_lead(one.answer.citations[:1], other.answer.citations[:1]) for one, other in combinations(group, 2))


def _same_lead(one: Sequence[Citation], other: Sequence[Citation]) -> bool:
    if not one or not other:
        return False
    return one[0].document == other[0].document and one[0].start < other[0].end and other[0].start < one[0].end


def risk_coverage_curve(rows: Sequence[Scored]) -> list[tuple[float, float]]:
    """Return (coverage, risk) for every threshold, from the most certain question to all (El-Yaniv and Wiener 2010).

    Coverage is the share of questions that would be answered, risk the share of these that should not have been, or whose
    quotes hold none of the evidence: both 0 to 1. Questions that are declined at any threshold (nothing picked, routed)
    count as wrong where they were answerable only once they are covered, which is never: the curve ends before 1 then.
    """
    answered = sorted((row for row in rows if row.probability > 0), key=lambda row: -row.probability)
    curve = []
    wrong = 0
    for count, row in enumerate(answered, start=1):
        right = row.case.answerable and (row.answer.status != "answered" or evidence_coverage(row) > 0)
        wrong += not right
        curve.append((count / len(rows), wrong / count))
    return curve


def measure(rows: Sequence[Scored], documents: Mapping[str, Document]) -> dict[str, Figure]:
    """Return all metrics over the rows by name.

    `balanced_accuracy` is the mean of `answered_when_answerable` and `declined_when_unanswerable`, None unless both kinds
    are there: guessing one way only scores 0.5 whatever the mix of cases.
    """
    answerable = [row for row in rows if row.case.answerable]
    unanswerable = [row for row in rows if not row.case.answerable]
    answered = [row for row in answerable if row.answer.status == "answered"]
    times = [row.answer.elapsed_ms for row in rows]
    groups: defaultdict[str, list[Scored]] = defaultdict(list)
    for row in rows:
        if row.case.group:
            groups[row.case.group].append(row)
    return {
        "evidence_coverage": _mean(answerable, evidence_coverage),
        "fact_coverage": _mean([row for row in answerable if row.case.facts], fact_coverage),
        "first_citation_right": _mean(answerable, first_citation_right),
        "citation_precision": _mean(answered, citation_precision),
        "quotes_exact": _mean(rows, lambda row: quotes_exact(row, documents)),
        "answered_when_answerable": _mean(answerable, decided_rightly),
        "declined_when_unanswerable": _mean(unanswerable, decided_rightly),
        "balanced_accuracy": _balanced_accuracy(answerable, unanswerable),
        "paraphrase_consistency": _mean([group for group in groups.values() if len(group) > 1], paraphrase_consistency),
        "quotes_per_answer": _mean(answered, lambda row: float(len(row.answer.citations))),
        "characters_per_answer": _mean(answered, lambda row: float(sum(len(c.quote) for c in row.answer.citations))),
        "p50_ms": _percentile(times, 50),
        "p95_ms": _percentile(times, 95),
    }


def interval_of_mean(values: Sequence[float]) -> Figure:
    """Return the mean of values with its bootstrap interval."""
    if not values:
        return Figure(None, 0, None, None)
    sample = np.asarray(values, dtype=np.float64)
    if len(sample) < 2 or sample.std() == 0:
        mean = float(sample.mean())
        return Figure(mean, len(values), mean, mean)
    result = bootstrap(
        (sample,), np.mean, n_resamples=RESAMPLES, confidence_level=CONFIDENCE, method="percentile", random_state=SEED
    )
    interval = result.confidence_interval
    return Figure(float(sample.mean()), len(values), float(interval.low), float(interval.high))


def _mean(items: Sequence[T], score: Callable[[T], float]) -> Figure:
    return interval_of_mean([score(item) for item in items])


def _balanced_accuracy(answerable: Sequence[Scored], unanswerable: Sequence[Scored]) -> Figure:
    """The mean of two shares; each kind is resampled by itself, so that the mix stays."""
    cases = len(answerable) + len(unanswerable)
    if not answerable or not unanswerable:
        return Figure(None, cases, None, None)
    samples = [np.array([decided_rightly(row) for row in kind]) for kind in (answerable, unanswerable)]
    value = float(np.mean([sample.mean() for sample in samples]))
    if all(sample.std() == 0 for sample in samples):
        return Figure(value, cases, value, value)
    random = np.random.default_rng(SEED)
    means = [random.choice(sample, (RESAMPLES, len(sample))).mean(axis=1) for sample in samples]
    low, high = _tails((means[0] + means[1]) / 2)
    return Figure(value, cases, low, high)


def _tails(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def _percentile(values: Sequence[float], percent: float) -> Figure:
    """A percentile of times; timings differ from run to run by more than a bootstrap shows, so there is no interval."""
    value = float(np.percentile(values, percent)) if values else None
    return Figure(value, len(values), None, None)
