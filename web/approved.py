"""The approved answers as the server has them at hand: read from the database, at their places in the index in use."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from assistant.answer import Answer, Language
from assistant.approved import ApprovedBook, anchored, approved_answer, with_offer
from assistant.assistant import Assistant, Examined
from web.storage.answers import AnswerStore
from web.storage.database import StorageUnavailableError

log = logging.getLogger("web")

# How long a database that cannot be read is left alone.
RETRY_S = 60.0


@dataclass(frozen=True, slots=True)
class _Copy:
    """The answers of one revision, over one version of the index."""

    revision: int
    book: ApprovedBook


class ApprovedAnswers:
    """Finds the approved answer to a question, where there is one.

    A copy of what is stored is made when it is first wanted, after each change, and for each new index, by a thread of its
    own: meanwhile questions are answered without, and a database that is away keeps no question waiting.
    """

    def __init__(self, store: AnswerStore) -> None:
        self.store = store
        self._copy: _Copy | None = None
        self._lock = threading.Lock()
        self._retry_at = 0.0

    def answer(self, examined: Examined, assistant: Assistant, page: Language, *, is_current: bool = True) -> Answer:
        """Return the approved answer to a question that has been examined, or else the one that it got.

        Args:
            examined: the question with what it got.
            assistant: that examined it.
            page: the language of the page.
            is_current: whether its index is the one that is loaded now. Over a former one no copy is made, which would
                move the stored answers back to it, or suspend them.
        """
        copy = self._copy
        if is_current and (copy is None or not self._fresh(copy, assistant)):
            self._begin(assistant)
        if copy is None or copy.book.index_version != assistant.retriever.index.version:
            return examined.answer
        found = copy.book.match(examined, assistant)
        if found is None:
            return examined.answer
        return (
            approved_answer(found.answer, examined, assistant, page)
            if found.sure
            else with_offer(examined.answer, found.answer)
        )

    def refresh(self, assistant: Assistant) -> None:
        """Make the copy anew, and store what a new index made of the answers.

        Raises:
            StorageUnavailableError: the copy is as it was.
        """
        index = assistant.retriever.index
        with self._lock:
            revision = self.store.revision
            moved, lost, kept = [], [], []
            for answer, _ in self.store.list("active"):
                here = anchored(answer, index.documents)
                if here is None:
                    lost.append(answer.id)
                    continue
                kept.append(here)
                if here.quotes != answer.quotes:
                    moved.append((here.id, here.quotes))
            if moved or lost:
                self.store.move(moved, lost, index.version)
                log.warning("approved answers after a new index: %d moved, %d suspended", len(moved), len(lost))
            self._copy = _Copy(revision, ApprovedBook.of(kept, assistant, self._copy.book if self._copy else None))

    def _fresh(self, copy: _Copy, assistant: Assistant) -> bool:
        return (copy.revision, copy.book.index_version) == (self.store.revision, assistant.retriever.index.version)

    def _begin(self, assistant: Assistant) -> None:
        if time.monotonic() < self._retry_at or self._lock.locked():
            return
        self._retry_at = time.monotonic() + RETRY_S
        threading.Thread(target=self._refresh_or_log, args=(assistant,), name="approved-answers", daemon=True).start()

    def _refresh_or_log(self, assistant: Assistant) -> None:
        try:
            self.refresh(assistant)
            self._retry_at = 0.0
        except StorageUnavailableError as error:
            log.error("approved answers cannot be read: %s", error)
        except Exception:
            log.exception("approved answers cannot be read")
