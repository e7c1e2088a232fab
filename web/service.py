"""The assistant as the web has it: being loaded, ready, or unavailable with a reason for the operator."""

from __future__ import annotations

import logging
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from anyio import to_thread

from assistant.answer import Answer, Language
from assistant.assistant import Assistant, Turn
from assistant.errors import ConfigurationError
from assistant.personal_data import refuse_identifiers
from assistant.question import parse_question
from assistant.retrieve import HybridRetriever
from assistant.triage import Triage
from corpus.errors import DocumentError
from corpus.model import Document
from index.errors import IndexUnavailableError, ModelError
from index.fusion import Hit
from web.admission import Admission, Place, never_gone
from web.errors import CLOSED, NO_INDEX, RESTARTING, STARTING, WebError
from web.notice import NoticeBoard
from web.rate_limit import RateLimit

log = logging.getLogger("web")
Result = TypeVar("Result")
Renew = Callable[[Assistant], Assistant]
# What keeps an assistant from being loaded, each with a message for the operator.
LOAD_ERRORS = (ConfigurationError, DocumentError, IndexUnavailableError, ModelError)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A question that may be asked. `urgent` is its answer already, which waits for nothing.

    `assistant` is the one that it is asked, whatever index is loaded meanwhile; None with an urgent answer.
    """

    text: str
    language: Language
    assistant: Assistant | None = None
    urgent: Answer | None = None

    @property
    def documents(self) -> Mapping[str, Document]:
        """The documents that the answer's citations are of, by id."""
        return self.assistant.retriever.index.documents if self.assistant else {}


class Service:
    """Loads the assistant in the background, so that the server listens at once, and asks it off the event loop."""

    def __init__(
        self,
        build: Callable[[], Assistant],
        triage: Triage,
        rate_limit: RateLimit,
        notices: NoticeBoard | None = None,
        renew: Renew | None = None,
    ) -> None:
        """Prepare to load.

        Args:
            build: makes the assistant.
            triage: answers who is in danger.
            rate_limit: of one address.
            notices: whether the service is closed.
            renew: an assistant → the same over the index that is current now; without it, `build` makes a new one.
        """
        self._build = build
        self._notices = notices or NoticeBoard()
        self._renew = renew
        self._renewing = threading.Lock()
        self.failed_loads = 0
        self._assistant: Assistant | None = None
        self._reason: str | None = None
        self._triage = triage
        self._rate_limit = rate_limit
        self._admission = Admission()
        self._stopping = False
        self._loaded = threading.Event()

    def start(self) -> None:
        """Begin to load; returns at once."""
        threading.Thread(target=self._load, name="load-assistant", daemon=True).start()

    def wait(self, timeout_s: float) -> bool:
        """Wait until loading has ended, well or not; returns whether it has."""
        return self._loaded.wait(timeout_s)

    @property
    def ready(self) -> bool:
        """Whether questions can be answered now, and the server is not about to stop."""
        return self._assistant is not None and not self._stopping

    @property
    def index_version(self) -> str:
        """The loaded index; empty while there is none."""
        return self._assistant.retriever.index.version if self._assistant else ""

    @property
    def queue_length(self) -> int:
        """How many questions run or wait now."""
        return self._admission.taken

    def stop(self) -> None:
        """Take no more questions. Those that run are answered; those that wait are told to come back."""
        self._stopping = True
        self._admission.stop()

    def start_renewal(self) -> None:
        """Begin to load the index that is current now; returns at once. Where that fails, the old one goes on."""
        threading.Thread(target=self._renew_and_log, name="renew-index", daemon=True).start()

    def renew(self) -> str:
        """Load the index that is current now, verified and probed, and answer from it from the next question on.

        Takes some seconds: not for the event loop. Questions that are being answered keep the index that they began with.

        Returns:
            The version that is loaded now.

        Raises:
            ConfigurationError, DocumentError, IndexUnavailableError, ModelError: it cannot be loaded; the old one goes on.
        """
        with self._renewing:
            before = self._assistant
            try:
                renewed = self._renew(before) if self._renew and before else self._build()
            except Exception:
                self.failed_loads += 1
                raise
            self._assistant, self._reason = renewed, None
        return renewed.retriever.index.version

    def assistant(self) -> Assistant:
        """Return the assistant.

        Raises:
            WebError: 503, while it is being loaded or if it could not be.
        """
        if self._assistant is None:
            raise WebError(NO_INDEX if self._reason else STARTING)
        return self._assistant

    def documents(self) -> list[Document]:
        """Return all documents; none while there is no assistant, so that pages about the service live without one."""
        return list(self._assistant.retriever.index.documents.values()) if self._assistant else []

    def accept(self, question: str, address: str, language: Language = "ja") -> Accepted:
        """Decide whether a question may be asked, before anything is done for it. Help in danger comes before all limits.

        Args:
            question: as a visitor typed it.
            address: of the client.
            language: of the page. A Japanese question gets its fixed wordings; one in another language keeps its own.

        Raises:
            InvalidQuestionError: it is none, or it names a person.
            WebError: 429, the address has asked too much; 503, there is no assistant or no place.
        """
        asked = parse_question(question)
        urgent = self._triage.urgent(asked, language)
        if urgent is None:
            refuse_identifiers(asked)
            if self._stopping:
                raise WebError(RESTARTING)
            if self._notices.is_closed:
                raise WebError(CLOSED)
            assistant = self.assistant()
            self._admission.check()
            self._rate_limit.take(address)
            return Accepted(question, language, assistant)
        return Accepted(question, language, urgent=urgent)

    async def ask(
        self, accepted: Accepted, history: Sequence[Turn], gone: Callable[[], Awaitable[bool]] = never_gone
    ) -> Answer:
        """Ask in a worker thread; a question that is cancelled while it waits for its turn is never asked.

        Args:
            accepted: by `accept`.
            history: as `Assistant.ask` takes it.
            gone: whether the client has gone, where its going cancels nothing.

        Raises:
            WebError: 503, as `Admission.turn` does.
        """
        if accepted.urgent:
            return accepted.urgent
        assistant = accepted.assistant or self.assistant()

        def work(place: Place) -> Answer:
            asked = replace(assistant, reader=None) if place.is_hurried else assistant
            return asked.ask(accepted.text, history, accepted.language)

        return await self._in_turn(work, gone)

    async def near(self, text: str, retriever: HybridRetriever) -> list[Hit]:
        """Return the passages that are nearest to a text, best first; takes its turn among the questions.

        Raises:
            WebError: 503, as `Admission.turn` does.
        """
        return await self._in_turn(lambda _: retriever.search(text), never_gone)

    async def _in_turn(self, work: Callable[[Place], Result], gone: Callable[[], Awaitable[bool]]) -> Result:
        async with self._admission.turn(gone) as place:
            return await to_thread.run_sync(work, place)

    def _load(self) -> None:
        try:
            self._assistant = self._build()
            log.info("ready: index %s", self._assistant.retriever.index.version)
        except LOAD_ERRORS as error:
            self._reason = str(error)
            log.error("%s", error)
        except Exception:
            self._reason = "unexpected"
            log.exception("the assistant could not be loaded")
        finally:
            self._loaded.set()

    def _renew_and_log(self) -> None:
        self._loaded.wait()
        try:
            log.info("index %s is loaded", self.renew())
        except LOAD_ERRORS as error:
            log.error("the index could not be renewed, %s goes on: %s", self.index_version or "none", error)
        except Exception:
            log.exception("the index could not be renewed, %s goes on", self.index_version or "none")
