"""`python -m web.soak`: load, overload and streams that are left, against a server of its own; the figures as JSON.

Open loop: a question is sent when its time has come, whether those before it are answered or not, as residents do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from web.bench import QUESTIONS, free_port, wait_until_ready

HOST = "127.0.0.1"
ANSWER_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What one phase gave. Times in milliseconds; None where there was nothing to time."""

    phase: str
    sent: int
    answered: int
    refused: int
    failed: int
    answers_a_second: float
    answered_p95_ms: float | None
    refused_p95_ms: float | None
    refused_without_retry_after: int


@dataclass(frozen=True, slots=True)
class Reply:
    """One request's end: status 0 where none came."""

    status: int
    ms: float
    has_retry_after: bool


def main(arguments: list[str] | None = None) -> int:
    """Run all phases and print the figures; returns 1 where an answer failed or the server did not stop in ten seconds."""
    parser = argparse.ArgumentParser(prog="python -m web.soak")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each phase")
    parser.add_argument("--rate", type=float, default=20.0, help="questions a second, steady")
    parser.add_argument("--overload", type=float, default=120.0, help="questions a second, in the overload")
    parser.add_argument("--disconnects", type=int, default=50)
    options = parser.parse_args(arguments)
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "web", "--port", str(port)], stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(port)
        before_mb = _memory_mb(server.pid)
        phases = [asyncio.run(_phase("steady", port, options.rate, options.seconds))]
        asyncio.run(_leave_streams(port, options.disconnects))
        phases.append(asyncio.run(_phase("overload", port, options.overload, options.seconds)))
        phases.append(asyncio.run(_phase("after", port, options.rate, options.seconds)))
        after_mb = _memory_mb(server.pid)
        lives = server.poll() is None
    finally:
        started = time.monotonic()
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)
        stop_s = time.monotonic() - started
    figures = {
        "phases": [asdict(phase) for phase in phases],
        "disconnects": options.disconnects,
        "memory_mb": [round(before_mb), round(after_mb)],
        "stopped_in_s": round(stop_s, 1),
        "same_process": lives,
    }
    print(json.dumps(figures, indent=1))
    return int(not lives or stop_s > 10 or any(phase.failed for phase in phases))


async def _phase(name: str, port: int, rate: float, seconds: float) -> Figures:
    started = time.monotonic()
    tasks = []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        tasks.append(asyncio.create_task(_ask(port, QUESTIONS[number % len(QUESTIONS)])))
    replies = await asyncio.gather(*tasks)
    took = time.monotonic() - started
    answered = [reply for reply in replies if reply.status == 200]
    refused = [reply for reply in replies if reply.status in (429, 503)]
    return Figures(
        phase=name,
        sent=len(replies),
        answered=len(answered),
        refused=len(refused),
        failed=len(replies) - len(answered) - len(refused),
        answers_a_second=round(len(answered) / took, 1),
        answered_p95_ms=_p95([reply.ms for reply in answered]),
        refused_p95_ms=_p95([reply.ms for reply in refused]),
        refused_without_retry_after=sum(not reply.has_retry_after for reply in refused),
    )


async def _ask(port: int, question: str) -> Reply:
    started = time.monotonic()
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            head = await _send(port, question, "application/json")
    except (OSError, TimeoutError):
        return Reply(0, 0.0, False)
    status = int(head.split(b" ", 2)[1]) if head else 0
    return Reply(status, (time.monotonic() - started) * 1000, b"\r\nretry-after:" in head.lower())


async def _leave_streams(port: int, count: int) -> None:
    """Ask for events and go, at another moment each time."""
    for number in range(count):
        await _send(port, QUESTIONS[number % len(QUESTIONS)], "text/event-stream", leave_after_s=number % 10 / 200)


async def _send(port: int, question: str, accept: str, leave_after_s: float | None = None) -> bytes:
    """Send one question; returns the head of the response, nothing where the client left."""
    body = json.dumps({"question": question}).encode()
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(
            f"POST /api/ask HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nAccept: {accept}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()
        if leave_after_s is not None:
            await asyncio.sleep(leave_after_s)
            return b""
        return (await reader.read()).partition(b"\r\n\r\n")[0]
    finally:
        writer.close()


def _p95(times: list[float]) -> float | None:
    if len(times) < 2:
        return round(times[0], 1) if times else None
    return round(statistics.quantiles(times, n=20)[-1], 1)


def _memory_mb(pid: int) -> float:
    """What the process holds in memory now, as Linux counts it."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    sys.exit(main())
