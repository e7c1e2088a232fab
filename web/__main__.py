"""`python -m web`: the server, and `python -m web doctor`: whether it can serve."""

from __future__ import annotations

import argparse
import sys
from types import FrameType

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from assistant.contacts import load_contacts
from assistant.errors import ConfigurationError
from assistant.settings import Settings, load_settings
from assistant.wiring import build_assistant, load_index
from web.app import create_app
from web.doctor import can_serve, examine, report
from web.request_log import log_as_json
from web.service import Service
from web.staff.access import remember_peer
from web.staff.commands import add_user_command, run_user_command
from web.staff.options import keeping_options, staff_options
from web.storage.database import StorageUnavailableError, database_of
from web.storage.questions import QuestionStore

# With the rest of the stop, within the ten seconds that a supervisor waits.
GRACE_S = 8


class Server(uvicorn.Server):
    """A server that is no longer ready, and takes no more questions, from the moment that it is told to stop."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        self._service.stop()
        super().handle_exit(sig, frame)


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; returns 1 where a setting is wrong or the doctor finds something."""
    parser = argparse.ArgumentParser(prog="python -m web", description="Serve the chat, the documents and the API.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("doctor", help="check the installation, and that nothing leaves the machine while it answers")
    add_user_command(commands)
    commands.add_parser("purge", help="delete what is kept of questions for longer than is set")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
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
    log_as_json()
    try:
        app = create_app(
            lambda: build_assistant(settings),
            load_contacts(settings.contacts),
            database_of(settings),
            settings.widget_sites,
            settings.hosts,
            settings.questions_per_minute,
            staff_options(settings),
            keeping_options(settings),
            lambda: load_index(settings),
        )
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    # uvicorn types an application by its own message types, FastAPI by plain mappings.
    trusted = ProxyHeadersMiddleware(app, trusted_hosts=[str(proxy) for proxy in settings.proxies])  # type: ignore[arg-type]
    config = uvicorn.Config(
        # Whether staff come through their proxy is seen at the connection, before its headers change the address.
        remember_peer(trusted if settings.proxies else app),
        host=options.host,
        port=options.port,
        # Its access log would hold the addresses of those who ask; ours does not (`web/request_log.py`).
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    Server(config, app.state.service).run()
    return 0


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
