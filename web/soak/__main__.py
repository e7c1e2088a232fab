"""`python -m web.soak`: parts by name, each with a length of its own; the figures as JSON.

python -m web.soak load fairness swaps kills schema --seconds 20 --swaps 5 --kills 5
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import uvloop

from assistant.settings import Settings, load_settings
from web.soak.kills import kill_while_writing
from web.soak.load import Figures, capacity, fairness, leave_streams, load, open_streams, percentile, probe_until
from web.soak.schema import fuzz
from web.soak.server import Server, furnish, start
from web.soak.swaps import swap_under_load

LONGEST_STOP_S = 10.0
STREAMS_AT_STOP = 20
WARM_UP_S = 5.0
# How many times as many questions as can be answered.
OVERLOAD = 3.0
LONGEST_FLOOD_S = 60.0
# How many times as long residents may wait beside a flood.
MOST_SLOWER = 2.0


def main(arguments: list[str] | None = None) -> int:
    """Run the parts and print the figures; returns 1 where a part found what must not be."""
    options = _parser().parse_args(arguments)
    # Told to end, it ends the server first that it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    settings = load_settings()
    figures: dict[str, Any] = {}
    failed = []
    for name in options.parts or list(PARTS):
        with tempfile.TemporaryDirectory() as folder:
            try:
                figures[name], ok = PARTS[name](Path(folder), settings, options)
            except Exception as error:
                # Such as a server that does not start: the other parts' figures are worth having all the same.
                figures[name], ok = {"error": f"{type(error).__name__}: {error}"}, False
        if not ok:
            failed.append(name)
    figures["failed"] = failed
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    return int(bool(failed))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m web.soak")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all of them, if none is named")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each phase of the load")
    parser.add_argument("--rate", type=float, default=20.0, help="questions a second, steady")
    parser.add_argument("--disconnects", type=int, default=50)
    parser.add_argument("--swaps", type=int, default=5)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--examples", type=int, default=20, help="of requests for each address, at most")
    parser.add_argument("--schemathesis", type=Path, default=Path("var/tools/bin/schemathesis"))
    return parser


def _load(var: Path, settings: Settings, options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    furnish(var, settings)
    server = start(var)
    try:
        most = uvloop.run(capacity(server.port, max(WARM_UP_S, options.seconds / 10)))
        before = _state(server)
        steady = uvloop.run(load("steady", server.port, options.rate, options.seconds))
        uvloop.run(leave_streams(server.port, options.disconnects))
        rate = OVERLOAD * most.answers_a_second
        overload, alive_ms = uvloop.run(_overload(server.port, rate, options.seconds))
        again = uvloop.run(load("after", server.port, options.rate, options.seconds))
        after, lives = _state(server), server.lives()
        stop_s, ends = uvloop.run(_stop_with_streams(server))
    finally:
        server.kill()
    phases = (most, steady, overload, again)
    answers_a_second = most.answers_a_second or math.inf
    found = {
        "steady p95, ms": (steady.answered_p95_ms or math.inf, 300.0),
        "steady, not answered": (steady.sent - steady.answered, 0),
        "again p95, ms": (again.answered_p95_ms or math.inf, 300.0),
        "overload, answers lost of the capacity, share": (
            1 - overload.answers_a_second / answers_a_second,
            0.2,
        ),
        "overload, answers p95, ms": (overload.answered_p95_ms or math.inf, 1500.0),
        "overload, refusals p95, ms": (overload.refused_p95_ms or 0.0, 50.0),
        "overload, liveness p99, ms": (percentile(alive_ms, 99), 100.0),
        "failed": (sum(phase.failed for phase in phases), 0),
        "refused without a time to come back": (sum(phase.refused_without_retry_after for phase in phases), 0),
        "memory grown, share": (after["memory_mb"] / before["memory_mb"] - 1, 0.05),
        "stop, s": (stop_s, LONGEST_STOP_S),
        "streams that ended without a word": (ends.get("nothing", 0), 0),
    }
    goals = {
        name: {"value": round(value, 3), "at most": bound, "met": value <= bound} for name, (value, bound) in found.items()
    }
    figures = {
        "goals": goals,
        "phases": [asdict(phase) for phase in phases],
        "disconnects": options.disconnects,
        "before": before,
        "after": after,
        "streams_ended_by": ends,
    }
    return figures, lives and all(goal["met"] for goal in goals.values())


async def _overload(port: int, rate: float, seconds: float) -> tuple[Figures, list[float]]:
    """Ask at a rate; returns also how many milliseconds each question took, whether the server is alive."""
    done = asyncio.Event()
    probing = asyncio.create_task(probe_until(done, port))
    figures = await load("overload", port, rate, seconds)
    done.set()
    return figures, await probing


async def _stop_with_streams(server: Server) -> tuple[float, dict[str, int]]:
    """Stop while streams are open; returns the seconds that it took, and how many streams ended by which event."""
    streams = await open_streams(server.port, STREAMS_AT_STOP)
    stop_s = await asyncio.to_thread(server.stop)
    ends: dict[str, int] = {}
    for text in await asyncio.gather(*streams):
        # A question that came when all places were taken, or after the signal, has a refusal and no stream.
        kinds = {"done": b"event: done", "error event": b"event: error", "refusal": b"HTTP/1.1 503"}
        end = next((name for name, mark in kinds.items() if mark in text), "nothing")
        ends[end] = ends.get(end, 0) + 1
    return stop_s, ends


def _fairness(var: Path, settings: Settings, options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    furnish(var, settings)
    server = start(var)
    try:
        found = uvloop.run(fairness(server.port, min(options.seconds, LONGEST_FLOOD_S)))
        lives = server.lives()
    finally:
        server.kill()
    all_answered = found.beside.answered == found.beside.sent and not found.flood.failed
    return {"slower": round(found.slower, 2), **asdict(found)}, lives and all_answered and found.slower <= MOST_SLOWER


def _swaps(var: Path, settings: Settings, options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    furnish(var, settings)
    server = start(var)
    try:
        found = uvloop.run(swap_under_load(server, options.swaps, options.rate))
        lives = server.lives()
    finally:
        server.kill()
    return asdict(found), lives and not found.mixed and not found.load.failed


def _kills(var: Path, settings: Settings, options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    found = kill_while_writing(var, options.kills)
    return asdict(found), found.is_sound and not found.lost and not found.doubled and found.acknowledged > 0


def _schema(var: Path, settings: Settings, options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    furnish(var, settings)
    server = start(var, staff=True)
    try:
        found = fuzz(server, settings, options.schemathesis.resolve(), options.examples)
        lives = server.lives()
    finally:
        server.kill()
    return asdict(found), lives and found.passed and found.cases > 0


def _state(server: Server) -> dict[str, int]:
    return {"memory_mb": round(server.memory_mb()), "open_files": server.open_files(), "threads": server.threads()}


PARTS: dict[str, Callable[[Path, Settings, argparse.Namespace], tuple[dict[str, Any], bool]]] = {
    "load": _load,
    "fairness": _fairness,
    "swaps": _swaps,
    "kills": _kills,
    "schema": _schema,
}

if __name__ == "__main__":
    sys.exit(main())
