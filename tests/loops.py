"""Async tests beside browser tests, whose event loop goes on running in the main thread between them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import anyio

Result = TypeVar("Result")


def run_apart(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run something async to its end, in a thread with a loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(anyio.run, work).result()


def in_a_loop_of_its_own(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Make an ordinary test of an async one."""

    def run() -> None:
        run_apart(test)

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run
