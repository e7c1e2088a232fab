"""Which status a question gets without a search: urgent, refused, greeting, personal, out of scope. Rules in a file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from assistant.answer import Status
from assistant.question import Question

SHIPPED_ROUTES = Path(__file__).parent / "routes.toml"
# What protects a person comes before all else.
ORDER: tuple[Status, ...] = ("urgent", "refused", "greeting", "personal", "out_of_scope")


@dataclass(frozen=True, slots=True)
class Router:
    """Compiled patterns by status, in the order in which they are tried."""

    patterns: tuple[tuple[Status, tuple[re.Pattern[str], ...]], ...]

    def route(self, question: Question) -> Status | None:
        """Return the status of the first rule that matches, None for a question to search for.

        A question of signs alone (「？」) asks the plan nothing.
        """
        text = question.text.lower()
        if not any(char.isalnum() for char in text):
            return "out_of_scope"
        for status, patterns in self.patterns:
            if any(pattern.search(text) for pattern in patterns):
                return status
        return None


def load_router(path: Path = SHIPPED_ROUTES) -> Router:
    """Read the reviewed rules. A status that is missing in the file has no rule."""
    rules = tomllib.loads(path.read_text(encoding="utf-8"))
    return Router(
        tuple((status, tuple(re.compile(text) for text in rules.get(status, {}).get("patterns", ()))) for status in ORDER)
    )
