"""How many questions are worked on and how many may wait; what is beyond that is refused at once, in a few milliseconds."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import anyio

from web.errors import BUSY, RESTARTING, TIMED_OUT, TOO_MANY_AT_ONCE, WebError

Result = TypeVar("Result")
# The model keeps all its processor threads busy for one question; a second one overlaps with the rest of the work.
RUNNING = 2
WAITING = 16
# Of those that wait, so many for each that runs are handed to its thread already: under load the thread would stand idle
# until the event loop comes round (of three times as many questions as can be answered 65–69 % were, without it 59–62 %).
AHEAD = 1
# How far the threads step back behind the event loop, where the system has niceness by thread (Linux): of three times as
# many questions as can be answered, refusals came after 53–62 instead of 81–124 ms, and more answers (`web.soak load`).
NICENESS = 5
# Whoever has waited this long has gone or will ask again; an answer then would only make the next one late.
PATIENCE_S = 8.0
# One address may hold so many of the places: a flood leaves room for all others, and an office's address is many people's.
PLACES_OF_ONE = 6
# From so many that wait, or so long a wait, the dearest step of an answer is left out: of three questions a second from
# hardly any, of twenty from three in five, so that nineteen in twenty have their answer within 0.3 s (`make soak`).
HURRIED_WAITING = 1
HURRIED_AFTER_S = 0.2


@dataclass(frozen=True, slots=True)
class Place:
    """How things stand when a question is begun: how many wait behind it, and how long it has waited."""

    waiting: int
    waited_s: float

    @property
    def is_hurried(self) -> bool:
        """Whether a quick answer is worth more now than the best one."""
        return self.waiting >= HURRIED_WAITING or self.waited_s >= HURRIED_AFTER_S


async def never_gone() -> bool:
    """Say that the client is there, for callers that are cancelled when it goes."""
    return False


class Admission:
    """Places for questions, given in the order of asking, and threads that work on them. For one event loop."""

    def __init__(self, running: int = RUNNING, waiting: int = WAITING, patience_s: float = PATIENCE_S) -> None:
        self._places = running + waiting
        self._running = running
        self._patience_s = patience_s
        self._threads = ThreadPoolExecutor(running, thread_name_prefix="answers", initializer=_step_back)
        self._taken = 0
        self._taken_by: Counter[str] = Counter()
        self._limiter: anyio.CapacityLimiter | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False
        self._waits: set[anyio.CancelScope] = set()

    @property
    def taken(self) -> int:
        """How many questions run or wait now."""
        return self._taken

    def check(self, asker: str = "") -> None:
        """Do nothing while there is a place.

        Args:
            asker: who shares `PLACES_OF_ONE`; empty for who shares only all places.

        Raises:
            WebError: 503, all places are taken; 429, the asker holds too many.
        """
        if self._taken >= self._places:
            raise WebError(BUSY)
        if asker and self._taken_by[asker] >= PLACES_OF_ONE:
            raise WebError(TOO_MANY_AT_ONCE)

    def stop(self) -> None:
        """Give up all that wait, and let none wait any more; what runs goes on. May be called by a signal's handler."""
        self._stopping = True
        if self._loop:
            self._loop.call_soon_threadsafe(self._give_up)

    def _give_up(self) -> None:
        for wait in self._waits:
            wait.cancel()

    async def do(
        self, work: Callable[[Place], Result], gone: Callable[[], Awaitable[bool]] = never_gone, asker: str = ""
    ) -> Result:
        """Do work in a worker thread when its turn has come. What is cancelled before is never done; what runs is finished.

        Args:
            work: what is to be done; it is told how things stand when it begins.
            gone: whether the client has gone; asked when the turn has come, so that nobody's question is not worked on.
            asker: as `check` takes it.

        Raises:
            WebError: 503, there is no place, or the turn did not come in time, or there is nobody to answer, or the server
                stops; 429, the asker holds too many places.
        """
        self.check(asker)
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._running * (1 + AHEAD))
            self._loop = asyncio.get_running_loop()
        borrower = object()
        began = time.monotonic()
        self._taken += 1
        self._taken_by[asker] += 1
        try:
            await self._wait(self._limiter, borrower)
            try:
                if await gone():
                    raise WebError(TIMED_OUT)
                return await self._done(self._threads.submit(lambda: work(self._place(began))))
            finally:
                self._limiter.release_on_behalf_of(borrower)
        finally:
            self._taken -= 1
            self._taken_by[asker] -= 1
            if not self._taken_by[asker]:
                del self._taken_by[asker]

    @staticmethod
    async def _done(job: Future[Result]) -> Result:
        """What a thread has made of a job; one whose asker goes before it is begun is taken from the thread."""
        done = asyncio.wrap_future(job)
        try:
            await asyncio.wait([done])
        except asyncio.CancelledError:
            if not job.cancel():
                # Its place stays taken until it has ended.
                with anyio.CancelScope(shield=True):
                    await asyncio.wait([done])
            raise
        return done.result()

    def _place(self, began: float) -> Place:
        return Place(max(0, self._taken - self._running), time.monotonic() - began)

    async def _wait(self, limiter: anyio.CapacityLimiter, borrower: object) -> None:
        if self._stopping:
            raise WebError(RESTARTING)
        with anyio.move_on_after(self._patience_s) as wait:
            self._waits.add(wait)
            try:
                await limiter.acquire_on_behalf_of(borrower)
                return
            finally:
                self._waits.discard(wait)
        raise WebError(RESTARTING if self._stopping else TIMED_OUT)


def _step_back() -> None:
    # Elsewhere it would be the whole process, or there is no such call.
    if sys.platform == "linux":
        with suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS)
