"""What became of each question, handed to the database by a thread of its own: no question waits for it or fails by it."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

from assistant.answer import Answer
from assistant.errors import IdentifierKind
from web.storage.database import StorageUnavailableError
from web.storage.questions import Outcome, QuestionStore

log = logging.getLogger("web")

# What waits for a database that is away; more is dropped and counted.
MAX_WAITING = 1000
# Outcomes are gathered for so long and stored together: stored one by one, under load, they took a tenth of a core.
GATHER_S = 0.5
PURGE_EVERY_S = 86_400.0
# With what requests are given to end (`web.__main__.GRACE_S`) under the ten seconds of a supervisor.
STOP_TIMEOUT_S = 1.5


class OutcomeLog:
    """A bounded queue before the database. Safe to use from several threads.

    `keep_texts` is the operator's decision; without it no text ever comes near the database.
    """

    def __init__(self, store: QuestionStore, *, keep_texts: bool = False, text_days: int = 90) -> None:
        self._store = store
        self.keeps_texts = keep_texts
        self._text_days = text_days
        self._waiting: queue.Queue[Outcome | str | None] = queue.Queue(MAX_WAITING)
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._purged_at = -PURGE_EVERY_S
        self.dropped = 0

    def start(self) -> None:
        """Begin to write."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._write, name="outcomes", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, for some seconds at most."""
        if self._thread:
            self._stopping.set()
            self._put(None)
            self._thread.join(STOP_TIMEOUT_S)
            self._thread = None

    def answered(self, answer: Answer, question: str) -> None:
        """Note what became of a question; what someone in danger has said is never kept."""
        self._put(
            Outcome(
                answer_id=answer.id,
                status=answer.status,
                language=answer.language,
                ms=answer.elapsed_ms,
                passage_ids=tuple(citation.passage_id for citation in answer.citations),
                sections=tuple(dict.fromkeys(" › ".join(citation.section) for citation in answer.citations)),
                index_version=answer.index_version,
                approved=answer.approval is not None,
                text=question if self.keeps_texts and answer.status not in ("urgent", "personal", "refused") else "",
            )
        )

    def refused(self, kind: IdentifierKind) -> None:
        """Count a question that was refused for personal data, by its kind alone."""
        self._put(kind)

    def _put(self, item: Outcome | str | None) -> None:
        try:
            self._waiting.put_nowait(item)
        except queue.Full:
            self.dropped += 1

    def _write(self) -> None:
        running = True
        while running:
            items = [self._waiting.get()]
            self._stopping.wait(GATHER_S)
            while not self._waiting.empty():
                items.append(self._waiting.get_nowait())
            running = None not in items
            outcomes = [item for item in items if isinstance(item, Outcome)]
            blocked = [item for item in items if isinstance(item, str)]
            if not self._try(lambda outcomes=outcomes, blocked=blocked: self._store.add(outcomes, blocked)):  # type: ignore[misc]
                self.dropped += len(outcomes) + len(blocked)
            if time.monotonic() - self._purged_at >= PURGE_EVERY_S:
                self._purged_at = time.monotonic()
                self._try(lambda: self._store.purge(self._text_days))

    def _try(self, work: Callable[[], object]) -> bool:
        try:
            work()
        except StorageUnavailableError as error:
            log.error("outcomes could not be written, %d dropped so far: %s", self.dropped, error)
            return False
        except Exception:
            # Whatever it is, the next ones are still to be written.
            log.exception("outcomes could not be written")
            return False
        return True
