"""Fits what is in `assistant/calibration.toml`: which sentence answers, and whether to answer at all.

Fitted on cases and on invented plans that the reader has not learnt from, as it is surer of what it has; a plan whose
cases are held out of a fit says how a fit does on a plan that it has not seen.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
from rich.progress import Progress
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from assistant.assistant import Assistant
from assistant.calibration import Calibration, Logistic, Weights
from assistant.compose import Candidate, Pick, SentenceSigns, asked_for_first, choose, find_candidates, rank, read_best
from assistant.decide import Signs, probability_of, read_signs
from assistant.lead import LeadSigns, read_lead
from assistant.likeness import can_be_compared
from assistant.question import parse_question
from assistant.reader import Reader
from assistant.understand import Query, understanding_of
from corpus.fold import fold
from evals.cases import Case
from evals.metrics import coverage
from evals.reader.plans import DEVELOPMENT, cases_of, read_plans, retriever_for
from index.fusion import Hit
from index.search_index import SearchIndex

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# Only what a reader adds; a fit without one has no weight for it.
OF_READER = frozenset(("evidence", "evidence_behind", "answerable", "answerable_around", "span"))
# A second sentence costs time to read and wins evidence: at 0.01 an answer has 1.7 sentences and would hold 0.965 of the
# evidence of the tuning cases, at 0.03 it has 1.4 and 0.958, at 0.1 1.2 and 0.939; on invented plans 0.956, 0.949, 0.940.
FURTHER = 0.01
# A fit weighs answerable questions and others alike, so it is sure from 0.5 on. With the reader, what is between the two is
# shown with a word of caution: two of the six calibration questions there are answerable, so that the plan does not say
# would be untrue of them. On the two folders of calibration cases evidence and balanced accuracy together are highest from
# 0.4 to 0.5, and the evidence more at 0.4 (`evals/ABLATIONS.md`).
SURE = 0.5
THRESHOLD_READ = 0.4
SHIPPED_PLAN = "asaka-4"
# Every second question of an invented plan: a fit takes some minutes as it is.
EVERY = 2


@dataclass(frozen=True, slots=True)
class Searched:
    """A case as far as the search gets: what was found, and the same after reading (None without a reader)."""

    case: Case
    plan: str
    query: Query
    hits: Sequence[Hit]
    index: SearchIndex
    unread: Sequence[Candidate]
    read: Sequence[Candidate] | None

    def answers(self, candidate: Candidate) -> bool:
        """Whether a sentence holds some of the case's evidence."""
        text = fold(candidate.sentence.text)
        return any(fold(alternative) in text for group in self.case.evidence for alternative in group)


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a fit does on questions it has not seen; all 0 to 1.

    `auc` and `balanced_accuracy` (at the threshold) are of answering or declining, `evidence` is the share of the evidence
    that the chosen sentences hold, whether they would be said or not.
    """

    auc: float
    balanced_accuracy: float
    evidence: float


@dataclass(frozen=True, slots=True)
class UnseenQuality:
    """The quality on each plan by a fit on the others, over `cases` questions in all."""

    plans: dict[str, Quality]
    cases: int


def search_all(assistant: Assistant, cases: Sequence[Case], progress: Progress) -> list[Searched]:
    """Search cases in the assistant's own plan, and the development plans' in theirs."""
    plans = [plan for plan in read_plans() if plan.document.info.id in DEVELOPMENT]
    found = list(progress.track(search(assistant, cases, SHIPPED_PLAN), total=len(cases), description=SHIPPED_PLAN))
    for number, plan in enumerate(plans):
        # A city may have anticipated questions for its plan, or not: every second plan has those that are not asked here.
        anticipated = [question for here, question in enumerate(plan.questions) if here % EVERY] if number % 2 else []
        with tempfile.TemporaryDirectory() as folder:
            retriever = retriever_for(plan, assistant.retriever.embeddings, Path(folder), anticipated)
        there = replace(assistant, retriever=retriever, understanding=understanding_of(retriever.index))
        asked = cases_of(plan)[::EVERY]
        rows = search(there, asked, plan.document.info.id)
        found += progress.track(rows, total=len(asked), description=plan.document.info.id)
    return found


def search(assistant: Assistant, cases: Sequence[Case], plan: str) -> Iterator[Searched]:
    """Yield the cases that get as far as a search and find something; the best passages by today's weights are read."""
    for case in cases:
        question = parse_question(case.question)
        if assistant.router.route(question):
            continue
        query = assistant.understanding.understand(question, [parse_question(text) for text in case.history])
        hits = assistant.retriever.search(query.text, query.extra_terms)
        unread = find_candidates(query, hits)
        if unread:
            ranked = rank(unread, assistant.calibration.without_reader.sentence)
            read = read_best(query, ranked, assistant.reader) if assistant.reader else None
            yield Searched(case, plan, query, hits, assistant.retriever.index, unread, read)


