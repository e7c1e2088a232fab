"""Fits the decision between answering and declining on cases: the numbers of `assistant.decide.CALIBRATION`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from assistant.assistant import Assistant
from assistant.decide import Calibration, Signs
from assistant.question import parse_question
from evals.cases import Case

FOLDS = 10
SEED = 0


@dataclass(frozen=True, slots=True)
class Fit:
    """A calibration and how well it does on cases that it was not fitted on (ten-fold cross-validation).

    `auc` is over the probabilities, `balanced_accuracy` at the threshold of 0.5; both 0 to 1.
    """

    calibration: Calibration
    auc: float
    balanced_accuracy: float
    cases: int


def fit(assistant: Assistant, cases: Sequence[Case]) -> Fit:
    """Fit a logistic regression to the signs of all cases that get as far as a search, both kinds weighted alike."""
    signs, answerable = _signs(assistant, cases)
    unseen = _cross_validate(signs, answerable)
    model = _model().fit(signs, answerable)
    scaler, regression = model[0], model[1]
    weights = regression.coef_[0] / scaler.scale_
    bias = float(regression.intercept_[0] - weights @ scaler.mean_)
    return Fit(
        calibration=Calibration(round(bias, 3), tuple(round(float(weight), 3) for weight in weights)),
        auc=float(roc_auc_score(answerable, unseen)),
        balanced_accuracy=float(balanced_accuracy_score(answerable, unseen >= 0.5)),
        cases=len(answerable),
    )


def cross_validated_auc(assistant: Assistant, cases: Sequence[Case], signs: Sequence[str]) -> float:
    """Return the AUC, 0 to 1, of a fit on some of the signs only, each case judged by a fit that has not seen it."""
    values, answerable = _signs(assistant, cases)
    columns = [column for column, field in enumerate(fields(Signs)) if field.name in signs]
    return float(roc_auc_score(answerable, _cross_validate(values[:, columns], answerable)))


def _signs(assistant: Assistant, cases: Sequence[Case]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Shape (cases, signs), and whether each is answerable; questions that are routed are left out."""
    rows, labels = [], []
    for case in cases:
        question = parse_question(case.question)
        if assistant.router.route(question):
            continue
        found = assistant.find(question, [parse_question(text) for text in case.history])
        if found.signs:
            rows.append(astuple(found.signs))
            labels.append(case.answerable)
    return np.array(rows), np.array(labels)


def _model() -> Pipeline:
    # C = 0.1: the cross-validated figures are flat from 0.1 to 1, and with more freedom some weights take the wrong sign.
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000))


def _cross_validate(signs: npt.NDArray[np.float64], answerable: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """The probability of each case from the nine tenths of the cases that it is not in."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    probabilities = cross_val_predict(_model(), signs, answerable, cv=folds, method="predict_proba")
    return np.asarray(probabilities[:, 1], dtype=np.float64)
