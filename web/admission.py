"""How many questions are worked on and how many may wait; what is beyond that is refused at once, in a few milliseconds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio

from web.errors import BUSY, TIMED_OUT, WebError

# The model keeps all its processor threads busy for one question; a second one overlaps with the rest of the work.
RUNNING = 2
WAITING = 16
# Whoever has waited this long has gone or will ask again; an answer then would only make the next one late.
PATIENCE_S = 8.0


async def never_gone() -> bool:
    """Say that the client is there, for callers that are cancelled when it goes."""
    return False


class Admission:
    """Places for questions, given in the order of asking. For one event loop."""

    def __init__(self, running: int = RUNNING, waiting: int = WAITING, patience_s: float = PATIENCE_S) -> None:
        self._places = running + waiting
        self._running = running
        self._patience_s = patience_s
        self._taken = 0
        self._limiter: anyio.CapacityLimiter | None = None

    @property
    def taken(self) -> int:
        """How many questions run or wait now."""
        return self._taken

    def check(self) -> None:
        """Do nothing while there is a place.

        Raises:
            WebError: 503, all places are taken.
        """
        if self._taken >= self._places:
            raise WebError(BUSY)

    @asynccontextmanager
    async def turn(self, gone: Callable[[], Awaitable[bool]] = never_gone) -> AsyncIterator[None]:
        """Wait for one's turn and hold it for the block.

        Args:
            gone: whether the client has gone; asked when the turn has come, so that nobody's question is not worked on.

        Raises:
            WebError: 503, there is no place, or the turn did not come in time, or there is nobody to answer.
        """
        self.check()
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._running)
        borrower = object()
        self._taken += 1
        try:
            try:
                with anyio.fail_after(self._patience_s):
                    await self._limiter.acquire_on_behalf_of(borrower)
            except TimeoutError:
                raise WebError(TIMED_OUT) from None
            try:
                if await gone():
                    raise WebError(TIMED_OUT)
                yield
            finally:
                self._limiter.release_on_behalf_of(borrower)
        finally:
            self._taken -= 1
