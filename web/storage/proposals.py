"""What editors made of questions for the reviewed files: synonyms and evaluation cases, kept until they are taken over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal

from sqlalchemy import JSON, String, select
from sqlalchemy.orm import Mapped, mapped_column

from web.storage.audit import changing, utc_now
from web.storage.database import Base, Database

Kind = Literal["synonym", "case"]


class ProposalRecord(Base):
    """One proposal. `content` is what its line in the reviewed file will say."""

    __tablename__ = "proposal"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), index=True)
    content: Mapped[dict[str, object]] = mapped_column(JSON)
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[dt.datetime]


class ProposalStore:
    """Proposals in a database. Every method raises `StorageUnavailableError` where it cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, who: str, kind: Kind, content: Mapping[str, object]) -> None:
        """Store a proposal; its texts have been masked."""
        with changing(self._database, who, f"proposal.{kind}") as session:
            session.add(ProposalRecord(kind=kind, content=dict(content), made_by=who, made_at=utc_now()))

    def list(self, kind: Kind) -> Sequence[tuple[int, Mapping[str, object]]]:
        """Return ids and contents of all proposals of a kind, oldest first."""
        with self._database.session() as session:
            rows = session.scalars(select(ProposalRecord).where(ProposalRecord.kind == kind).order_by(ProposalRecord.id))
            return [(row.id, row.content) for row in rows]

    def drop(self, who: str, number: int) -> None:
        """Delete a proposal that is in the reviewed file by now, or is not wanted; one that is gone is passed over."""
        with changing(self._database, who, "proposal.drop", str(number)) as session:
            row = session.get(ProposalRecord, number)
            if row:
                session.delete(row)
