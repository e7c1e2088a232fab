"""The approved answers as the server has them at hand: read from the database, at their places in the index in use."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace

from assistant.answer import Answer, Language
from assistant.approved import ApprovedBook, anchored, approved_answer, can_be_cited, with_offer
from assistant.assistant import Assistant, Examined
from assistant.likeness import Wording, wording_of
from assistant.question import Question
from web.storage.answers import AnswerStore
from web.storage.database import StorageUnavailableError

log = logging.getLogger("web")

# How long a database that cannot be read is left alone.
RETRY_S = 60.0
# How long a reader that had no time for some approved questions is left alone.
READ_AGAIN_S = 2.0
# How often it is looked whether another server on the same database has approved or withdrawn something.
LOOK_S = 10.0
# How long what was seen last is served while the database cannot be reached.
UNSEEN_S = 60.0


@dataclass(frozen=True, slots=True)
class _Copy:
    """The answers of one revision, over the index of an assistant."""

    revision: int
    assistant: Assistant
    book: ApprovedBook


class ApprovedAnswers:
    """Finds the approved answer to a question, where there is one.

    A copy of what is stored is made for each new index and after each change, by a thread of its own: meanwhile questions
    are answered without, so that nothing is served that has been withdrawn, and a database that is away keeps no question
    waiting. What another server on the same database withdraws is served for as long as `look_s` says, and where the
    database cannot be reached for no longer than `unseen_s`. An approved question is found in its own words at once, and
    in others when another thread has searched and read for it.
    """

    def __init__(
        self, store: AnswerStore, read_again_s: float = READ_AGAIN_S, look_s: float = LOOK_S, unseen_s: float = UNSEEN_S
    ) -> None:
        """Take the store; nothing is read from it before `use`."""
        self.store = store
        self._read_again_s = read_again_s
        self._look_s = look_s
        self._unseen_s = unseen_s
        self._is_looking = False
        # How often an index was put in use, and how often that was when answers were last moved to one.
        self._uses = self._uses_copied = 0
        self._assistant: Assistant | None = None
        self._copy: _Copy | None = None
        self._copying = threading.Lock()
        self._retry_at = 0.0
        # Held for no longer than it takes to put a copy in place, or to see that nothing is left to read for.
        self._lock = threading.Lock()
        self._is_reading = False
        self._stopped = threading.Event()

    def use(self, assistant: Assistant) -> None:
        """Serve over an assistant's index from now on; the copy is made in the background."""
        with self._lock:
            self._stopped.clear()
        self._assistant = assistant
        self._uses += 1
        # Whatever else is being copied: a copy over the former index would do for no question.
        self._start_refresh()
        with self._lock:
            if not self._is_looking:
                self._is_looking = True
                threading.Thread(target=self._look, name="look-for-changes", daemon=True).start()

    def stop(self) -> None:
        """Make no further copy and read for no further question, until `use` is called again."""
        self._stopped.set()

    def answer(self, examined: Examined, assistant: Assistant, page: Language) -> Answer:
        """Return the approved answer to a question that has been examined, or else the one that it got.

        Args:
            examined: the question with its own answer.
            assistant: that examined it, over the index in use or, where that has been exchanged meanwhile, another one.
            page: the language of the page that it is for.
        """
        copy = self._copy
        if copy is None or not self._is_fresh(copy):
            self._begin()
            return examined.answer
        if copy.book.index_version != assistant.retriever.index.version:
            return examined.answer
        found = copy.book.match(examined, assistant)
        if found is None:
            return examined.answer
        return (
            approved_answer(found.answer, examined, assistant, page)
            if found.sure
            else with_offer(examined.answer, found.answer)
        )

    def refresh(self) -> None:
        """Make the copy anew, and store what a new index made of the answers; do nothing without an assistant.

        Where the database is away, that is logged, and nothing is served until it is back.
        """
        try:
            with self._copying:
                # Counted before the assistant is read: an index that comes between is moved to by the copy made for it.
                uses = self._uses
                if self._assistant and not self._stopped.is_set():
                    self._make_copy(self._assistant, uses)
            self._retry_at = 0.0
        except Exception as error:
            self._retry_at = time.monotonic() + RETRY_S
            if isinstance(error, StorageUnavailableError):
                log.error("approved answers cannot be read: %s", error)
            else:
                log.exception("approved answers cannot be read")

    def _make_copy(self, assistant: Assistant, uses: int) -> None:
        index = assistant.retriever.index
        # Only a new index moves or suspends, for all servers: one that still has the former plan would suspend what has
        # been approved meanwhile by the new one. What it cannot find it does not serve, no more.
        self.store.look()
        revision = self.store.revision
        moved, lost, kept = [], [], []
        for answer, _ in self.store.list("active"):
            here = anchored(answer, index.documents)
            if here is None or not can_be_cited(here, index):
                lost.append(answer)
                continue
            kept.append(here)
            if here.quotes != answer.quotes:
                moved.append((answer, here.quotes))
        if uses != self._uses_copied and (moved or lost):
            self.store.move(moved, lost, index.version)
            log.warning("approved answers after a new index: %d moved, %d suspended", len(moved), len(lost))
        self._uses_copied = uses
        book = ApprovedBook.of(kept, index)
        with self._lock:
            self._copy = _Copy(revision, assistant, book.knowing(self._copy.book) if self._copy else book)
            if not self._is_reading:
                self._is_reading = True
                threading.Thread(target=self._read_all, name="read-approved", daemon=True).start()

    def _look(self) -> None:
        """See what other servers change until stopped, and have it copied; serve nothing where it is not seen for long."""
        seen_at = time.monotonic()
        while True:
            if self._stopped.wait(self._look_s):
                with self._lock:
                    # Unless it has been used again meanwhile: then this thread goes on.
                    if self._stopped.is_set():
                        self._is_looking = False
                        return
            try:
                self.store.look()
                seen_at = time.monotonic()
            except Exception as error:
                if not isinstance(error, StorageUnavailableError):
                    log.exception("whether approved answers have changed cannot be seen")
                if time.monotonic() - seen_at >= self._unseen_s:
                    with self._lock:
                        self._copy = None
                continue
            copy = self._copy
            if copy and not self._is_fresh(copy):
                self._begin()

    def _is_fresh(self, copy: _Copy) -> bool:
        return copy.revision == self.store.revision and copy.assistant is self._assistant

    def _begin(self) -> None:
        if time.monotonic() >= self._retry_at and not self._copying.locked():
            self._start_refresh()

    def _start_refresh(self) -> None:
        self._retry_at = time.monotonic() + RETRY_S
        threading.Thread(target=self.refresh, name="approved-answers", daemon=True).start()

    def _read_all(self) -> None:
        """Search and read for the copy's questions, again for those that the reader had no time for, until none is left."""
        failed: set[tuple[str, str]] = set()
        while True:
            with self._lock:
                copy = self._copy
                version = copy.book.index_version if copy else ""
                unread = [text for text in copy.book.unread() if (version, text) not in failed] if copy else []
                if copy is None or not unread or self._stopped.is_set():
                    self._is_reading = False
                    return
            for text in unread:
                started = time.monotonic()
                try:
                    wording = wording_of(copy.assistant.find(Question(text)), copy.assistant)
                except Exception:
                    log.exception("an approved question cannot be read for")
                    failed.add((version, text))
                    continue
                if not self._keep(wording, copy):
                    break
                # As much time is left to those who ask as was taken from them.
                is_busy = wording.read is None
                if self._stopped.wait(self._read_again_s if is_busy else time.monotonic() - started):
                    break

    def _keep(self, wording: Wording, copy: _Copy) -> bool:
        """Put what was made of a question in place; False if another copy has come meanwhile."""
        with self._lock:
            now = self._copy
            if now is None or now.revision != copy.revision or now.assistant is not copy.assistant:
                return False
            self._copy = replace(now, book=now.book.with_wording(wording))
            return True
