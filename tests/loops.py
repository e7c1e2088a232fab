"""Async tests beside browser tests, whose event loop goes on running in the main thread between them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import anyio


def in_a_loop_of_its_own(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Make an ordinary test of an async one: it runs to its end in a thread with a loop of its own."""

    def run() -> None:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(anyio.run, test).result()

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run
