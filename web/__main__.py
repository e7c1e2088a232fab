"""`python -m web`: the server."""

from __future__ import annotations

import argparse
import logging
import sys

import uvicorn

from assistant.contacts import load_contacts
from assistant.errors import ConfigurationError
from assistant.settings import load_settings
from assistant.wiring import build_assistant
from web.app import create_app
from web.storage.database import Database


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; returns 1 where a setting is wrong."""
    parser = argparse.ArgumentParser(prog="python -m web", description="Serve the chat, the documents and the API.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = load_settings()
        app = create_app(
            lambda: build_assistant(settings),
            load_contacts(settings.contacts),
            Database(settings.var / "web.sqlite3"),
            settings.widget_sites,
        )
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    # No access log: it would hold the addresses of those who ask.
    uvicorn.run(
        app,
        host=options.host,
        port=options.port,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=8,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
