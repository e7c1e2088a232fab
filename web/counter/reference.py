"""What the counter knows of one index beyond the index itself: its chapters, who acts in each passage, its glossary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from assistant.glossary import Glossary
from corpus.model import Document
from corpus.passages import path_after
from index.search_index import SearchIndex
from index.vectors import Rows
from web.counter.actors import Acting, who_acts

# Whose measures are looked for; `unsaid` are the passages that name neither the city nor the council as acting.
Who = Literal["", "city", "council", "unsaid"]
WHO: tuple[Who, ...] = get_args(Who)


@dataclass(frozen=True, slots=True)
class Chapter:
    """The passages under a document's first heading; `key` is what a form sends. `name` is empty before any heading."""

    key: str
    document: Document
    name: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What a look-up is narrowed to. `scope` is a document's id or a chapter's key; an empty or unknown one is all."""

    scope: str = ""
    who: Who = ""


class Reference:
    """Made once an index, by rules over its text; read by every look-up."""

    def __init__(self, index: SearchIndex) -> None:
        self.index = index
        self.glossary = Glossary(index.documents.values(), index.passages)
        self.acting: tuple[Acting, ...] = tuple(map(who_acts, index.passages))
        self._rows_of_who: dict[Who, list[int]] = {who: [] for who in WHO}
        self._rows_of_scope: dict[str, list[int]] = {}
        chapters: dict[tuple[str, str], Chapter] = {}
        numbers: Counter[str] = Counter()
        for row, (passage, acting) in enumerate(zip(index.passages, self.acting, strict=True)):
            place = (passage.document_id, next(iter(path_after(passage)), ""))
            if place not in chapters:
                numbers[place[0]] += 1
                chapters[place] = Chapter(f"{place[0]}/{numbers[place[0]]}", index.documents[place[0]], place[1])
            for scope in (place[0], chapters[place].key):
                self._rows_of_scope.setdefault(scope, []).append(row)
            acts: Iterable[Who] = acting.actors or ("unsaid",)
            for who in acts:
                self._rows_of_who[who].append(row)
        self.chapters = tuple(chapters.values())

    def rows(self, filters: Filters) -> Rows | None:
        """Return the rows of the passages that pass; None if all do."""
        kept: Rows | None = None
        if filters.scope in self._rows_of_scope:
            kept = np.array(self._rows_of_scope[filters.scope], dtype=np.int64)
        if filters.who:
            of_actor = np.array(self._rows_of_who[filters.who], dtype=np.int64)
            kept = of_actor if kept is None else np.intersect1d(kept, of_actor, assume_unique=True)
        return kept

    def count(self, filters: Filters) -> int:
        """Return how many passages pass."""
        rows = self.rows(filters)
        return len(self.index.passages) if rows is None else len(rows)
