"""What several tests share: the plan, its index with the real model, and an assistant over both."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck
from starlette.testclient import TestClient

from assistant.assistant import Assistant
from assistant.contacts import load_contacts
from assistant.settings import Settings, load_settings
from assistant.wiring import assemble, load_embeddings
from corpus.clean import clean
from corpus.model import Document
from corpus.read import read_file
from corpus.sections import place_blocks
from index.build import build_index
from index.embed import SentenceTransformerEmbeddings
from index.errors import IndexUnavailableError
from index.generation import load_generation
from index.paths import SHIPPED_DOCUMENTS
from index.search_index import SearchIndex
from web.app import create_app
from web.staff.options import StaffOptions
from web.staff.passwords import hash_password
from web.storage.accounts import ROLES, AccountStore
from web.storage.database import Database

# `HYPOTHESIS_PROFILE=long` tries far more; a fixture of a module is the same server for all examples, as it should be.
_QUICK = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]}
hypothesis.settings.register_profile("quick", max_examples=300, **_QUICK)
hypothesis.settings.register_profile("long", max_examples=10_000, **_QUICK)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# How often the tests are repeated whose faults come at random places; `make soak` does it more often.
TIMES = int(os.environ.get("SOAK_TIMES", "1"))

REPOSITORY = Path(__file__).parent.parent
RAW_PLAN = SHIPPED_DOCUMENTS / "asaka-4.txt"
READY_TIMEOUT_S = 30.0
GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> float:
    """The clock stands still, so that no window of a limit ends within a test; the time that it shows."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    return now


@pytest.fixture(scope="session")
def plan() -> Document:
    raw = read_file(RAW_PLAN)
    return place_blocks(raw.info, clean(raw), raw.source_sha256)


@pytest.fixture(scope="session")
def settings() -> Settings:
    """The default settings; the model is expanded under the repository's var/ once and kept."""
    return load_settings(var=REPOSITORY / "var")


@pytest.fixture(scope="session")
def embeddings(settings: Settings) -> SentenceTransformerEmbeddings:
    return load_embeddings(settings)


@pytest.fixture(scope="session")
def plan_index(embeddings: SentenceTransformerEmbeddings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index over the shipped documents, built with the real model."""

    out = tmp_path_factory.mktemp("index")
    build_index(SHIPPED_DOCUMENTS, out, embeddings)
    return out


@pytest.fixture(scope="session")
def assistant(embeddings: SentenceTransformerEmbeddings, plan_index: Path, settings: Settings) -> Assistant:
    return assemble(load_generation(plan_index, embeddings.identity), embeddings, settings)


MakeApp = Callable[..., FastAPI]


@pytest.fixture(scope="session")
def database_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("web") / "web.sqlite3"


@pytest.fixture(scope="session")
def make_app(settings: Settings, database_file: Path) -> MakeApp:
    """Put a server's application together over a way to build any assistant, with the shipped contacts."""

    def make(build: Callable[[], Assistant], database: Path = database_file, widget_sites: tuple[str, ...] = ()) -> FastAPI:
        return create_app(build, load_contacts(settings.contacts), Database(database), widget_sites=widget_sites)

    return make


MakeStaffApp = Callable[..., FastAPI]
STAFF_PASSWORD = "ながい合言葉です1234"


@pytest.fixture(scope="session")
def staff_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with an account of each role, named like it, under `STAFF_PASSWORD`."""
    file = tmp_path_factory.mktemp("staff") / "web.sqlite3"
    database = Database(file)
    hashed = hash_password(STAFF_PASSWORD)
    for role in ROLES:
        AccountStore(database).add("test", role, role, hashed)
    database.close()
    return file


@pytest.fixture(scope="session")
def make_staff_app(settings: Settings, staff_database: Path) -> MakeStaffApp:
    """Put a server's application together that staff can sign in to."""

    def make(build: Callable[[], Assistant], load_index: Callable[[], SearchIndex] | None = None) -> FastAPI:
        contacts = load_contacts(settings.contacts)
        return create_app(build, contacts, Database(staff_database), staff=StaffOptions(), load_index=load_index)

    return make


@pytest.fixture
def client_without_index(make_app: MakeApp) -> Iterator[TestClient]:
    def build() -> Assistant:
        raise IndexUnavailableError("索引がありません。作るには: python -m index build")

    app = make_app(build)
    with TestClient(app, raise_server_exceptions=False) as client:
        assert app.state.service.wait(READY_TIMEOUT_S)
        yield client
