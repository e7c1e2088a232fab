"""Who changed what and when; written with the change itself, so that there is neither without the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from web.storage.database import Base, Database

JAPAN = ZoneInfo("Asia/Tokyo")
MAX_TARGET_CHARS = 128


class AuditRecord(Base):
    """One change. `at` is UTC, without a zone; `target` names a record, never its text."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(index=True)
    who: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    target: Mapped[str] = mapped_column(String(MAX_TARGET_CHARS))


@dataclass(frozen=True, slots=True)
class Change:
    """One change as it is shown. `at` is UTC with its zone."""

    at: dt.datetime
    who: str
    action: str
    target: str


def utc_now() -> dt.datetime:
    """Return the time as it is stored: UTC without a zone."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


@contextmanager
def changing(database: Database, who: str, action: str, target: str = "") -> Iterator[Session]:
    """Give a session for one change; the change and its record are stored together or not at all.

    Args:
        database: that holds both.
        who: an account's name, or what acted without one.
        action: a word of the program, such as `account.add`.
        target: what was changed: a name or an id.

    Raises:
        StorageUnavailableError: nothing has been changed.
    """
    with database.session() as session:
        yield session
        note(session, who, action, target)


def note(session: Session, who: str, action: str, target: str = "") -> None:
    """Record a change in a session of its own making, such as several changes at once."""
    session.add(AuditRecord(at=utc_now(), who=who, action=action, target=target[:MAX_TARGET_CHARS]))


def latest_changes(database: Database, count: int) -> Sequence[Change]:
    """Return the newest changes, newest first.

    Raises:
        StorageUnavailableError: the database cannot be read.
    """
    with database.session() as session:
        rows = session.scalars(select(AuditRecord).order_by(AuditRecord.id.desc()).limit(count))
        return [Change(row.at.replace(tzinfo=dt.UTC), row.who, row.action, row.target) for row in rows]
