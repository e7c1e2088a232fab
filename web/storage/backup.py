"""The SQLite file copied while it is in use, checked, and put back. Knows nothing of what is in it."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

RESTORE_COMMAND = "python -m web restore FILE"
# What SQLite keeps beside a database: it belongs to that database and to no other.
BESIDE = ("-wal", "-shm")


class BackupError(Exception):
    """A copy cannot be made or is not sound; nothing has been put in its place. The message is for the operator."""


def back_up(database: Path, target: Path) -> int:
    """Copy a database, in use or not, into a new file on the disk; returns its rows.

    Rows that are acknowledged when the copy begins are in it.

    Raises:
        BackupError: there is no database, the target exists, or the copy is not sound.
    """
    if not database.is_file():
        raise BackupError(f"データベースがありません: {database}")
    if target.exists():
        raise BackupError(f"同じ名前のファイルがあります。上書きはしません: {target}")
    with _new_file(target) as copy:
        _copy(database, copy)
        return check(copy)


def restore(backup: Path, database: Path) -> Path | None:
    """Put a backup in a database's place, while no server uses it; returns where the former one was moved to, if any.

    Raises:
        BackupError: the backup is missing or not sound; the database is as it was.
    """
    check(backup)
    database.parent.mkdir(parents=True, exist_ok=True)
    kept: Path | None = None
    with _new_file(database) as copy:
        _copy(backup, copy)
        check(copy)
        if database.exists():
            kept = database.with_name(f"{database.name}.before-{dt.datetime.now():%Y%m%d-%H%M%S-%f}")
            for end in ("", *BESIDE):
                beside = database.with_name(database.name + end)
                if beside.exists():
                    beside.rename(kept.with_name(kept.name + end))
    return kept


def check(file: Path) -> int:
    """Check every page and index of a database; returns the rows of all its tables.

    Raises:
        BackupError: it is missing, damaged, or empty.
    """
    if not file.is_file():
        raise BackupError(f"ファイルがありません: {file}")
    try:
        with closing(_open(file)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            if found != ["ok"]:
                raise BackupError(f"データベースが壊れています: {file}（{found[0]}）")
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            if not tables:
                raise BackupError(f"データベースが空です: {file}")
            return sum(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables)
    except sqlite3.Error as error:
        raise BackupError(f"データベースとして読めません: {file}（{error}）") from error


@contextmanager
def _new_file(target: Path) -> Iterator[Path]:
    """Give a name beside the target, and put what was written there in its place, on the disk; remove it on an error."""
    new = target.with_name(f".{target.name}-{os.getpid()}")
    try:
        yield new
        descriptor = os.open(new, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        new.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"書き込めません: {target}（{error}）") from error
    finally:
        for end in ("", *BESIDE):
            new.with_name(new.name + end).unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    with closing(_open(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)
        # One file that needs nothing beside it; the server sets its own mode when it opens it.
        written.execute("PRAGMA journal_mode = DELETE")


def _open(file: Path) -> sqlite3.Connection:
    """Open an existing file; a missing one is an error and not a new database."""
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=rw", uri=True)