def fit(searched: Sequence[Searched], signs: Callable[[str], bool] = lambda name: True) -> Calibration:
    """Fit both sets of weights; the one with the reader is that without it where nothing was read.

    Args:
        signs: which signs of the answer may have a weight, by name.
    """
    without = _fit_weights(searched, False, lambda name: name not in OF_READER and signs(name))
    read = all(one.read is not None for one in searched)
    return Calibration(
        further=FURTHER,
        without_reader=without,
        with_reader=_fit_weights(searched, True, signs) if read else without,
    )


def fit_lead(searched: Sequence[Searched], calibration: Calibration, reader: Reader, progress: Progress) -> Calibration:
    """Return a calibration with the weights that say how surely the first sentence answers, fitted on what is answered.

    The first sentence of each of these questions is read again, as it is for an approved answer. A sentence that holds
    some of a case's evidence answers it. Questions that are never compared with approved ones are left out: without any
    kanji, too, is what is asked in English.

    Raises:
        ValueError: all of these sentences answer, or none does.
    """
    rows, labels = [], []
    compared = [one for one in searched if can_be_compared(one.query)]
    for one in progress.track(compared, description="もう一度読む"):
        ranked = ranked_sentences(one, calibration, read=True)
        signs, weights = signs_of(one, ranked, calibration), calibration.with_reader
        probability = probability_of(one.query, choose(ranked, calibration), signs, weights.answer, one.index)
        if probability >= weights.threshold and (lead := read_lead(one.query, ranked[0], probability, reader)):
            rows.append(lead)
            labels.append(one.answers(ranked[0].candidate))
    if len(set(labels)) < 2:
        raise ValueError("nothing to learn from: all first sentences answer, or none does")
    names = [field.name for field in fields(LeadSigns)]
    return calibration.model_copy(update={"lead": _fit_logistic(rows, labels, names, None)})


def unseen_quality(
    searched: Sequence[Searched], read: bool, signs: Callable[[str], bool] = lambda name: True
) -> UnseenQuality:
    """Judge the cases of each plan by a fit on those of all others."""
    plans = {}
    for plan in dict.fromkeys(one.plan for one in searched):
        calibration = fit([one for one in searched if one.plan != plan], signs)
        own = [one for one in searched if one.plan == plan]
        plans[plan] = _quality(own, calibration, read)
    return UnseenQuality(plans, len(searched))


def _quality(searched: Sequence[Searched], calibration: Calibration, read: bool) -> Quality:
    answerable = np.array([one.case.answerable for one in searched])
    ranked = [ranked_sentences(one, calibration, read) for one in searched]
    weights = calibration.weights(read)
    signs = [signs_of(*pair, calibration) for pair in zip(searched, ranked, strict=True)]
    probabilities = np.array([weights.answer.probability(one) for one in signs])
    evidence = [
        coverage(one.case.evidence, [pick.sentence.text for pick in choose(picks, calibration)])
        for one, picks in zip(searched, ranked, strict=True)
        if one.case.answerable
    ]
    return Quality(
        auc=float(roc_auc_score(answerable, probabilities)),
        balanced_accuracy=float(balanced_accuracy_score(answerable, probabilities >= weights.threshold)),
        evidence=fmean(evidence),
    )


