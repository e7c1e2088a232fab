"""What several tests share: the plan, its index with the real model, and an assistant over both."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.settings import Settings, load_settings
from assistant.wiring import assemble, load_embeddings
from corpus.clean import clean
from corpus.model import Document
from corpus.read import read_file
from corpus.sections import place_blocks
from index.build import build_index
from index.embed import SentenceTransformerEmbeddings
from index.generation import load_generation
from index.paths import SHIPPED_DOCUMENTS

REPOSITORY = Path(__file__).parent.parent
RAW_PLAN = SHIPPED_DOCUMENTS / "asaka-4.txt"
GOLDEN = Path(__file__).parent / "golden"


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
