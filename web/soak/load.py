"""Questions in an open loop: one is sent when its time has come, whether those before it are answered, as residents do."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np

from web.admission import RUNNING, WAITING
from web.bench import QUESTIONS

HOST = "127.0.0.1"
ANSWER_TIMEOUT_S = 30.0
STREAM_TYPE = "text/event-stream"
CLIENTS = RUNNING + WAITING // 2
PROBE_EVERY_S = 0.2
# Twenty residents, one question in five seconds each, and one address that asks fifty a second (reliability T55).
RESIDENTS = tuple(f"127.0.1.{number}" for number in range(1, 21))
RESIDENTS_RATE = 4.0
FLOOD = ("127.0.2.1",)
FLOOD_RATE = 50.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What one phase gave. Times in milliseconds; None where there was nothing to time."""

    phase: str
    sent: int
    answered: int
    refused: int
    failed: int
    answers_a_second: float
    answered_p50_ms: float | None
    answered_p95_ms: float | None
    refused_p95_ms: float | None
    refused_without_retry_after: int


@dataclass(frozen=True, slots=True)
class Fairness:
    """Residents who ask now and then: alone, and while one address floods the server."""

    alone: Figures
    beside: Figures
    flood: Figures

    @property
    def slower(self) -> float:
        """How many times as long nineteen in twenty of the residents' answers take beside the flood."""
        return (self.beside.answered_p95_ms or math.inf) / (self.alone.answered_p95_ms or math.inf)


@dataclass(frozen=True, slots=True)
class Reply:
    """One request's end: status 0 where none came; `answer` only with status 200."""

    status: int
    ms: float
    has_retry_after: bool
    answer: dict[str, Any] | None = None


async def capacity(port: int, seconds: float) -> Figures:
    """Ask as fast as answers come, with as many questions at once as a busy server still takes."""
    started = time.monotonic()
    replies: list[Reply] = []

    async def client(number: int) -> None:
        while time.monotonic() < started + seconds:
            replies.append(await ask(port, QUESTIONS[(number + len(replies)) % len(QUESTIONS)]))

    await asyncio.gather(*map(client, range(CLIENTS)))
    return figures_of("capacity", replies, time.monotonic() - started)


async def load(name: str, port: int, rate: float, seconds: float, addresses: Sequence[str] = (HOST,)) -> Figures:
    """Ask at a rate for a time, from each of the addresses in turn, and wait for all that was asked."""
    started = time.monotonic()
    tasks = []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        tasks.append(asyncio.create_task(ask(port, QUESTIONS[number % len(QUESTIONS)], addresses[number % len(addresses)])))
    return figures_of(name, await asyncio.gather(*tasks), time.monotonic() - started)


async def fairness(port: int, seconds: float) -> Fairness:
    """Have residents ask alone, and then beside a flood. Addresses of this machine other than `HOST` count as clients."""
    alone = await load("residents alone", port, RESIDENTS_RATE, seconds, RESIDENTS)
    beside, flood = await asyncio.gather(
        load("residents beside a flood", port, RESIDENTS_RATE, seconds, RESIDENTS),
        load("flood", port, FLOOD_RATE, seconds, FLOOD),
    )
    return Fairness(alone, beside, flood)


def figures_of(name: str, replies: Sequence[Reply], took_s: float) -> Figures:
    """Return the figures of a phase."""
    answered = [reply for reply in replies if reply.status == 200]
    refused = [reply for reply in replies if reply.status in (429, 503)]
    times = [reply.ms for reply in answered]
    return Figures(
        phase=name,
        sent=len(replies),
        answered=len(answered),
        refused=len(refused),
        failed=len(replies) - len(answered) - len(refused),
        answers_a_second=round(len(answered) / took_s, 1),
        answered_p50_ms=_rounded(times, 50),
        answered_p95_ms=_rounded(times, 95),
        refused_p95_ms=_rounded([reply.ms for reply in refused], 95),
        refused_without_retry_after=sum(not reply.has_retry_after for reply in refused),
    )


async def ask(port: int, question: str, address: str = HOST) -> Reply:
    """Ask one question as a program does, from one of this machine's addresses."""
    started = time.monotonic()
    body = json.dumps({"question": question}).encode()
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            response = await _read_to_end(*await _send(port, "/api/ask", "application/json", body, address=address))
        head, _, text = response.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        answer = json.loads(text) if status == 200 else None
    except (OSError, TimeoutError, ValueError, IndexError):
        # Refused, too late, or broken off: none of these is an answer.
        return Reply(0, 0.0, False)
    return Reply(status, (time.monotonic() - started) * 1000, b"\r\nretry-after:" in head.lower(), answer)


async def probe_until(done: asyncio.Event, port: int) -> list[float]:
    """Ask again and again whether the server is alive; returns how many milliseconds each time took."""
    times = []
    while not done.is_set():
        started = time.monotonic()
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(f"GET /livez HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        await reader.read()
        writer.close()
        times.append((time.monotonic() - started) * 1000)
        await asyncio.sleep(PROBE_EVERY_S)
    return times


async def leave_streams(port: int, count: int) -> None:
    """Ask as the chat does, and go, at another moment each time."""
    for number in range(count):
        _, writer = await _ask_as_chat(port, number)
        await asyncio.sleep(number % 10 / 100)
        writer.close()


async def open_streams(port: int, count: int) -> list[asyncio.Task[bytes]]:
    """Ask as the chat does, so many at once; returns what will have come when each has ended."""
    streams = [await _ask_as_chat(port, number) for number in range(count)]
    return [asyncio.create_task(_read_to_end(*stream)) for stream in streams]


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _ask_as_chat(port: int, number: int) -> Stream:
    form = urlencode({"question": QUESTIONS[number % len(QUESTIONS)]}).encode()
    return await _send(port, "/", "application/x-www-form-urlencoded", form, STREAM_TYPE)


async def _read_to_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    try:
        return await reader.read()
    except OSError:
        return b""
    finally:
        writer.close()


async def _send(
    port: int, path: str, kind: str, body: bytes, accept: str = "application/json", address: str = HOST
) -> Stream:
    reader, writer = await asyncio.open_connection(HOST, port, local_addr=(address, 0))
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: {kind}\r\nAccept: {accept}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )
    await writer.drain()
    return reader, writer


def percentile(times: Sequence[float], percent: int) -> float:
    """Return a percentile of at least one value."""
    return float(np.percentile(times, percent))


def _rounded(times: Sequence[float], percent: int) -> float | None:
    return round(percentile(times, percent), 1) if times else None
