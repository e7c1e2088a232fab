"""The answer's types: the JSON of the API, of the command line and of each row of an evaluation."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict

Status = Literal["answered", "not_in_plan", "out_of_scope", "personal", "urgent", "refused", "greeting"]
Language = Literal["ja", "easy", "en", "zh", "ko", "vi"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Citation(_Frozen):
    """Where a quote stands: `quote` is exactly the document's canonical text from `start` to `end` (code points)."""

    n: int
    passage_id: str
    document: str
    title: str
    section: tuple[str, ...]
    page: int | None
    quote: str
    start: int
    end: int
    url: str


class AnswerSentence(_Frozen):
    """A sentence of the answer and the numbers of the citations that it is taken from; never without one.

    `heading` is the plan's heading above it where that says who acts (「市の取組」) or whose aim it is, as the sentence
    itself often does not; empty where no heading does, and after a sentence under the same one.
    """

    text: str
    citations: tuple[int, ...]
    heading: str = ""


class ContactLine(_Frozen):
    """One place to turn to. `phone` is empty where the operator has set none."""

    name: str
    phone: str = ""
    note: str = ""


class Contact(_Frozen):
    """Whom to ask instead, from the operator's `contacts.toml`."""

    lines: tuple[ContactLine, ...]


class Approval(_Frozen):
    """That a person approved an answer to `question`: in which role and when. `note` is this person's own words or empty."""

    question: str
    role: str
    on: dt.date
    note: str = ""


class Answer(_Frozen):
    """What the assistant says to one question. Only `answered` has sentences, citations and a short answer.

    `text` is what a person reads: the sentences with their markers [n], a heading on a line of its own before the sentences
    that need it, or the fixed wording of another status.
    `short_answer` is a part of one of the sentences, or None where no part of one answers alone. `caution` is what must be
    known before they are read, that they may be no answer, and `notice` what must be known beside them; None without.
    """

    id: str
    status: Status
    language: Language
    mode: Literal["extractive", "approved"] = "extractive"
    text: str
    short_answer: str | None = None
    sentences: tuple[AnswerSentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    caution: str | None = None
    notice: str | None = None
    contact: Contact | None = None
    suggestions: tuple[str, ...] = ()
    approval: Approval | None = None
    index_version: str
    elapsed_ms: float
