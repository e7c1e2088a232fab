"""Feedback on answers, as it is stored: no question, no answer's text, nothing of the visitor."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import JSON, String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from assistant.answer import Status
from web.storage.database import Base, Database, StorageUnavailableError

Rating = Literal["useful", "not_useful"]
Reason = Literal["", "off_topic", "missing", "hard", "outdated", "other"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a visitor thinks of one answer. `key` is the same for each attempt to send it; `reason` may be empty."""

    key: str
    answer_id: str
    status: Status
    rating: Rating
    reason: Reason
    passage_ids: tuple[str, ...]
    index_version: str


class FeedbackRecord(Base):
    """A feedback in the database. `given_at` is UTC, without a zone."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    given_at: Mapped[dt.datetime] = mapped_column(index=True)
    answer_id: Mapped[str] = mapped_column(String(32), index=True)
    status: Mapped[str] = mapped_column(String(16))
    rating: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(16))
    passage_ids: Mapped[list[str]] = mapped_column(JSON)
    index_version: Mapped[str] = mapped_column(String(64))


class FeedbackStore:
    """Keeps feedback in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, feedback: Feedback) -> None:
        """Store a feedback once: when this returns, it is on the disk. One with a key that is there already is passed over.

        Raises:
            StorageUnavailableError: it has not been stored.
        """
        try:
            with self._database.session() as session:
                session.add(
                    FeedbackRecord(
                        key=feedback.key,
                        given_at=dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0),
                        answer_id=feedback.answer_id,
                        status=feedback.status,
                        rating=feedback.rating,
                        reason=feedback.reason,
                        passage_ids=list(feedback.passage_ids),
                        index_version=feedback.index_version,
                    )
                )
        except StorageUnavailableError as error:
            if not isinstance(error.__cause__, IntegrityError) or not self._has(feedback.key):
                raise

    def _has(self, key: str) -> bool:
        with self._database.session() as session:
            return session.scalar(select(FeedbackRecord.id).where(FeedbackRecord.key == key)) is not None
