"""What became of each question: time, outcome, passages, duration. Its text only where the operator wants it, masked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import JSON, Date, Float, String, Text, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from assistant.answer import Language, Status
from assistant.personal_data import mask
from web.storage.audit import JAPAN, changing, utc_now
from web.storage.database import Base, Database
from web.storage.feedback import FeedbackRecord

# What is kept without its text, for the charts of a year.
KEPT_DAYS = 366


class QuestionRecord(Base):
    """What became of one question. `at` is UTC, without a zone; `text` is None where texts are not kept, or no longer."""

    __tablename__ = "question"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(index=True)
    answer_id: Mapped[str] = mapped_column(String(32), index=True)
    status: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    ms: Mapped[float] = mapped_column(Float)
    passage_ids: Mapped[list[str]] = mapped_column(JSON)
    sections: Mapped[list[str]] = mapped_column(JSON)
    index_version: Mapped[str] = mapped_column(String(64))
    approved: Mapped[bool]
    text: Mapped[str | None] = mapped_column(Text)
    handled: Mapped[bool]


class BlockedRecord(Base):
    """How many questions of a day were refused for one kind of personal data; nothing else is known of them."""

    __tablename__ = "blocked"

    day: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    count: Mapped[int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question. `text` is empty where texts are not kept."""

    answer_id: str
    status: Status
    language: Language
    ms: float
    passage_ids: tuple[str, ...]
    sections: tuple[str, ...]
    index_version: str
    approved: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """A question that wants looking at. `rated` says that its answer was found not useful."""

    id: int
    text: str
    status: Status
    rated: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of one question, as the charts have it. `day` is that of Japan."""

    day: dt.date
    status: str
    approved: bool
    sections: tuple[str, ...]


class QuestionStore:
    """The log of questions in a database. Every method raises `StorageUnavailableError` where it cannot be used."""

    def __init__(self, database: Database, now: Callable[[], dt.datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    def add(self, outcomes: Sequence[Outcome], blocked: Sequence[str]) -> None:
        """Store some outcomes, and count questions that were refused, each by its kind of personal data."""
        now = self._now()
        with self._database.session() as session:
            for one in outcomes:
                text = mask(one.text) or None
                session.add(
                    QuestionRecord(
                        at=now.replace(microsecond=0),
                        answer_id=one.answer_id,
                        status=one.status,
                        language=one.language,
                        ms=one.ms,
                        passage_ids=list(one.passage_ids),
                        sections=list(one.sections),
                        index_version=one.index_version,
                        approved=one.approved,
                        text=text,
                        handled=False,
                    )
                )
            for kind in blocked:
                found = session.get(BlockedRecord, (_japanese_day(now), kind))
                if found:
                    found.count += 1
                else:
                    session.add(BlockedRecord(day=_japanese_day(now), kind=kind, count=1))
                    session.flush()

    def open(self, limit: int) -> Sequence[Open]:
        """Return the newest questions with a text that were declined or whose answer was rated badly, and not handled."""
        badly = select(FeedbackRecord.answer_id).where(FeedbackRecord.rating == "not_useful")
        rated = QuestionRecord.answer_id.in_(badly)
        wanted = (
            select(QuestionRecord.id, QuestionRecord.text, QuestionRecord.status, rated)
            .where(QuestionRecord.text.is_not(None), QuestionRecord.handled.is_(False))
            .where(QuestionRecord.status.in_(("not_in_plan", "out_of_scope")) | rated)
            .order_by(QuestionRecord.id.desc())
            .limit(limit)
        )
        with self._database.session() as session:
            rows = session.execute(wanted).all()
        # `answer.Status` is what every writer has put into the column.
        return [Open(number, text or "", status, bool(bad)) for number, text, status, bad in rows]  # type: ignore[arg-type]

    def texts(self, numbers: Sequence[int]) -> Sequence[str]:
        """Return the different texts of some questions, the most frequent first; none of those that were kept without."""
        count = func.count().desc()
        wanted = select(QuestionRecord.text).where(QuestionRecord.id.in_(numbers), QuestionRecord.text.is_not(None))
        with self._database.session() as session:
            rows = session.scalars(wanted.group_by(QuestionRecord.text).order_by(count, QuestionRecord.text)).all()
        return [text for text in rows if text]

    def handle(self, who: str, numbers: Sequence[int]) -> None:
        """Take questions off the list of open ones."""
        with changing(self._database, who, "questions.handle", str(len(numbers))) as session:
            session.execute(update(QuestionRecord).where(QuestionRecord.id.in_(numbers)).values(handled=True))

    def since(self, days: int) -> Sequence[Asked]:
        """Return what became of the questions of the last days."""
        begin = self._now() - dt.timedelta(days=days)
        wanted = select(QuestionRecord.at, QuestionRecord.status, QuestionRecord.approved, QuestionRecord.sections)
        with self._database.session() as session:
            rows = session.execute(wanted.where(QuestionRecord.at >= begin)).all()
        return [Asked(_japanese_day(at), status, approved, tuple(sections)) for at, status, approved, sections in rows]

    def blocked_since(self, days: int) -> int:
        """Return how many questions of the last days were refused for personal data."""
        begin = _japanese_day(self._now()) - dt.timedelta(days=days)
        with self._database.session() as session:
            return session.scalar(select(func.sum(BlockedRecord.count)).where(BlockedRecord.day >= begin)) or 0

    def purge(self, text_days: int) -> tuple[int, int]:
        """Delete what is too old, also from the file's bytes: texts after `text_days`, everything after a year.

        Returns how many texts and how many questions went. A clock that was set back deletes nothing early.
        """
        now = self._now()
        with self._database.session() as session:
            old = QuestionRecord.at < now - dt.timedelta(days=text_days)
            texts = session.execute(update(QuestionRecord).where(old, QuestionRecord.text.is_not(None)).values(text=None))
            begin = now - dt.timedelta(days=KEPT_DAYS)
            rows = session.execute(delete(QuestionRecord).where(QuestionRecord.at < begin))
            session.execute(delete(FeedbackRecord).where(FeedbackRecord.given_at < begin))
            session.execute(delete(BlockedRecord).where(BlockedRecord.day < _japanese_day(begin)))
            gone = (texts.rowcount, rows.rowcount)  # type: ignore[attr-defined]
        if any(gone):
            self._database.compact()
        return gone


def _japanese_day(at: dt.datetime) -> dt.date:
    return at.replace(tzinfo=dt.UTC).astimezone(JAPAN).date()
