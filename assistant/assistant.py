"""`Assistant.ask`: question → answer. One of the two functions that are the product; the same for every way of asking."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from assistant.answer import Answer, Citation, Language, Status
from assistant.asked import compares
from assistant.calibration import Calibration
from assistant.compose import Candidate, Pick, asked_for_first, choose, rank_sentences
from assistant.contacts import Contacts
from assistant.decide import Signs, probability_of, read_signs
from assistant.errors import InvalidQuestionError
from assistant.language import detect_language, spoken_language
from assistant.personal_data import refuse_identifiers
from assistant.question import MAX_TURNS, Question, parse_question
from assistant.reader import Reader
from assistant.retrieve import HybridRetriever
from assistant.route import Router
from assistant.suggest import suggest
from assistant.topic import terms_meant
from assistant.understand import Query, Understanding
from assistant.verify import cite, text_of
from assistant.wordings import Wordings
from index.fusion import Hit

# The reader's log odds from which on its words are marked. In all 30 calibration cases beyond 7.5 they hold all facts that
# are asked for, in 95 % of the 40 beyond 7, in 89 % of the 76 beyond 6.
SURE_OF_SPAN = 7.5
# Longer words are no short answer: the whole sentence reads better.
MAX_SHORT_ANSWER_CHARS = 40


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier turn of a conversation; only the user's are read."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found for a question: the sentences that would answer it, best first, and whether they would.

    `ranked` has all sentences that `picks` was chosen from, best first. `probability` is calibrated, 0 to 1, and
    `is_answered` says whether it is enough, `is_sure` whether it is so without a word of caution; it is 0 with nothing
    picked, and then `signs` is None.
    """

    query: Query
    hits: Sequence[Hit]
    ranked: Sequence[Pick]
    picks: Sequence[Pick]
    signs: Signs | None
    probability: float
    is_answered: bool
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Examined:
    """An answer with what it was decided on; `found` is None for a question that was routed and not searched for."""

    answer: Answer
    found: Found | None


def today_in_japan() -> dt.date:
    """Return today's date where the plan is in force."""
    return dt.datetime.now(ZoneInfo("Asia/Tokyo")).date()


