"""What each part of the assistant is worth: the same cases without it, paired with the whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.assistant import Assistant
from assistant.spelling import Spelling
from assistant.understand import understanding_of
from evals.calibrate import OF_READER, Searched, UnseenQuality, unseen_quality
from evals.cases import Case
from evals.metrics import Figure, Scored, decided_rightly, evidence_coverage, interval_of_mean, measure
from evals.run import run_cases
from index.fusion import LegWeights


def _with_legs(weights: LegWeights) -> Callable[[Assistant], Assistant]:
    return lambda whole: replace(whole, retriever=whole.retriever.model_copy(update={"weights": weights}))


def _with_calibration(**changes: object) -> Callable[[Assistant], Assistant]:
    return lambda whole: replace(whole, calibration=whole.calibration.model_copy(update=changes))


def _without_synonyms(whole: Assistant) -> Assistant:
    return replace(whole, understanding=understanding_of(whole.retriever.index, synonyms=()))


def _without_spelling(whole: Assistant) -> Assistant:
    return replace(whole, understanding=understanding_of(whole.retriever.index, spelling=Spelling(())))


# Name → what is left out or changed.
VARIANTS: dict[str, Callable[[Assistant], Assistant]] = {
    "without the reader": lambda whole: replace(whole, reader=None),
    "dense leg only": _with_legs(LegWeights(dense=1, lexical=0, document_lexical=0, title=0)),
    "BM25 leg only": _with_legs(LegWeights(dense=0, lexical=1, document_lexical=0, title=0)),
    "without synonyms": _without_synonyms,
    "without words that are read alike": _without_spelling,
    "one sentence only": _with_calibration(further=0.999),
    "further sentences from 0.2 on": _with_calibration(further=0.2),
    "further sentences from 0.5 on": _with_calibration(further=0.5),
}

_OF_ASKED = ("value_missing", "value_elsewhere", "focus_missing")
# What decides between answering and declining, by the names of Signs that have a part in it.
SIGN_SETS: dict[str, Callable[[str], bool]] = {
    "the reader alone": lambda name: name in OF_READER,
    "cosines": lambda name: name in ("best_cosine", "passage_cosine"),
    "all without the reader": lambda name: name not in (*OF_READER, "sentence"),
    "all but what is asked for": lambda name: name not in _OF_ASKED,
    "all": lambda name: True,
}


# Kept here so that nobody tries it again without knowing: what was measured once and is no longer in the code.
TAKEN_OUT = (
    "## Tried and taken out",
    "",
    "- A bonus for sentences of the form 「…とは」 where a definition is asked for: evidence +0.000 on 156 cases.",
    "- A dense leg over inner headings: +0.000 on the plan; recall@10 0.754 instead of 0.773 on the bulletins (kouhou),",
    "  computed from stored vectors. Titles of documents took its place.",
    "- One passage a line: the bulletins made 14,615 passages of half a sentence; short neighbours together make 8,490.",
    "- Any number of a question checked (「3」): headings hold all small ones; 第５期, years and 基本目標４ are checked.",
)


@dataclass(frozen=True, slots=True)
class Ablation:
    """A variant's figures; `coverage_change` and `decision_change` are variant minus whole, paired, with intervals."""

    name: str
    evidence_coverage: float
    coverage_change: Figure
    decision_change: Figure
    quotes: float


def ablate(whole: Assistant, cases: Sequence[Case], advance: Callable[[], None] = lambda: None) -> list[Ablation]:
    """Run the cases with each variant; the first row is the whole assistant against itself."""
    rows = run_cases(whole, cases)
    result = [_compare("whole", rows, rows, whole)]
    for name, change in VARIANTS.items():
        variant = change(whole)
        result.append(_compare(name, rows, run_cases(variant, cases), variant))
        advance()
    return result


def _compare(name: str, rows: Sequence[Scored], other: Sequence[Scored], variant: Assistant) -> Ablation:
    pairs = list(zip(rows, other, strict=True))
    figures = measure(other, variant.retriever.index.documents)
    covered = [evidence_coverage(b) - evidence_coverage(a) for a, b in pairs if a.case.answerable]
    return Ablation(
        name,
        figures["evidence_coverage"].value or 0.0,
        interval_of_mean(covered),
        interval_of_mean([decided_rightly(b) - decided_rightly(a) for a, b in pairs]),
        figures["quotes_per_answer"].value or 0.0,
    )


def as_markdown(ablations: Sequence[Ablation], qualities: Mapping[str, UnseenQuality], cases: str) -> str:
    """Return the page of all ablations."""
    lines = [
        "# Ablations",
        "",
        f"Written by `python -m evals ablations`, on the cases of `{cases}`. These are the cases that were looked at while",
        "building; what a part is worth on unseen questions may differ. Changes are variant minus whole, paired by case,",
        "with 95 % bootstrap intervals. The decision's weights stay those of the whole.",
        "",
        "| variant | evidence covered | change | change in right decisions | quotes an answer |",
        "|---|---|---|---|---|",
    ]
    for row in ablations:
        changes = f"{_change(row.coverage_change)} | {_change(row.decision_change)}"
        lines.append(f"| {row.name} | {row.evidence_coverage:.3f} | {changes} | {row.quotes:.2f} |")
    names = list(next(iter(qualities.values())).plans)
    lines += [
        "",
        "AUC of answering or declining on each plan, by a fit on the other plans (the first is the shipped one, the others",
        "are invented and were not trained on):",
        "",
        f"| signs that decide | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
    ]
    for name, unseen in qualities.items():
        lines.append(f"| {name} | {' | '.join(f'{unseen.plans[plan].auc:.3f}' for plan in names)} |")
    return "\n".join([*lines, "", *TAKEN_OUT]) + "\n"


def _change(figure: Figure) -> str:
    return f"{figure.value:+.3f} ({figure.low:+.3f} … {figure.high:+.3f})"


def sign_set_qualities(searched: Sequence[Searched]) -> dict[str, UnseenQuality]:
    """How well each set of signs decides on plans that it was not fitted on, with the reader."""
    return {name: unseen_quality(searched, True, signs) for name, signs in SIGN_SETS.items()}
