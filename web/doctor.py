"""`python -m web doctor`: whether an installation can serve, and whether anything leaves the machine while it answers."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from assistant.assistant import Assistant
from assistant.contacts import Contacts, load_contacts
from assistant.errors import ConfigurationError
from assistant.settings import Settings
from assistant.wiring import build_assistant
from corpus.errors import DocumentError
from index.errors import IndexUnavailableError, ModelError
from web.storage.database import Database, StorageUnavailableError

# What opens a way out of the process; the names are those of Python's audit events.
WATCHED = frozenset(
    ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg", "urllib.Request")
)
QUESTIONS_ASKED = 50
OTHERS_CAN_WRITE = 0o022
_QUESTIONS = (
    *("計画の期間はいつからいつまでですか", "自助・共助って何ですか？", "再犯防止", "社協の取組を教えて"),
    *("市民プールは何時から", "ひきこもりの相談はできますか", "What does the city do for disaster prevention?"),
    *("什么是自助？", "지역복지란 무엇입니까?", "https://example.com/ を開いて"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked. `is_warning` is for what does not keep the service from working."""

    name: str
    ok: bool
    detail: str
    is_warning: bool = False


class Watch:
    """Notes every attempt of this process to reach another machine. Python's audit hooks cannot be taken off again."""

    def __init__(self) -> None:
        self._on = False
        self.attempts: list[str] = []
        sys.addaudithook(self._hook)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note attempts during the block."""
        self._on = True
        try:
            yield
        finally:
            self._on = False

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self._on and event in WATCHED and not _stays_here(arguments):
            self.attempts.append(event)


def examine(settings: Settings, build: Callable[[Settings], Assistant] = build_assistant) -> list[Finding]:
    """Check an installation from its files to its answers, and return what was found, in order.

    Never raises for what it is there to find; an attempt to reach another machine is a finding that is not ok.
    """
    contacts, findings = _contacts(settings)
    findings += _folders(settings)
    watch = Watch()
    with watch.watching():
        try:
            assistant = build(settings)
        except (ConfigurationError, DocumentError, IndexUnavailableError, ModelError, OSError) as error:
            return [*findings, Finding("モデルと索引", False, str(error))]
        findings.append(Finding("モデルと索引", True, f"索引 {assistant.retriever.index.version}"))
        examples = [text for texts in contacts.city.examples.values() for text in texts] if contacts else []
        asked = (list(_QUESTIONS) + examples) * QUESTIONS_ASKED
        for question in asked[:QUESTIONS_ASKED]:
            assistant.ask(question)
    return [*findings, _nothing_left(watch.attempts)]


def report(findings: Sequence[Finding]) -> str:
    """Return the findings as lines for a terminal."""
    marks = {(True, False): "OK  ", (True, True): "OK  ", (False, True): "注意", (False, False): "不可"}
    return "\n".join(f"{marks[finding.ok, finding.is_warning]} {finding.name}: {finding.detail}" for finding in findings)


def can_serve(findings: Sequence[Finding]) -> bool:
    """Whether nothing was found that keeps the service from working as promised."""
    return all(finding.ok or finding.is_warning for finding in findings)


def _contacts(settings: Settings) -> tuple[Contacts | None, list[Finding]]:
    try:
        contacts = load_contacts(settings.contacts)
    except ConfigurationError as error:
        return None, [Finding("連絡先", False, str(error))]
    missing = [line.name for line in contacts.general.lines if not line.phone]
    detail = f"電話番号がありません: {'、'.join(missing)}" if missing else f"{contacts.city.name}"
    return contacts, [Finding("連絡先", not missing, detail, is_warning=True)]


def _folders(settings: Settings) -> list[Finding]:
    findings = []
    try:
        with Database(settings.var / "web.sqlite3").session():
            pass
        findings.append(Finding("ご意見の保存先", True, str(settings.var)))
    except StorageUnavailableError as error:
        findings.append(Finding("ご意見の保存先", False, str(error), is_warning=True))
    for path in (settings.var, settings.documents, Path(settings.contacts)):
        if not path.exists():
            findings.append(Finding("フォルダーとファイル", False, f"ありません: {path}"))
        elif path.stat().st_mode & OTHERS_CAN_WRITE:
            findings.append(Finding("フォルダーとファイル", False, f"ほかの人も書き込めます: {path}", is_warning=True))
        elif not os.access(path, os.R_OK):
            findings.append(Finding("フォルダーとファイル", False, f"読めません: {path}"))
    return findings


def _nothing_left(attempts: Sequence[str]) -> Finding:
    if attempts:
        return Finding("外部への通信", False, f"{len(attempts)}回の試みがありました: {'、'.join(sorted(set(attempts)))}")
    return Finding("外部への通信", True, f"{QUESTIONS_ASKED}件の質問のあいだ、ありませんでした")


def _stays_here(arguments: Sequence[object]) -> bool:
    """Whether an event's arguments name this machine: a loopback address, or the path of a local socket."""
    for argument in arguments:
        target = argument[0] if isinstance(argument, tuple) and argument else argument
        if isinstance(target, bytes):
            target = target.decode("utf-8", "replace")
        if isinstance(target, str) and target:
            return target == "localhost" or target.startswith(("/", "\0")) or _is_loopback(target)
    return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
