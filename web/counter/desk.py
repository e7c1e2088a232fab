"""The counter over the running service: what it looks up, with or without a model, and what the index is known by."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from assistant.personal_data import refuse_identifiers
from assistant.question import parse_question
from assistant.understand import Understanding, understanding_of
from index.fusion import LegWeights
from index.search_index import SearchIndex
from web.counter.lookup import Results, look_up
from web.counter.reference import Filters, Reference
from web.service import Service


@dataclass(frozen=True, slots=True)
class _Known:
    """What is made once an index."""

    reference: Reference
    understanding: Understanding


class Desk:
    """Looks things up in whatever index the service has now."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known: _Known | None = None
        self._lock = threading.Lock()

    async def reference(self) -> Reference:
        """Return what is known of the index.

        Raises:
            WebError: 503, there is no index.
        """
        index = self._service.index()
        return (await self._service.in_turn(lambda: self._know(index))).reference

    async def look_up(self, text: str, filters: Filters) -> Results:
        """Return what is found for words that were typed.

        Raises:
            InvalidQuestionError: they are none, or they name a person.
            WebError: 503, there is no index or no place.
        """
        question = refuse_identifiers(parse_question(text))
        assistant = self._service.answers
        index = assistant.retriever.index if assistant else self._service.index()

        def work() -> Results:
            known = self._know(index)
            retriever = assistant.retriever if assistant else None
            return look_up(
                question,
                filters,
                known.reference,
                assistant.understanding if assistant else known.understanding,
                retriever.embeddings if retriever else None,
                retriever.weights if retriever else LegWeights(),
            )

        return await self._service.in_turn(work)

    def _know(self, index: SearchIndex) -> _Known:
        with self._lock:
            if self._known is None or self._known.reference.index is not index:
                self._known = _Known(Reference(index), understanding_of(index))
            return self._known