def ranked_sentences(one: Searched, calibration: Calibration, read: bool) -> list[Pick]:
    """The sentences that could be quoted, best first."""
    candidates = one.read if read and one.read is not None else one.unread
    return asked_for_first(one.query, rank(candidates, calibration.weights(read).sentence))


def signs_of(one: Searched, ranked: Sequence[Pick], calibration: Calibration) -> Signs:
    """The signs of an answer with the best of these sentences."""
    return read_signs(one.query, choose(ranked, calibration), ranked, one.hits, one.index)


def _fit_weights(searched: Sequence[Searched], read: bool, allowed: Callable[[str], bool]) -> Weights:
    rows: list[SentenceSigns] = []
    labels: list[bool] = []
    for one in searched:
        candidates = one.read if read and one.read is not None else one.unread
        for pick in rank(candidates, Logistic(bias=0.0, weights={})):
            rows.append(pick.signs)
            labels.append(one.answers(pick.candidate))
    names = [field.name for field in fields(SentenceSigns) if read or field.name not in OF_READER]
    # Not balanced: the log odds are those of the sentence itself, and `further` is a probability of them.
    sentence = _fit_logistic(rows, labels, names, None)
    threshold = THRESHOLD_READ if read else SURE
    unfitted = Weights(threshold=threshold, sure=SURE, sentence=sentence, answer=sentence)
    preliminary = Calibration(further=FURTHER, with_reader=unfitted, without_reader=unfitted)
    signs = [signs_of(one, ranked_sentences(one, preliminary, read), preliminary) for one in searched]
    names = [field.name for field in fields(Signs) if allowed(field.name)]
    answer = _fit_logistic(signs, [one.case.answerable for one in searched], names, "balanced")
    return Weights(threshold=threshold, sure=SURE, sentence=sentence, answer=answer)


def _fit_logistic(
    rows: Sequence[DataclassInstance], labels: Sequence[bool], names: Sequence[str], class_weight: str | None
) -> Logistic:
    if not names:
        return Logistic(bias=0.0, weights={})
    values = np.array([[asdict(row)[name] for name in names] for row in rows])
    model = _model(class_weight).fit(values, labels)
    scaler, regression = model[0], model[1]
    weights = regression.coef_[0] / scaler.scale_
    bias = float(regression.intercept_[0] - weights @ scaler.mean_)
    return Logistic(bias=round(bias, 3), weights={name: round(float(w), 3) for name, w in zip(names, weights, strict=True)})


def _model(class_weight: str | None) -> Pipeline:
    # C = 0.1: the figures on unseen plans are flat from 0.1 to 1, and with more freedom some weights take the wrong sign.
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight=class_weight, max_iter=2000))


def as_toml(calibration: Calibration, fitted_on: str) -> str:
    """Return the text of `assistant/calibration.toml`."""
    lines = [
        "# Written by `python -m evals calibrate`: logistic regressions over the signs in assistant/compose.py (sentence),",
        f"# assistant/decide.py (answer) and assistant/lead.py (lead). Fitted on {fitted_on}.",
        f"further = {calibration.further}",
    ]
    for mode in ("with_reader", "without_reader"):
        weights: Weights = getattr(calibration, mode)
        lines += ["", f"[{mode}]", f"threshold = {weights.threshold}", f"sure = {weights.sure}"]
        for kind in ("sentence", "answer"):
            logistic: Logistic = getattr(weights, kind)
            lines += _section(f"{mode}.{kind}", logistic)
    if calibration.lead:
        lines += _section("lead", calibration.lead)
    return "\n".join(lines) + "\n"


def _section(name: str, logistic: Logistic) -> list[str]:
    weights = [f"{sign} = {weight}" for sign, weight in logistic.weights.items()]
    return ["", f"[{name}]", f"bias = {logistic.bias}", f"[{name}.weights]", *weights]
