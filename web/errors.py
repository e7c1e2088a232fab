"""Errors that a visitor can meet: a status and a code; the catalogues say each kindly. Never the input, never a stack."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """All that is known about an error; every catalogue has the text `errors.<code>`."""

    status: int
    code: str


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
STARTING = Problem(503, "starting")
NO_INDEX = Problem(503, "not_ready")
INTERNAL = Problem(500, "internal")
BAD_REQUEST = Problem(400, "bad_request")
FEEDBACK_UNAVAILABLE = Problem(503, "feedback_unavailable")
FEEDBACK_UNCLEAR = Problem(422, "feedback_unclear")


def question_problem(reason: str) -> Problem:
    """Return the problem of a question that is none, for the core's reason."""
    return Problem(422, f"question_{reason}")
