"""The fitted numbers: how signs become probabilities, and from which probability on something is said."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from math import exp, log
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assistant.errors import ConfigurationError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SHIPPED_CALIBRATION = Path(__file__).parent / "calibration.toml"


class Logistic(BaseModel):
    """A logistic regression over the signs that have a weight: 1 / (1 + exp(-(bias + weights · signs)))."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    bias: float
    weights: Mapping[str, float]

    def log_odds(self, signs: DataclassInstance) -> float:
        """Return the log odds for signs, a dataclass that has every field with a weight.

        Raises:
            AttributeError: it has not.
        """
        return self.bias + sum(weight * float(getattr(signs, name)) for name, weight in self.weights.items())

    def probability(self, signs: DataclassInstance) -> float:
        """Return the probability for signs, 0 to 1."""
        return 1 / (1 + exp(-self.log_odds(signs)))


class Weights(BaseModel):
    """`sentence`: that a sentence answers (`compose.SentenceSigns`); `answer`: that what is chosen does (`decide.Signs`).

    `threshold` is the probability from which on an answer is given, `sure` the one from which on nothing is said to that:
    between the two a visitor is told that it may be none, and no words are marked as the short answer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    threshold: float = Field(ge=0, le=1)
    sure: float = Field(ge=0, le=1)
    sentence: Logistic
    answer: Logistic

    @model_validator(mode="after")
    def _is_sure_where_it_answers(self) -> Self:
        if self.sure < self.threshold:
            raise ValueError("sure is below threshold")
        return self


class Calibration(BaseModel):
    """Two sets of weights, for answers with the reader and without it.

    `further` is the probability from which on a second and a third sentence are quoted. `lead` says how surely the first
    sentence answers after more readings (`lead.LeadSigns`); None where it was fitted without a reader.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    further: float = Field(gt=0, lt=1)
    with_reader: Weights
    without_reader: Weights
    lead: Logistic | None = None

    @property
    def further_log_odds(self) -> float:
        """`further` as log odds."""
        return float(log(self.further / (1 - self.further)))

    def weights(self, read: bool) -> Weights:
        """Return the weights for a question whose passages were read, or were not."""
        return self.with_reader if read else self.without_reader


def load_calibration(path: Path = SHIPPED_CALIBRATION) -> Calibration:
    """Read the file that `python -m evals calibrate` writes.

    Raises:
        ConfigurationError: it is missing or not of that form.
    """
    try:
        return Calibration.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigurationError(f"判定の数値を読めません: {path}\n{error}") from error
