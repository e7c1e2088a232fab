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

from assistant.approved import ApprovedAnswer, Quote
from assistant.assistant import Assistant
from assistant.contacts import load_contacts
from assistant.settings import Settings
from tests.conftest import STAFF_PASSWORD, MakeApp, MakeStaffApp
from web.app import create_app
from web.staff.options import KeepingOptions, StaffOptions
from web.staff.passwords import hash_password
from web.storage.accounts import ROLES, AccountStore, Role
from web.storage.answers import AnswerStore, State
from web.storage.database import Database
from web.storage.proposals import ProposalStore
from web.storage.questions import Outcome, QuestionStore

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
# What visitors have asked in vain, before any test begins.
DECLINED = ("図書館の開館時間は何時ですか", "図書館は何時に開きますか", "プールの利用料金はいくらですか")

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
def desk_database(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An account of each role; approved answers in every state, questions to review, and what came of some."""
    database = Database(tmp_path_factory.mktemp("desk") / "web.sqlite3")
    hashed = hash_password(STAFF_PASSWORD)
    for role in ROLES:
        AccountStore(database).add("test", role, role, hashed)
    index = assistant.retriever.index
    answers = AnswerStore(database)
    states: tuple[State, ...] = ("active", "suspended", "withdrawn")
    for state, passage in zip(states, [passage for passage in index.passages if passage.quotable][5:], strict=False):
        one = passage.sentences[0]
        quote = Quote(passage.document_id, one.start, one.end, one.text)
        answer = ApprovedAnswer(0, f"{passage.section[-1]}について", ("ほかの聞き方",), (quote,), "くわしくは窓口へ。")
        answers.set_state("editor", answers.approve("editor", "editor", answer, index.version), state)
    questions = QuestionStore(database)
    questions.add(
        [
            Outcome(f"{n:032}", "not_in_plan", "ja", 20.0, (), (), index.version, False, text)
            for n, text in enumerate(DECLINED)
        ]
        + [Outcome("f" * 32, "answered", "ja", 20.0, ("p",), ("４ 計画の期間",), index.version, False, "計画の期間は")],
        ["my_number"],
    )
    proposals = ProposalStore(database)
    proposals.add("editor", "synonym", {"say": ["おじいちゃん"], "plan": "高齢者"})
    proposals.add("editor", "case", {"category": "review", "question": "駅の場所は", "history": [], "answerable": False})
    yield database
    database.close()


@pytest.fixture(scope="session")
def desk_address(assistant: Assistant, settings: Settings, desk_database: Database) -> Iterator[str]:
    """A server that keeps the texts of questions and serves residents what staff approved, with work waiting for staff."""
    keeping = KeepingOptions(texts=True, approved_for_residents=True)
    contacts = load_contacts(settings.contacts)
    with running(create_app(lambda: assistant, contacts, desk_database, staff=StaffOptions(), keeping=keeping)) as address:
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
    signed_in(page, address, "viewer", "/counter")
    expect(page.locator("#query")).to_be_focused()


def signed_in(page: Page, address: str, role: Role, path: str) -> None:
    """Sign in by keyboard as one with a role, and open a page of the staff's."""
    page.goto(address + path)
    page.fill("[name=name]", role)
    page.fill("[name=password]", STAFF_PASSWORD)
    page.press("[name=password]", "Enter")
    expect(page.locator("[name=password]")).to_have_count(0)


def look_up(page: Page, question: str) -> None:
    """Ask at the counter and wait until answer and passages are there."""
    page.fill("#query", question)
    page.press("#query", "Enter")
    expect(page.locator(".answer-part:not([hidden])")).to_be_visible()
    expect(page.locator(".result, .results-place .none").first).to_be_visible()
