"""The operator's notice: a line above every page, or the whole service closed with whom to call. Set while it runs."""

from __future__ import annotations

import datetime as dt
import getpass
import logging
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.errors import ConfigurationError

log = logging.getLogger("web")

NOTICE_FILE = "notice.json"
MAX_CHARS = 400


class Notice(BaseModel):
    """What is said, and since when and by whom. `closed` stops all answers; a `banner` only stands above the pages."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["closed", "banner"]
    text: str = Field("", max_length=MAX_CHARS)
    since: dt.datetime
    by: str


class NoticeBoard:
    """The notice in a file, read again when it has changed. Without a file's path there never is one.

    A file that cannot be read changes nothing: what was known before goes on.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._notice: Notice | None = None

    @property
    def current(self) -> Notice | None:
        """The notice that holds now; None for none."""
        if self._path:
            seen = _stamp(self._path)
            if seen != self._seen:
                self._read(self._path, seen)
        return self._notice

    @property
    def is_closed(self) -> bool:
        """Whether the service is closed now."""
        notice = self.current
        return notice is not None and notice.kind == "closed"

    def _read(self, path: Path, seen: tuple[int, int, int] | None) -> None:
        self._seen = seen
        try:
            self._notice = Notice.model_validate_json(path.read_bytes()) if seen else None
        except (OSError, ValidationError):
            log.exception("the notice cannot be read; what held before goes on")
            return
        if self._notice:
            log.warning("notice %s since %s by %s", self._notice.kind, self._notice.since.isoformat(), self._notice.by)
        else:
            log.warning("notice taken down")


def put_up(path: Path, kind: Literal["closed", "banner"], text: str, by: str | None = None) -> Notice:
    """Put a notice up, in one step: a server sees the old one or this one.

    Args:
        path: of the file.
        kind: whether the service is closed with it.
        text: plain text; with none, the pages say only that the service is closed.
        by: who does it; the name of the user of this process if not given.

    Raises:
        ConfigurationError: the text is too long, or a banner says nothing, or the file cannot be written.
    """
    if kind == "banner" and not text.strip():
        raise ConfigurationError("お知らせの文を --text で指定してください。")
    if len(text) > MAX_CHARS:
        raise ConfigurationError(f"お知らせは{MAX_CHARS}文字までです。")
    notice = Notice(kind=kind, text=text.strip(), since=dt.datetime.now().astimezone(), by=by or _user())
    new = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        new.write_text(notice.model_dump_json(indent=1), encoding="utf-8")
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise ConfigurationError(
            f"お知らせを書けません（{error.strerror}）: {path}\n急いで閉じるには、サーバーを止めてください。"
        ) from error
    return notice


def take_down(path: Path) -> None:
    """Take the notice down, if there is one."""
    path.unlink(missing_ok=True)


def _user() -> str:
    """Who is at the command line; behind sudo, who called it."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes whenever the file does; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