@dataclass(frozen=True, slots=True)
class Assistant:
    """Everything that a question needs, put together by `wiring.build_assistant`. Safe to use from several threads."""

    router: Router
    understanding: Understanding
    retriever: HybridRetriever
    contacts: Contacts
    wordings: Mapping[Language, Wordings]
    calibration: Calibration
    reader: Reader | None = None
    today: Callable[[], dt.date] = today_in_japan

    def ask(self, question: str, history: Sequence[Turn] = (), page: Language = "ja") -> Answer:
        """Answer one question from the documents, or say honestly why not.

        Args:
            question: as a visitor typed it.
            history: the turns before, oldest first.
            page: the language of the page that it is for: that of the fixed wordings for a Japanese question, while a
                question in another language gets its own.

        Raises:
            InvalidQuestionError: the question is empty, too long or no text, or names a person (`PersonalDataError`).
        """
        return self.examine(question, history, page).answer

    def examine(self, question: str, history: Sequence[Turn] = (), page: Language = "ja") -> Examined:
        """Answer one question, and return what was found for it beside the answer. Raises what `ask` does."""
        started = time.perf_counter()
        asked = parse_question(question)
        route = self.router.route(asked)
        # Who is in danger is helped, whatever else stands in the question.
        if route != "urgent":
            refuse_identifiers(asked)
        if route:
            return Examined(self._without_evidence(route, detect_language(asked.text), page, (), started), None)
        found = self.find(asked, _earlier_questions(history))
        if not found.is_answered:
            declined = self._without_evidence("not_in_plan", found.query.language, page, found.hits, started)
            return Examined(declined, found)
        return Examined(self._answer(found, page, started), found)

    def find(self, question: Question, earlier: Sequence[Question] = ()) -> Found:
        """Return what would be answered, and how likely it is right, before that is decided."""
        query = self.understanding.understand(question, earlier)
        hits = self.retriever.search(query.text, query.extra_terms)
        ranked = asked_for_first(query, rank_sentences(query, hits, self.reader, self.calibration))
        picks = choose(ranked, self.calibration)
        if not picks:
            return Found(query, hits, ranked, picks, None, 0.0, is_answered=False, is_sure=False)
        signs = read_signs(query, picks, ranked, hits, self.retriever.index)
        weights = self.calibration.weights(read=picks[0].candidate.reading is not None)
        probability = probability_of(query, picks, signs, weights.answer, self.retriever.index)
        is_answered, is_sure = probability >= weights.threshold, probability >= weights.sure
        return Found(query, hits, ranked, picks, signs, probability, is_answered, is_sure)

    def _answer(self, found: Found, page: Language, started: float) -> Answer:
        query, picks = found.query, found.picks
        sentences, citations = cite(picks, self.retriever.index.documents)
        spoken = spoken_language(query.language, page)
        wordings = self.wordings[spoken]
        return Answer(
            id=uuid.uuid4().hex,
            status="answered",
            language=query.language,
            text=text_of(sentences),
            short_answer=_short_answer(query, picks[0].candidate) if found.is_sure else None,
            sentences=tuple(sentences),
            citations=tuple(citations),
            caution=None if found.is_sure else wordings.notice.unsure,
            notice=self.notice(citations, spoken, page),
            suggestions=suggest(found.hits, {citation.section for citation in citations}, wordings.suggestion.about),
            index_version=self.retriever.index.version,
            elapsed_ms=_elapsed_ms(started),
        )

    def _without_evidence(
        self, status: Status, language: Language, page: Language, hits: Sequence[Hit], started: float
    ) -> Answer:
        wordings = self.wordings[spoken_language(language, page)]
        return Answer(
            id=uuid.uuid4().hex,
            status=status,
            language=language,
            text=getattr(wordings.status, status),
            contact=self.contacts.for_status(status),
            suggestions=suggest(hits, (), wordings.suggestion.about),
            index_version=self.retriever.index.version,
            elapsed_ms=_elapsed_ms(started),
        )

    def notice(self, citations: Sequence[Citation], language: Language, page: Language) -> str | None:
        """Return what a reader must know beside the quotes.

        Their language, whether a plan is in force, a broken source. That quotes are in Japanese, a page in another language
        says itself.
        """
        wordings = self.wordings[language]
        notices = [wordings.notice.quoted_in_japanese] if language != page else []
        today = self.today()
        for name in dict.fromkeys(citation.document for citation in citations):
            info = self.retriever.index.documents[name].info
            if info.valid_to and today > info.valid_to:
                notices.append(wordings.notice.expired.format(title=info.title, valid_to=wordings.date(info.valid_to)))
            if info.valid_from and today < info.valid_from:
                begin = wordings.date(info.valid_from)
                notices.append(wordings.notice.not_yet_valid.format(title=info.title, valid_from=begin))
            quotes = [citation.quote for citation in citations if citation.document == name]
            if any(quote.endswith(gap.after) for quote in quotes for gap in info.gaps):
                notices.append(wordings.notice.gap)
        return ("" if language in ("ja", "zh") else " ").join(filter(None, notices)) or None


def _earlier_questions(history: Sequence[Turn]) -> list[Question]:
    """The user's earlier turns that are questions, oldest first; one that is none is passed over."""
    earlier = []
    for turn in history[-MAX_TURNS:]:
        if turn.role == "user":
            try:
                earlier.append(refuse_identifiers(parse_question(turn.content)))
            except InvalidQuestionError:
                continue
    return earlier


def _short_answer(query: Query, best: Candidate) -> str | None:
    """The words of the best sentence that answer by themselves.

    What was asked for by its form (a date, a number, a name, an address), else what the reader is sure of; but no words
    tell the meaning of two terms (「自助・共助って何ですか」), nor how two things differ.
    """
    text = best.sentence.text
    if len(terms_meant(query.question.text)) > 1 or compares(query.question.text):
        return None
    if best.value and query.asked.has_short_answer:
        return text[slice(*best.value)]
    if best.reading and best.reading.span_odds > SURE_OF_SPAN:
        words = text[slice(*best.reading.span)]
        return words if len(words) <= MAX_SHORT_ANSWER_CHARS and len(words) < len(text) else None
    return None


def _elapsed_ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
