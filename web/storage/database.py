"""The database: opened and brought to the newest schema when it is first needed, and again after a failure."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session

from assistant.settings import Settings
from web.storage.backup import RESTORE_COMMAND

DATABASE_FILE = "web.sqlite3"
MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 3000
CONNECT_TIMEOUT_S = 5


class Base(DeclarativeBase):
    """The base of every stored record."""


class StorageUnavailableError(Exception):
    """The database cannot be opened, read or written now. Nothing of what was asked for has been kept."""


class Database:
    """One SQLite file, or one PostgreSQL database. Safe to use from several threads; each session has its own connection.

    `place` is the file's path, or a URL of SQLAlchemy's such as `postgresql+psycopg://user:password@host/name`.
    """

    def __init__(self, place: Path | str) -> None:
        self._place = place
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give a session whose changes are on the disk when the block has ended, or not made at all.

        Raises:
            StorageUnavailableError: for whatever reason; a later call tries anew.
        """
        try:
            with Session(self._ready()) as session, session.begin():
                yield session
        except (SQLAlchemyError, CommandError, OSError, ImportError) as error:
            raise StorageUnavailableError(str(error)) from error

    def compact(self) -> None:
        """Have what was deleted gone from the file and its log as well; PostgreSQL sees to that by itself.

        Raises:
            StorageUnavailableError: it is not done; a later call tries anew.
        """
        if isinstance(self._place, str):
            return
        try:
            with self._ready().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except (SQLAlchemyError, CommandError, OSError) as error:
            raise StorageUnavailableError(str(error)) from error

    def check(self) -> None:
        """Open the file, checked and in the newest schema, or say why not.

        Raises:
            StorageUnavailableError: it cannot be used now; a later call tries anew.
        """
        with self.session():
            pass

    def close(self) -> None:
        """Close all connections; a later session opens the file again."""
        with self._lock:
            if self._engine:
                self._engine.dispose()
                self._engine = None

    def _ready(self) -> Engine:
        with self._lock:
            if self._engine is None:
                engine = _engine(self._place)
                try:
                    if isinstance(self._place, Path):
                        _check(engine, self._place)
                    _migrate(engine)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine


def database_of(settings: Settings) -> Database:
    """Return the database that is set; nothing is opened yet."""
    return Database(settings.database.get_secret_value() or settings.var / DATABASE_FILE)


def _engine(place: Path | str) -> Engine:
    # A failed statement's message goes to the log, where what was to be stored must not stand: hence `hide_parameters`.
    if isinstance(place, str):
        # A server that was restarted meanwhile is met with a new connection, not with an error.
        timeout = {"connect_timeout": CONNECT_TIMEOUT_S}
        return create_engine(place, pool_pre_ping=True, hide_parameters=True, connect_args=timeout)
    place.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{place}", hide_parameters=True)
    event.listen(engine, "connect", _make_durable)
    event.listen(engine, "begin", _begin)
    return engine


def _make_durable(connection: SQLiteConnection, _record: object) -> None:
    """Readers do not wait for a writer, a commit has reached the disk when it returns, what is deleted is overwritten."""
    # Left to itself, Python's driver begins no transaction before a CREATE TABLE: a migration could end half way.
    connection.isolation_level = None
    settings = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
    for setting in (f"busy_timeout = {BUSY_TIMEOUT_MS}", *settings):
        connection.execute(f"PRAGMA {setting}")


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN")


def _check(engine: Engine, path: Path) -> None:
    """Refuse a damaged file before anything is written to it.

    Raises:
        StorageUnavailableError: it is damaged; the message holds the command that puts a backup in its place.
    """
    with engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise StorageUnavailableError(f"データベースが壊れています: {path}（{found}）。控えを戻すには: {RESTORE_COMMAND}")


def _migrate(engine: Engine) -> None:
    config = Config()
    # Alembic reads a percent sign in a path as the start of a variable.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
