"""Which status a question gets without a search: urgent, refused, greeting, personal, out of scope. Rules in a file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from assistant.answer import Status
from assistant.any_pattern import AnyPattern
from assistant.question import Question

SHIPPED_ROUTES = Path(__file__).parent / "routes.toml"
# What protects a person comes before all else.
ORDER: tuple[Status, ...] = ("urgent", "refused", "greeting", "personal", "out_of_scope")
# Telephones type a typographic apostrophe.
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ′`", "'"))
_WORDS = re.compile("<([a-z_]+)>")


class Rule(BaseModel):
    """A route's patterns, and what is taken out of the text before they count.

    `<name>` in a pattern stands for the alternatives of `words[name]`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    patterns: tuple[re.Pattern[str], ...] = ()
    unless: tuple[re.Pattern[str], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _fill_in_words(cls, rule: dict[str, Any]) -> dict[str, Any]:
        words: dict[str, str] = rule.get("words", {})
        patterns = {key: value for key, value in rule.items() if key != "words"}
        if missing := {name for value in patterns.values() for p in value for name in _WORDS.findall(p)} - words.keys():
            raise ValueError(f"no word list: {', '.join(sorted(missing))}")
        return {key: [_WORDS.sub(lambda name: f"(?:{words[name[1]]})", p) for p in value] for key, value in patterns.items()}

    def matches(self, text: str) -> bool:
        """Whether the route is for a text in lower case."""
        any_pattern = self._any_pattern
        return any_pattern.hits(text) and (not self.unless or any_pattern.hits(self._without_exceptions(text)))

    @cached_property
    def _any_pattern(self) -> AnyPattern:
        return AnyPattern(self.patterns)

    def _without_exceptions(self, text: str) -> str:
        """The text with the end of a sentence and of a line in place of what `unless` hits: no pattern reaches across."""
        for exception in self.unless:
            text = exception.sub("。\n", text)
        return text


@dataclass(frozen=True, slots=True)
class Router:
    """Compiled rules by status, in the order in which they are tried."""

    rules: tuple[tuple[Status, Rule], ...]

    def route(self, question: Question) -> Status | None:
        """Return the status of the first rule that matches, None for a question to search for.

        A question of signs alone (「？」) asks the plan nothing.
        """
        text = _folded(question)
        if not _asks(text):
            return "out_of_scope"
        return next((status for status, rule in self.rules if rule.matches(text)), None)

    def is_urgent(self, question: Question) -> bool:
        """Whether `route` would say "urgent", which is tried first; for all that comes before an index is asked."""
        text = _folded(question)
        return _asks(text) and any(rule.matches(text) for status, rule in self.rules if status == "urgent")


def _folded(question: Question) -> str:
    return question.text.lower().translate(_APOSTROPHES)


def _asks(text: str) -> bool:
    return any(char.isalnum() for char in text)


def load_router(path: Path = SHIPPED_ROUTES) -> Router:
    """Read the reviewed rules. A status that is missing in the file has no rule."""
    rules = tomllib.loads(path.read_text(encoding="utf-8"))
    return Router(tuple((status, Rule.model_validate(rules.get(status, {}))) for status in ORDER))
