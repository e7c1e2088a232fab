"""`python -m web`: the server; and the commands with which an operator checks, closes, saves and restores it."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import logging
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from assistant.contacts import load_contacts
from assistant.errors import ConfigurationError
from assistant.settings import Settings, load_settings
from assistant.wiring import build_assistant, load_index, with_current_index
from web.app import create_app
from web.doctor import can_serve, examine, report
from web.http_parser import BoundedHttp
from web.instance import only_one
from web.notice import NOTICE_FILE, NoticeBoard, put_up, take_down
from web.request_log import log_as_json
from web.service import Service
from web.staff.access import remember_peer
from web.staff.commands import add_user_command, run_user_command
from web.staff.options import keeping_options, staff_options
from web.storage.backup import BackupError, back_up, restore
from web.storage.database import DATABASE_FILE, StorageUnavailableError, database_of
from web.storage.questions import QuestionStore

log = logging.getLogger("web")

# With the rest of the stop, within the ten seconds that a supervisor waits.
GRACE_S = 8
# A connection that is open and has not been read yet would be closed without a word: so long it still has its refusal.
DRAIN_S = 0.3
# From glibc's malloc.h.
_M_ARENA_MAX = -8
# How long a thread that wants the interpreter waits for the one that has it. With Python's own 5 ms answers waited for each
# other while a core was idle: 32 a second at most and 20 beside an overload, against 44 and 27 (`web.soak load`, two runs).
SWITCH_S = 0.0002


class Server(uvicorn.Server):
    """Not ready any more from the moment that it is told to stop; SIGHUP has it load the index that is current now."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until stopped."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_signal_handler(signal.SIGHUP, self._service.start_renewal)
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop: refuse from now on, and close a little later. Told so twice, close at once."""
        loop, self._loop = self._loop, None
        self._service.stop()
        if loop:
            loop.call_soon_threadsafe(loop.call_later, DRAIN_S, super().handle_exit, sig, frame)
        else:
            super().handle_exit(sig, frame)


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped, or run one command; returns 1 where a setting is wrong or the command cannot do its work."""
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings()
        if options.command == "doctor":
            findings = examine(settings)
            print(report(findings))
            return 0 if can_serve(findings) else 1
        if options.command == "user":
            code, message = run_user_command(options, settings)
            print(message, file=sys.stderr if code else sys.stdout)
            return code
        if options.command == "purge":
            return _purge(settings)
        if options.command == "notice":
            _notice(settings.var / NOTICE_FILE, options.action, options.text)
        elif options.command == "backup":
            rows = back_up(_sqlite_file(settings), options.file)
            print(f"控えを作り、壊れていないことを確かめました: {options.file}（{rows}行）")
        elif options.command == "restore":
            with only_one(settings.var):
                _restore(options.file, _sqlite_file(settings))
        else:
            with only_one(settings.var):
                _serve(settings, options.host, options.port)
    except (ConfigurationError, BackupError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m web", description="Serve the chat, the documents and the API.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("doctor", help="check the installation, and that nothing leaves the machine while it answers")
    add_user_command(commands)
    commands.add_parser("purge", help="delete what is kept of questions for longer than is set")
    notice = commands.add_parser("notice", help="close the service, or put a line above its pages, while it runs")
    notice.add_argument("action", nargs="?", choices=("on", "banner", "off"), help="on closes; without one, say what holds")
    notice.add_argument("--text", default="", help="what is said, in plain text")
    backup = commands.add_parser("backup", help="copy the database into a new file, while the server runs or not")
    backup.add_argument("file", type=Path)
    put_back = commands.add_parser("restore", help="put a backup in the database's place, while no server runs")
    put_back.add_argument("file", type=Path)
    return parser


def _serve(settings: Settings, host: str, port: int) -> None:
    # A reload that comes before the server can take it would end the process.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _keep_one_heap()
    sys.setswitchinterval(SWITCH_S)
    log_as_json()
    database = database_of(settings)
    app = create_app(
        lambda: build_assistant(settings),
        load_contacts(settings.contacts),
        database,
        widget_sites=settings.widget_sites,
        hosts=settings.hosts,
        questions_per_minute=settings.questions_per_minute,
        staff=staff_options(settings),
        keeping=keeping_options(settings),
        load_index=lambda: load_index(settings),
        notices=NoticeBoard(settings.var / NOTICE_FILE),
        renew=lambda assistant: with_current_index(assistant, settings),
    )
    try:
        database.check()
    except StorageUnavailableError as error:
        log.error("feedback cannot be stored, the rest works: %s", error)
    if settings.metrics_port:
        app.state.metrics.serve(settings.metrics_host, settings.metrics_port)
    # uvicorn types an application by its own message types, FastAPI by plain mappings.
    trusted = ProxyHeadersMiddleware(app, trusted_hosts=[str(proxy) for proxy in settings.proxies])  # type: ignore[arg-type]
    config = uvicorn.Config(
        # Whether staff come through their proxy is seen at the connection, before its headers change the address.
        remember_peer(trusted if settings.proxies else app),
        host=host,
        port=port,
        http=BoundedHttp,
        loop="uvloop",
        # Its access log would hold the addresses of those who ask; ours does not (`web/request_log.py`).
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    Server(config, app.state.service).run()


def _keep_one_heap() -> None:
    """Have glibc give all threads one heap; another C library goes on as it does.

    With a heap for each thread, the memory grew by 9 % under load, against 4 %, and no question was faster (`make soak`).
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _notice(file: Path, action: str | None, text: str) -> None:
    if action == "off":
        take_down(file)
    elif action:
        file.parent.mkdir(parents=True, exist_ok=True)
        put_up(file, "closed" if action == "on" else "banner", text)
    notice = NoticeBoard(file).current
    if notice is None:
        print("お知らせは出ていません。サービスは開いています。")
        return
    state = "サービスを閉じています" if notice.kind == "closed" else "サービスは開いています"
    print(f"お知らせを出しています（{state}。{notice.since:%Y-%m-%d %H:%M}、{notice.by}）: {notice.text}")


def _sqlite_file(settings: Settings) -> Path:
    if settings.database.get_secret_value():
        raise BackupError("PostgreSQL の控えは pg_dump で作り、pg_restore で戻してください。")
    return settings.var / DATABASE_FILE


def _restore(backup: Path, database: Path) -> None:
    kept = restore(backup, database)
    print(f"控えを戻しました: {backup}")
    if kept:
        print(f"それまでのデータベースは残してあります: {kept}")


def _purge(settings: Settings) -> int:
    database = database_of(settings)
    try:
        texts, questions = QuestionStore(database).purge(settings.log_days)
    except StorageUnavailableError as error:
        print(f"データベースを使えません: {error}", file=sys.stderr)
        return 1
    finally:
        database.close()
    print(f"質問の文章 {texts}件、記録 {questions}件を消しました。")
    return 0


if __name__ == "__main__":
    sys.exit(main())
