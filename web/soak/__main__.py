"""`python -m web.soak`: parts by name, each with a length of its own; the figures as JSON.

python -m web.soak load swaps kills schema --seconds 20 --swaps 5 --kills 5
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.settings import Settings, load_settings
from web.soak.kills import kill_while_writing
from web.soak.load import leave_streams, load, open_streams
from web.soak.schema import fuzz
from web.soak.server import Server, furnish, start
from web.soak.swaps import swap_under_load

LONGEST_STOP_S = 10.0
STREAMS_AT_STOP = 20
WARM_UP_S = 5.0


def main(arguments: list[str] | None = None) -> int:
    """Run the parts and print the figures; returns 1 where a part found what must not be."""
    options = _parser().parse_args(arguments)
    settings = load_settings()
    figures: dict[str, Any] = {}
    failed = []
    for name in options.parts or list(PARTS):
        with tempfile.TemporaryDirectory() as folder:
            figures[name], ok = PARTS[name](Path(folder), settings, options)
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
    parser.add_argument("--overload", type=float, default=120.0, help="questions a second, in the overload")
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
        asyncio.run(load("warm up", server.port, options.rate, WARM_UP_S))
        before = _state(server)
        phases = [asyncio.run(load("steady", server.port, options.rate, options.seconds))]
        asyncio.run(leave_streams(server.port, options.disconnects))
        phases.append(asyncio.run(load("overload", server.port, options.overload, options.seconds)))
        phases.append(asyncio.run(load("after", server.port, options.rate, options.seconds)))
        after, lives = _state(server), server.lives()
        stop_s, ends = asyncio.run(_stop_with_streams(server))
    finally:
        server.kill()
    figures = {
        "phases": [asdict(phase) for phase in phases],
        "disconnects": options.disconnects,
        "before": before,
        "after": after,
        "stopped_in_s": round(stop_s, 1),
        "streams_ended_by": ends,
    }
    ok = lives and stop_s <= LONGEST_STOP_S and "nothing" not in ends and not any(phase.failed for phase in phases)
    return figures, ok and not any(phase.refused_without_retry_after for phase in phases)


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


def _swaps(var: Path, settings: Settings, options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    furnish(var, settings)
    server = start(var)
    try:
        found = asyncio.run(swap_under_load(server, options.swaps, options.rate))
        lives = server.lives()
    finally:
        server.kill()
    return asdict(found), lives and not found.mixed and not found.load.failed


def _kills(var: Path, settings: Settings, options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    found = kill_while_writing(var, options.kills)
    return asdict(found), found.is_sound and not found.lost and not found.doubled and found.acknowledged > 0


def _schema(var: Path, settings: Settings, options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    furnish(var, settings)
    server = start(var)
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
    "swaps": _swaps,
    "kills": _kills,
    "schema": _schema,
}

if __name__ == "__main__":
    sys.exit(main())
