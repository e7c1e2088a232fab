"""The fixed wordings, a reviewed file a language. No sentence that a resident reads stands in code."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ConfigDict

from assistant.answer import Language

_FOLDER = Path(__file__).parent


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StatusWordings(_Strict):
    """What is said instead of an answer, one text a status."""

    not_in_plan: str
    out_of_scope: str
    personal: str
    urgent: str
    refused: str
    greeting: str


class NoticeWordings(_Strict):
    """What is said above an answer (`unsure`) or beside it; an empty text is not shown."""

    unsure: str
    expired: str
    not_yet_valid: str
    quoted_in_japanese: str
    gap: str


class DateWordings(_Strict):
    """How a date is written."""

    format: str


class SuggestionWordings(_Strict):
    """How a heading of the plan becomes a question; Japanese in every language, as the plan is."""

    about: str


class Wordings(_Strict):
    """All fixed texts of one language."""

    status: StatusWordings
    notice: NoticeWordings
    dates: DateWordings
    suggestion: SuggestionWordings

    def date(self, day: dt.date) -> str:
        """Return a date as this language writes it."""
        return self.dates.format.format(year=day.year, month=day.month, day=day.day)


def load_wordings() -> dict[Language, Wordings]:
    """Read the wordings of every language; a missing or unknown key is a ValidationError at start, not at a question."""
    return {
        language: Wordings.model_validate(tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8")))
        for language in get_args(Language)
    }
