"""The assistant as the web has it: being loaded, ready, or unavailable with a reason for the operator."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from assistant.answer import Answer, Language
from assistant.assistant import Assistant, Turn
from assistant.errors import ConfigurationError
from corpus.errors import DocumentError
from corpus.model import Document
from index.errors import IndexUnavailableError, ModelError
from index.fusion import Hit
from web.errors import NO_INDEX, STARTING, WebError

log = logging.getLogger("web")
Result = TypeVar("Result")

# The model keeps all its processor threads busy for one question; a second one overlaps with the rest of the work.
QUESTIONS_AT_ONCE = 2


class Service:
    """Loads the assistant in the background, so that the server listens at once, and asks it off the event loop."""

    def __init__(self, build: Callable[[], Assistant]) -> None:
        self._build = build
        self._assistant: Assistant | None = None
        self._reason: str | None = None
        self._limit: CapacityLimiter | None = None
        self._loaded = threading.Event()

    def start(self) -> None:
        """Begin to load; returns at once."""
        threading.Thread(target=self._load, name="load-assistant", daemon=True).start()

    def wait(self, timeout_s: float) -> bool:
        """Wait until loading has ended, well or not; returns whether it has."""
        return self._loaded.wait(timeout_s)

    @property
    def ready(self) -> bool:
        """Whether questions can be answered now."""
        return self._assistant is not None

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

    async def ask(self, question: str, history: Sequence[Turn], language: Language = "ja") -> Answer:
        """Ask in a worker thread; a question that is cancelled while it waits for its turn is never asked.

        Args:
            question: as `Assistant.ask` takes it.
            history: as well.
            language: of the page. A Japanese question gets its fixed wordings; one in another language keeps its own.

        Raises:
            WebError: 503, as `assistant` does.
            InvalidQuestionError: as `Assistant.ask` does.
        """
        assistant = _speaking(self.assistant(), language)
        return await self._in_thread(lambda: assistant.ask(question, history))

    async def near(self, text: str) -> list[Hit]:
        """Return the passages that are nearest to a text, best first, found in a worker thread."""
        retriever = self.assistant().retriever
        return await self._in_thread(lambda: retriever.search(text))

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        if self._limit is None:
            self._limit = CapacityLimiter(QUESTIONS_AT_ONCE)
        return await to_thread.run_sync(work, limiter=self._limit)

    def _load(self) -> None:
        try:
            self._assistant = self._build()
            log.info("ready: index %s", self._assistant.retriever.index.version)
        except (ConfigurationError, DocumentError, IndexUnavailableError, ModelError) as error:
            self._reason = str(error)
            log.error("%s", error)
        except Exception:
            self._reason = "unexpected"
            log.exception("the assistant could not be loaded")
        finally:
            self._loaded.set()


def _speaking(assistant: Assistant, language: Language) -> Assistant:
    """The assistant as a page in another language has it. That the quotes are Japanese, such a page says itself."""
    if language == "ja":
        return assistant
    own = assistant.wordings[language]
    own = own.model_copy(update={"notice": own.notice.model_copy(update={"quoted_in_japanese": ""})})
    return replace(assistant, wordings={**assistant.wordings, "ja": own, language: own})
