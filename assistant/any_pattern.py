"""Whether any of many patterns hits a text: only those are tried of whose characters the text has one that they need."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

# Python has no public way to look into a pattern; what the tree does not say for sure makes a pattern tried always.
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)


class AnyPattern:
    """Patterns as one question. Of some 240 for people in danger, 30 are tried on a usual question.

    Patterns that ignore case, or in which nothing is needed, are tried on each text.
    """

    def __init__(self, patterns: Iterable[re.Pattern[str]]) -> None:
        self._patterns = tuple(patterns)
        always = set()
        by_char: defaultdict[str, set[int]] = defaultdict(set)
        for number, pattern in enumerate(self._patterns):
            needed = needed_chars(pattern)
            if not needed:
                always.add(number)
            for char in needed:
                by_char[char].add(number)
        self._always, self._by_char = always, dict(by_char)

    def hits(self, text: str) -> bool:
        """Whether any pattern is found in a text; False for no patterns."""
        tried = self._always.union(*(self._by_char[char] for char in self._by_char.keys() & set(text)))
        return any(self._patterns[number].search(text) for number in tried)


def needed_chars(pattern: re.Pattern[str]) -> frozenset[str]:
    """Return characters of which every text has one that the pattern hits; empty where none can be named."""
    if pattern.flags & re.IGNORECASE:
        return frozenset()
    return _of_sequence(_parser.parse(pattern.pattern, pattern.flags))


def _of_sequence(items: Iterable[tuple[Any, Any]]) -> frozenset[str]:
    """All items are needed, so those of any one are: the fewest."""
    return min(filter(None, map(_of_item, items)), key=len, default=frozenset())


def _of_item(item: tuple[Any, Any]) -> frozenset[str]:
    kind, value = item
    if kind is op.LITERAL:
        return frozenset(chr(value))
    if kind is op.IN and all(inner is op.LITERAL for inner, _ in value):
        return frozenset(chr(code) for _, code in value)
    if kind is op.BRANCH:
        return _of_branches([_of_sequence(branch) for branch in value[1]])
    if kind is op.SUBPATTERN:
        _, added_flags, _, inside = value
        return frozenset() if added_flags & re.IGNORECASE else _of_sequence(inside)
    if kind in REPEATS and value[0] > 0:
        return _of_sequence(value[2])
    if kind is op.ATOMIC_GROUP:
        return _of_sequence(value)
    # What is looked for ahead or behind is in the text as well.
    return _of_sequence(value[1]) if kind is op.ASSERT else frozenset()


def _of_branches(branches: list[frozenset[str]]) -> frozenset[str]:
    """One of the branches is taken: one that needs nothing leaves nothing to name."""
    return frozenset().union(*branches) if all(branches) else frozenset()
