"""The assistant as the web has it: being loaded, ready, or unavailable with a reason for the operator."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from anyio import CapacityLimiter, to_thread

from assistant.answer import Answer
from assistant.assistant import Assistant, Turn
from assistant.errors import ConfigurationError
from corpus.errors import DocumentError
from index.errors import IndexUnavailableError, ModelError
from web.errors import NO_INDEX, STARTING, WebError

log = logging.getLogger("web")

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

    async def ask(self, question: str, history: Sequence[Turn]) -> Answer:
        """Ask in a worker thread.

        Raises:
            WebError: 503, as `assistant` does.
            InvalidQuestionError: as `Assistant.ask` does.
        """
        assistant = self.assistant()
        if self._limit is None:
            self._limit = CapacityLimiter(QUESTIONS_AT_ONCE)
        return await to_thread.run_sync(assistant.ask, question, history, limiter=self._limit)

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
