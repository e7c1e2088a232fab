"""Which status a question gets without a search: urgent, refused, greeting, personal, out of scope. Rules in a file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from assistant.answer import Status
from assistant.question import Question

SHIPPED_ROUTES = Path(__file__).parent / "routes.toml"
# What protects a person comes before all else.
ORDER: tuple[Status, ...] = ("urgent", "refused", "greeting", "personal", "out_of_scope")


class Rule(BaseModel):
    """A route's patterns; one that is hit counts unless a pattern of `unless` is hit too."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    patterns: tuple[re.Pattern[str], ...] = ()
    unless: tuple[re.Pattern[str], ...] = ()

    def matches(self, text: str) -> bool:
        """Whether the route is for a text in lower case."""
        return any(p.search(text) for p in self.patterns) and not any(p.search(text) for p in self.unless)


@dataclass(frozen=True, slots=True)
class Router:
    """Compiled rules by status, in the order in which they are tried."""

    rules: tuple[tuple[Status, Rule], ...]

    def route(self, question: Question) -> Status | None:
        """Return the status of the first rule that matches, None for a question to search for.

        A question of signs alone (「？」) asks the plan nothing.
        """
        text = question.text.lower()
        if not any(char.isalnum() for char in text):
            return "out_of_scope"
        return next((status for status, rule in self.rules if rule.matches(text)), None)


def load_router(path: Path = SHIPPED_ROUTES) -> Router:
    """Read the reviewed rules. A status that is missing in the file has no rule."""
    rules = tomllib.loads(path.read_text(encoding="utf-8"))
    return Router(tuple((status, Rule.model_validate(rules.get(status, {}))) for status in ORDER))
