"""A real server on this machine and a real browser, shared by all tests of this folder."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect, sync_playwright

from assistant.assistant import Assistant
from tests.conftest import STAFF_PASSWORD, MakeApp, MakeStaffApp

# Chromium as root in a closed network: no sandbox, and none of its own connections.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
QUESTION_BOX = "#question"

# No test is about time: a machine that is busy with other work must not fail one.
expect.set_options(timeout=30_000)


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port of this machine until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        assert app.state.service.wait(60)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def address(assistant: Assistant, make_app: MakeApp) -> Iterator[str]:
    with running(make_app(lambda: assistant)) as address:
        yield address


@pytest.fixture(scope="session")
def staff_address(assistant: Assistant, make_staff_app: MakeStaffApp) -> Iterator[str]:
    """A server whose staff pages are on."""
    with running(make_staff_app(lambda: assistant)) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def watched(browser: Browser, **options: object) -> Iterator[Page]:
    """A page whose script errors, policy violations and requests to other hosts fail the test."""
    page = browser.new_page(**{"locale": "ja-JP", "reduced_motion": "reduce", **options})  # type: ignore[arg-type]
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if "Content Security" in message.text else None)
    page.on("request", lambda request: None if "//127.0.0.1:" in request.url else wrong.append(request.url))
    try:
        yield page
    finally:
        page.close()
    assert wrong == []


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched(browser) as page:
        yield page


def ask(page: Page, question: str) -> None:
    """Ask in the open chat and wait until the answer is there in full."""
    turns = page.locator(".turn").count()
    box = page.locator(QUESTION_BOX)
    box.fill(question)
    box.press("Enter")
    expect(page.locator(".turn:not([aria-busy])")).to_have_count(turns + 1)


def at_the_counter(page: Page, address: str) -> None:
    """Sign in as one who may look things up, and open the counter."""
    page.goto(f"{address}/counter")
    page.fill("[name=name]", "viewer")
    page.fill("[name=password]", STAFF_PASSWORD)
    page.press("[name=password]", "Enter")
    expect(page.locator("#query")).to_be_focused()


def look_up(page: Page, question: str) -> None:
    """Ask at the counter and wait until answer and passages are there."""
    page.fill("#query", question)
    page.press("#query", "Enter")
    expect(page.locator(".answer-part:not([hidden])")).to_be_visible()
    expect(page.locator(".result, .results-place .none").first).to_be_visible()
