"""Errors that a visitor can meet: a status and a code; the catalogues say each kindly. Never the input, never a stack."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.errors import IdentifierKind, InvalidQuestionError, PersonalDataError


@dataclass(frozen=True, slots=True)
class Problem:
    """All that is known about an error; every catalogue has the text `errors.<code>`.

    `identifier` is the kind of personal data that a question was refused for, named in every catalogue. `retry_after_s` is
    above 0 where the same request may succeed later.
    """

    status: int
    code: str
    identifier: IdentifierKind | None = None
    retry_after_s: int = 0


class WebError(Exception):
    """Ends a request with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


TOO_LARGE = Problem(413, "too_large")
WRONG_TYPE = Problem(415, "unsupported_media_type")
NOT_JSON = Problem(400, "not_json")
WRONG_FIELDS = Problem(422, "wrong_fields")
NOT_FOUND = Problem(404, "not_found")
WRONG_METHOD = Problem(405, "method_not_allowed")
STARTING = Problem(503, "starting", retry_after_s=5)
NO_INDEX = Problem(503, "not_ready", retry_after_s=60)
BUSY = Problem(503, "busy", retry_after_s=5)
TIMED_OUT = Problem(503, "timed_out", retry_after_s=5)
RESTARTING = Problem(503, "restarting", retry_after_s=15)
CLOSED = Problem(503, "closed", retry_after_s=600)
TOO_MANY_QUESTIONS = Problem(429, "too_many_questions", retry_after_s=60)
TOO_MANY_AT_ONCE = Problem(429, "too_many_at_once", retry_after_s=5)
TOO_SLOW = Problem(408, "too_slow")
WRONG_HOST = Problem(400, "wrong_host")
INTERNAL = Problem(500, "internal")
BAD_REQUEST = Problem(400, "bad_request")
FEEDBACK_UNAVAILABLE = Problem(503, "feedback_unavailable", retry_after_s=60)
FEEDBACK_UNCLEAR = Problem(422, "feedback_unclear")


def question_problem(error: InvalidQuestionError) -> Problem:
    """Return the problem of a question that cannot be asked."""
    if isinstance(error, PersonalDataError):
        return Problem(422, "pii_detected", error.kind)
    return Problem(422, f"question_{error.reason}")
