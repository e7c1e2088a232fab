"""Staff accounts and their sessions. Of a password and of a session's token only a hash is stored."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from web.storage.audit import changing, utc_now
from web.storage.database import Base, Database

Role = Literal["viewer", "editor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
# When a session was last used is written this seldom: not with every request.
TOUCH_EVERY = dt.timedelta(minutes=1)


class AccountRecord(Base):
    """An account. Without a password it can only come through the trusted proxy."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str | None] = mapped_column(String(256))
    active: Mapped[bool]
    created_at: Mapped[dt.datetime]


class SessionRecord(Base):
    """A session, known by the SHA-256 of its token. Times are UTC, without a zone."""

    __tablename__ = "session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime]


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the program has it; `password_hash` is None where there is no password."""

    name: str
    role: Role
    active: bool
    password_hash: str | None


class AccountError(ValueError):
    """An account cannot be made or changed so; the message says why, for an operator."""


class AccountStore:
    """Accounts and sessions in a database. Every method raises `StorageUnavailableError` where it cannot be used."""

    def __init__(self, database: Database, now: Callable[[], dt.datetime] = utc_now) -> None:
        self.database = database
        self._now = now

    def add(self, who: str, name: str, role: Role, password_hash: str | None) -> None:
        """Make an account.

        Raises:
            AccountError: the name cannot be one, or is taken.
        """
        if not NAME.fullmatch(name):
            raise AccountError("名前に使えるのは、英小文字、数字、. _ @ - の64文字までです。")
        with changing(self.database, who, "account.add", f"{name} {role}") as session:
            if _find(session, name):
                raise AccountError(f"同じ名前の利用者がいます: {name}")
            session.add(
                AccountRecord(name=name, role=role, password_hash=password_hash, active=True, created_at=self._now())
            )

    def list(self) -> Sequence[Account]:
        """Return all accounts by name."""
        with self.database.session() as session:
            return [_account(row) for row in session.scalars(select(AccountRecord).order_by(AccountRecord.name))]

    def find(self, name: str) -> Account | None:
        """Return an account that may be used now, or None."""
        with self.database.session() as session:
            row = _find(session, name)
            return _account(row) if row and row.active else None

    def set_active(self, who: str, name: str, active: bool) -> None:
        """Let an account be used or not; its sessions end.

        Raises:
            AccountError: there is no such account.
        """
        with changing(self.database, who, "account.enable" if active else "account.disable", name) as session:
            row = _existing(session, name)
            row.active = active
            _end_sessions(session, row)

    def set_role(self, who: str, name: str, role: Role) -> None:
        """Give an account another role; its sessions end. Raises what `set_active` does."""
        with changing(self.database, who, "account.role", f"{name} {role}") as session:
            row = _existing(session, name)
            row.role = role
            _end_sessions(session, row)

    def set_password(self, who: str, name: str, password_hash: str) -> None:
        """Give an account another password; its sessions end. Raises what `set_active` does."""
        with changing(self.database, who, "account.password", name) as session:
            row = _existing(session, name)
            row.password_hash = password_hash
            _end_sessions(session, row)

    def begin_session(self, name: str, token: str) -> None:
        """Store a session of an account that exists, and drop those that are long over."""
        now = self._now()
        with changing(self.database, name, "session.begin") as session:
            session.execute(delete(SessionRecord).where(SessionRecord.created_at < now - dt.timedelta(days=7)))
            row = _existing(session, name)
            session.add(SessionRecord(token_hash=token_hash(token), account_id=row.id, created_at=now, used_at=now))

    def end_session(self, who: str, token: str) -> None:
        """Forget a session; one that is not there is passed over."""
        with changing(self.database, who, "session.end") as session:
            session.execute(delete(SessionRecord).where(SessionRecord.token_hash == token_hash(token)))

    def of_session(self, token: str, idle: dt.timedelta, absolute: dt.timedelta) -> Account | None:
        """Return whose session a token is; None where there is none, it is too old, or the account is not active.

        Args:
            token: as the cookie has it.
            idle: how long a session may lie unused.
            absolute: how long it may last at all.
        """
        now = self._now()
        with self.database.session() as session:
            found = session.execute(
                select(SessionRecord, AccountRecord).join(AccountRecord).where(SessionRecord.token_hash == token_hash(token))
            ).one_or_none()
            if not found:
                return None
            record, account = found
            # A clock that was set back makes no session older and none younger than it is.
            over = now - record.used_at >= idle or now - record.created_at >= absolute
            if over or not account.active:
                session.delete(record)
                return None
            if now - record.used_at >= TOUCH_EVERY:
                record.used_at = now
            return _account(account)


def token_hash(token: str) -> str:
    """Return what is stored of a token. A plain hash will do: a token is random, not guessed as a password is."""
    return hashlib.sha256(token.encode()).hexdigest()


def _find(session: Session, name: str) -> AccountRecord | None:
    return session.scalar(select(AccountRecord).where(AccountRecord.name == name))


def _existing(session: Session, name: str) -> AccountRecord:
    row = _find(session, name)
    if not row:
        raise AccountError(f"利用者がいません: {name}")
    return row


def _end_sessions(session: Session, row: AccountRecord) -> None:
    session.execute(delete(SessionRecord).where(SessionRecord.account_id == row.id))


def _account(row: AccountRecord) -> Account:
    # The column holds nothing but what `Role` allows: every writer is typed.
    return Account(row.name, row.role, row.active, row.password_hash)  # type: ignore[arg-type]
