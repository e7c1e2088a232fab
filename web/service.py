"""The assistant as the web has it: being loaded, ready, or unavailable with a reason for the operator."""

from __future__ import annotations

import logging
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from assistant.answer import Answer, Language
from assistant.assistant import Assistant, Found, Turn
from assistant.errors import ConfigurationError, PersonalDataError
from assistant.personal_data import refuse_identifiers
from assistant.question import Question, parse_question
from assistant.retrieve import HybridRetriever
from assistant.triage import Triage
from corpus.errors import DocumentError
from corpus.model import Document
from index.errors import IndexUnavailableError, ModelError
from index.fusion import Hit
from index.search_index import SearchIndex
from web.admission import Admission, never_gone
from web.approved import ApprovedAnswers
from web.errors import CLOSED, NO_INDEX, RESTARTING, STARTING, WebError
from web.notice import NoticeBoard
from web.outcomes import OutcomeLog
from web.rate_limit import RateLimit

log = logging.getLogger("web")
Result = TypeVar("Result")
# Furigana over a whole document take as long as an answer; so many wait for theirs.
READINGS_WAITING = 8
Renew = Callable[[Assistant], Assistant]
# What keeps an assistant from being loaded, each with a message for the operator.
LOAD_ERRORS = (ConfigurationError, DocumentError, IndexUnavailableError, ModelError)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A question that may be asked. `urgent` is its answer already, which waits for nothing.

    `assistant` is the one that it is asked, whatever index is loaded meanwhile; None with an urgent answer. `asker` is whose
    place it takes, as `Admission.check` has it.
    """

    text: str
    language: Language
    assistant: Assistant | None = None
    urgent: Answer | None = None
    asker: str = ""

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
        approved: ApprovedAnswers | None = None,
        outcomes: OutcomeLog | None = None,
        *,
        approved_for_residents: bool = False,
        load_index: Callable[[], SearchIndex] | None = None,
        notices: NoticeBoard | None = None,
        renew: Renew | None = None,
    ) -> None:
        """Take the parts; nothing is loaded before `start`.

        Args:
            build: makes the assistant.
            triage: knows who is in danger.
            rate_limit: what one address may ask.
            approved: the answers that staff have approved; None where nobody is served any.
            outcomes: where the outcome of each question is kept.
            approved_for_residents: whether residents are served what was approved.
            load_index: loads the index alone, where the assistant cannot be made: documents and search live without it.
            notices: whether the service is closed.
            renew: an assistant → the same over the index that is current now; without it, `build` makes a new one.
        """
        self._build = build
        self._load_index = load_index
        self._approved = approved
        self._outcomes = outcomes
        self._approved_for_residents = approved_for_residents
        self._notices = notices or NoticeBoard()
        self._renew = renew
        self._renewing = threading.Lock()
        self.failed_loads = 0
        self._assistant: Assistant | None = None
        self._index: SearchIndex | None = None
        self._reason: str | None = None
        self._triage = triage
        self._rate_limit = rate_limit
        self._admission = Admission()
        self._readings = Admission(running=1, waiting=READINGS_WAITING)
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
        self._readings.stop()

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
            if self._approved:
                self._approved.use(renewed)
        return renewed.retriever.index.version

    def assistant(self) -> Assistant:
        """Return the assistant.

        Raises:
            WebError: 503, while it is being loaded or if it could not be.
        """
        if self._assistant is None:
            raise WebError(NO_INDEX if self._reason else STARTING)
        return self._assistant

    @property
    def answers(self) -> Assistant | None:
        """The assistant, or None while there is none."""
        return self._assistant

    def index(self) -> SearchIndex:
        """Return the index, which may be there without an assistant.

        Raises:
            WebError: 503, while it is being loaded or if it could not be.
        """
        if self._assistant is None and self._index is not None:
            return self._index
        return self.assistant().retriever.index

    def documents(self) -> list[Document]:
        """Return all documents; none while there is no index, so that pages about the service live without one."""
        try:
            return list(self.index().documents.values())
        except WebError:
            return []

    def accept(self, question: str, address: str, language: Language = "ja") -> Accepted:
        """Decide whether a question may be asked, before anything is done for it. Help in danger comes before all limits.

        Args:
            question: as a visitor typed it.
            address: of the client.
            language: of the page. A Japanese question gets its fixed wordings; one in another language keeps its own.

        Raises:
            InvalidQuestionError: it is none, or it names a person.
            WebError: 429, the address has asked too much, or waits for too many answers; 503, there is no assistant or no
                place.
        """
        asked = parse_question(question)
        urgent = self._triage.urgent(asked, language)
        if urgent is None:
            if self._stopping:
                raise WebError(RESTARTING)
            if self._notices.is_closed:
                raise WebError(CLOSED)
            assistant = self.assistant()
            asker = self._rate_limit.asker(address)
            self._admission.check(asker)
            self._refuse_identifiers(asked)
            self._rate_limit.take(address)
            return Accepted(question, language, assistant, asker=asker)
        return Accepted(question, language, urgent=urgent)

    async def ask(
        self,
        accepted: Accepted,
        history: Sequence[Turn],
        gone: Callable[[], Awaitable[bool]] = never_gone,
        *,
        by_staff: bool = False,
    ) -> Answer:
        """Ask in a worker thread; a question that is cancelled while it waits for its turn is never asked.

        Args:
            accepted: by `accept`.
            history: as `Assistant.ask` takes it.
            gone: whether the client has gone, where its going cancels nothing.
            by_staff: whether staff ask, who are served what was approved even where residents are not.

        Raises:
            WebError: 503, as `Admission.do` does.
        """
        answer = accepted.urgent
        if answer is None:
            assistant = accepted.assistant or self.assistant()
            answer = await self._admission.do(
                lambda place: self._answer(assistant, accepted, history, place.is_hurried, by_staff), gone, accepted.asker
            )
        if self._outcomes:
            self._outcomes.answered(answer, accepted.text)
        return answer

    async def find(self, text: str) -> Found:
        """Return what would answer a question and how surely, for staff; takes its turn among the questions.

        Raises:
            InvalidQuestionError: it is none, or it names a person.
            WebError: 503, as `assistant` and `Admission.do` do.
        """
        asked = refuse_identifiers(parse_question(text))
        assistant = self.assistant()
        return await self.in_turn(lambda: assistant.find(asked))

    async def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return a vector of unit length for each text; takes its turn among the questions. Raises what `near` does."""
        embeddings = self.assistant().retriever.embeddings
        return await self.in_turn(lambda: np.array([embeddings.embed_query(text) for text in texts], dtype=np.float32))

    async def near(self, text: str, retriever: HybridRetriever, address: str = "") -> list[Hit]:
        """Return the passages that are nearest to a text, best first; takes its turn among the questions.

        Args:
            text: what is looked for.
            retriever: over the index to look in.
            address: of a client who holds no more places than a question's asker may; empty for staff.

        Raises:
            WebError: 429 or 503, as `Admission.do` does.
        """
        return await self._admission.do(lambda _: retriever.search(text), never_gone, self._rate_limit.asker(address))

    async def read(
        self, work: Callable[[], Result], address: str, gone: Callable[[], Awaitable[bool]] = never_gone
    ) -> Result:
        """Do what puts furigana over much text, in a worker thread and one at a time, so that no flood of it stops the rest.

        Args:
            work: what is to be done.
            address: of the client, which holds no more places than a question's asker may.
            gone: as `ask` takes it.

        Raises:
            WebError: 429 or 503, as `Admission.do` does.
        """
        return await self._readings.do(lambda _: work(), gone, self._rate_limit.asker(address))

    def _answer(
        self, assistant: Assistant, accepted: Accepted, history: Sequence[Turn], hurried: bool, by_staff: bool
    ) -> Answer:
        asked = replace(assistant, reader=None) if hurried else assistant
        if self._approved is None or not (by_staff or self._approved_for_residents):
            return asked.ask(accepted.text, history, accepted.language)
        examined = asked.examine(accepted.text, history, accepted.language)
        return self._approved.answer(examined, assistant, accepted.language)

    def _refuse_identifiers(self, asked: Question) -> None:
        try:
            refuse_identifiers(asked)
        except PersonalDataError as error:
            if self._outcomes:
                self._outcomes.refused(error.kind)
            raise

    async def in_turn(self, work: Callable[[], Result], gone: Callable[[], Awaitable[bool]] = never_gone) -> Result:
        """Do work in a worker thread when its turn has come among the questions.

        Raises:
            WebError: 503, as `Admission.do` does.
        """
        return await self._admission.do(lambda _: work(), gone)

    def _load(self) -> None:
        try:
            self._assistant = self._build()
            # Who is told to stop while it loads begins nothing more.
            if self._approved and not self._stopping:
                self._approved.use(self._assistant)
            log.info("ready: index %s", self._assistant.retriever.index.version)
        except LOAD_ERRORS as error:
            self._reason = str(error)
            log.error("%s", error)
        except Exception:
            self._reason = "unexpected"
            log.exception("the assistant could not be loaded")
        finally:
            if self._assistant is None:
                self._load_index_alone()
            self._loaded.set()

    def _load_index_alone(self) -> None:
        if self._load_index is None:
            return
        try:
            self._index = self._load_index()
            log.warning("no answers: documents and search by words only, index %s", self._index.version)
        except (DocumentError, IndexUnavailableError) as error:
            log.error("%s", error)

    def _renew_and_log(self) -> None:
        self._loaded.wait()
        try:
            log.info("index %s is loaded", self.renew())
        except LOAD_ERRORS as error:
            log.error("the index could not be renewed, %s goes on: %s", self.index_version or "none", error)
        except Exception:
            log.exception("the index could not be renewed, %s goes on", self.index_version or "none")
