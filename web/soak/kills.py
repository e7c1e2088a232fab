"""A server killed while it takes feedback: what it has acknowledged is there afterwards, once."""

from __future__ import annotations

import http.client
import random
import sqlite3
import threading
import time
import uuid
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from web.soak.server import start
from web.storage.database import DATABASE_FILE

WRITERS = 4
LONGEST_ROUND_S = 1.2
LONGEST_WAIT_S = 30.0
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class KillFigures:
    """How it went. Rows that are there without an acknowledgement are no loss: the kill came between both."""

    rounds: int
    acknowledged: int
    lost: int
    doubled: int
    is_sound: bool


def kill_while_writing(var: Path, rounds: int) -> KillFigures:
    """Start a server, write, kill it at a random moment; so many times over the same database, which is then compared."""
    chance = random.Random(0)
    acknowledged: list[str] = []
    for _ in range(rounds):
        server = start(var, ready=False)
        writers = [threading.Thread(target=_write, args=(server.port, acknowledged)) for _ in range(WRITERS)]
        before, until = len(acknowledged), time.monotonic() + LONGEST_WAIT_S
        for writer in writers:
            writer.start()
        # A round in which nothing was acknowledged ends as well, such as on a full disk.
        while len(acknowledged) == before and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(chance.uniform(0.0, LONGEST_ROUND_S))
        server.kill()
        for writer in writers:
            writer.join()
    with closing(sqlite3.connect(var / DATABASE_FILE)) as database:
        is_sound = database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        kept = [row[0] for row in database.execute("SELECT key FROM feedback")]
    lost = len(set(acknowledged) - set(kept))
    return KillFigures(rounds, len(acknowledged), lost, len(kept) - len(set(kept)), is_sound)


def _write(port: int, acknowledged: list[str]) -> None:
    """Send feedback until the server has gone, and note the key of each that it says it has."""
    fixed = {"answer_id": "a" * 32, "status": "answered", "rating": "useful", "index_version": "soak"}
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with closing(client):
        while True:
            key = uuid.uuid4().hex
            try:
                client.request("POST", "/feedback", urlencode({"key": key, **fixed}), {"Content-Type": FORM})
                response = client.getresponse()
                response.read()
            except (OSError, http.client.HTTPException):
                return
            if response.status == 201:
                acknowledged.append(key)
