"""Indices exchanged while questions come: no question fails, and no answer is made of two of them."""

from __future__ import annotations

import asyncio
import json
import signal
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from index.generation import roll_back
from web.bench import QUESTIONS
from web.soak.load import Figures, Reply, ask, figures_of
from web.soak.server import DRILL_QUESTION, Server

SWAP_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class SwapFigures:
    """How it went: `mixed` answers quote what their index has not; the median time from the signal to the first answer."""

    swaps: int
    mixed: int
    swap_p50_s: float
    memory_mb: tuple[int, int]
    load: Figures


async def swap_under_load(server: Server, swaps: int, rate: float) -> SwapFigures:
    """Go back and forth between two generations while questions are asked at a rate.

    Raises:
        TimeoutError: the server does not take an index over.
    """
    root = server.var / "index"
    done = asyncio.Event()
    asking = asyncio.create_task(_ask_until(done, server.port, rate))
    # The first exchange loads a second index beside the first: memory is compared from there on.
    times = [await _swap(server, root)]
    before = server.memory_mb()
    times += [await _swap(server, root) for _ in range(swaps - 1)]
    done.set()
    replies, took_s = await asking
    texts = {path.name: _texts(path) for path in root.iterdir() if path.is_dir() and not path.is_symlink()}
    mixed = sum(not _is_of_one_index(reply, texts) for reply in replies if reply.answer)
    memory = (round(before), round(server.memory_mb()))
    return SwapFigures(len(times), mixed, round(statistics.median(times), 2), memory, figures_of("swaps", replies, took_s))


async def _swap(server: Server, root: Path) -> float:
    wanted = await asyncio.to_thread(roll_back, root)
    started = time.monotonic()
    server.process.send_signal(signal.SIGHUP)
    while time.monotonic() < started + SWAP_TIMEOUT_S:
        reply = await ask(server.port, DRILL_QUESTION)
        if reply.answer and reply.answer["index_version"] == wanted.name:
            return time.monotonic() - started
    raise TimeoutError(f"index {wanted.name} was not taken over in {SWAP_TIMEOUT_S} s")


async def _ask_until(done: asyncio.Event, port: int, rate: float) -> tuple[list[Reply], float]:
    started, tasks = time.monotonic(), list[asyncio.Task[Reply]]()
    questions = (*QUESTIONS, DRILL_QUESTION)
    while not done.is_set():
        await asyncio.sleep(max(0.0, started + len(tasks) / rate - time.monotonic()))
        tasks.append(asyncio.create_task(ask(port, questions[len(tasks) % len(questions)])))
    return list(await asyncio.gather(*tasks)), time.monotonic() - started


def _texts(generation: Path) -> str:
    lines = (generation / "documents.jsonl").read_text(encoding="utf-8").splitlines()
    return "\0".join(json.loads(line)["text"] for line in lines)


def _is_of_one_index(reply: Reply, texts: dict[str, str]) -> bool:
    answer = reply.answer or {}
    text = texts.get(answer["index_version"], "")
    return all(citation["quote"] in text for citation in answer["citations"])
