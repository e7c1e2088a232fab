"""Answers that staff have approved, with the spans of the plan that they are made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal, get_args

from sqlalchemy import JSON, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from assistant.approved import ApprovedAnswer, Quote
from assistant.personal_data import mask
from web.storage.accounts import Role
from web.storage.audit import JAPAN, AuditRecord, changing, note, utc_now
from web.storage.database import Base, Database

State = Literal["active", "suspended", "withdrawn"]
STATES: tuple[State, ...] = get_args(State)
# Who is recorded where a new index made the change.
BY_INDEX = "new index"
MOVE = "answer.move"


class AnswerRecord(Base):
    """An approved answer. Times are UTC, without a zone; `index_version` is that in which its spans were last found."""

    __tablename__ = "approved_answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    question: Mapped[str] = mapped_column(Text)
    others: Mapped[list[str]] = mapped_column(JSON)
    quotes: Mapped[list[dict[str, object]]] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16))
    approved_by: Mapped[str] = mapped_column(String(64))
    approved_at: Mapped[dt.datetime]
    index_version: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), index=True)


class NoSuchAnswerError(KeyError):
    """There is no approved answer with an id."""


class AnswerStore:
    """Approved answers in a database. Every method raises `StorageUnavailableError` where it cannot be used.

    Texts are masked before they are stored. `revision` counts the changes that this process has made or seen (`look`), so
    that a copy knows its age.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.revision = 0
        self._seen = (0, 0)

    def look(self) -> None:
        """Count as one change what has been changed since the last look, by whatever server on the same database.

        A new index moves answers without changing them. The count sees a change that was given its number before the last
        one that was seen, but stored after it.
        """
        changes = AuditRecord.action.startswith("answer.") & (AuditRecord.action != MOVE)
        with self._database.session() as session:
            count, last = session.execute(select(func.count(), func.max(AuditRecord.id)).where(changes)).one()
        if (count, last or 0) != self._seen:
            self._seen = (count, last or 0)
            self.revision += 1

    def approve(self, who: str, role: Role, answer: ApprovedAnswer, index_version: str) -> int:
        """Store an answer as approved now, and return its id.

        Args:
            who: the account that approves.
            role: this account's role, which is shown with the answer; the name is not.
            answer: what is approved; its own role and date are passed over. With id 0 it is a new one, else it takes the
                place of the one with its id.
            index_version: in which its quotes have been verified.

        Raises:
            NoSuchAnswerError: the one to replace is not there.
        """
        action = "answer.change" if answer.id else "answer.approve"
        with self._database.session() as session:
            record = _existing(session, answer.id) if answer.id else AnswerRecord()
            record.question = mask(answer.question)
            record.others = [mask(other) for other in answer.others]
            record.quotes = [asdict(quote) for quote in answer.quotes]
            record.note = mask(answer.note)
            record.role, record.approved_by, record.approved_at = role, who, utc_now()
            record.index_version, record.state = index_version, "active"
            session.add(record)
            session.flush()
            number = record.id
            note(session, who, action, str(number))
        self.revision += 1
        return number

    def set_state(self, who: str, number: int, state: State) -> None:
        """Suspend, withdraw or take up again an answer.

        Raises:
            NoSuchAnswerError: it is not there.
        """
        with changing(self._database, who, f"answer.{state}", str(number)) as session:
            _existing(session, number).state = state
        self.revision += 1

    def find(self, number: int) -> tuple[ApprovedAnswer, State]:
        """Return an answer with its state.

        Raises:
            NoSuchAnswerError: it is not there.
        """
        with self._database.session() as session:
            record = _existing(session, number)
            return _answer(record), record.state  # type: ignore[return-value]

    def list(self, *states: State) -> Sequence[tuple[ApprovedAnswer, State]]:
        """Return the answers in one of the states, or all of them; the newest approval first."""
        with self._database.session() as session:
            wanted = select(AnswerRecord).where(AnswerRecord.state.in_(states or STATES))
            rows = session.scalars(wanted.order_by(AnswerRecord.approved_at.desc(), AnswerRecord.id.desc()))
            return [(_answer(row), row.state) for row in rows]  # type: ignore[misc]

    def move(
        self,
        moved: Sequence[tuple[ApprovedAnswer, Sequence[Quote]]],
        lost: Sequence[ApprovedAnswer],
        index_version: str,
    ) -> None:
        """Keep what a new index made of the answers; one that has been changed or withdrawn since it was read stays so.

        Args:
            moved: answers as they were read, with their quotes at their new spans.
            lost: answers as they were read, to suspend.
            index_version: the new index.
        """
        with self._database.session() as session:
            for answer, quotes in moved:
                if record := _unchanged(session, answer):
                    record.quotes = [asdict(quote) for quote in quotes]
                    record.index_version = index_version
                    note(session, BY_INDEX, MOVE, str(answer.id))
            for answer in lost:
                if record := _unchanged(session, answer):
                    record.state = "suspended"
                    note(session, BY_INDEX, "answer.suspended", str(answer.id))


def _existing(session: Session, number: int) -> AnswerRecord:
    record = session.get(AnswerRecord, number)
    if record is None:
        raise NoSuchAnswerError(number)
    return record


def _unchanged(session: Session, answer: ApprovedAnswer) -> AnswerRecord | None:
    record = session.get(AnswerRecord, answer.id)
    return record if record and record.state == "active" and _answer(record).quotes == answer.quotes else None


def _answer(row: AnswerRecord) -> ApprovedAnswer:
    return ApprovedAnswer(
        id=row.id,
        question=row.question,
        others=tuple(row.others),
        quotes=tuple(Quote(**quote) for quote in row.quotes),  # type: ignore[arg-type]
        note=row.note,
        role=row.role,
        on=row.approved_at.replace(tzinfo=dt.UTC).astimezone(JAPAN).date(),
    )
