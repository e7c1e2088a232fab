"""The one place where parts are put together: settings → a working assistant."""

from __future__ import annotations

from assistant.assistant import Assistant
from assistant.calibration import load_calibration
from assistant.contacts import load_contacts
from assistant.reader import load_reader
from assistant.retrieve import HybridRetriever
from assistant.route import load_router
from assistant.settings import Settings
from assistant.spelling import Spelling
from assistant.understand import Understanding, load_synonyms
from assistant.wordings import load_wordings
from index.build import source_hashes
from index.embed import IdentifiedEmbeddings, SentenceTransformerEmbeddings
from index.generation import check_sources, load_generation, read_manifest
from index.search_index import SearchIndex


def build_assistant(settings: Settings) -> Assistant:
    """Load the model and the verified index and put the assistant together.

    Raises:
        ModelError: the model cannot be loaded.
        IndexUnavailableError: there is no index, or it is damaged or stale; the message holds the command that builds it.
        ConfigurationError: the contacts file cannot be read.
    """
    _, manifest = read_manifest(settings.index)
    check_sources(manifest, source_hashes(settings.documents))
    embeddings = load_embeddings(settings)
    return assemble(load_generation(settings.index, embeddings.identity), embeddings, settings)


def load_index(settings: Settings) -> SearchIndex:
    """Load the verified index without any model: enough to read the documents and to search them by words.

    Raises:
        IndexUnavailableError: as `build_assistant` does.
    """
    _, manifest = read_manifest(settings.index)
    check_sources(manifest, source_hashes(settings.documents))
    return load_generation(settings.index, None)


def load_embeddings(settings: Settings) -> SentenceTransformerEmbeddings:
    """Load the embedding model, on the number of threads that is set, and run it once so that no resident waits."""
    import torch

    torch.set_num_threads(settings.threads)
    embeddings = settings.load_embeddings()
    embeddings.embed_query("計画の期間")
    return embeddings


def assemble(index: SearchIndex, embeddings: IdentifiedEmbeddings, settings: Settings) -> Assistant:
    """Put an assistant together from parts that are loaded."""
    return Assistant(
        router=load_router(),
        understanding=Understanding(load_synonyms(), Spelling(index.vocabulary)),
        retriever=HybridRetriever(index=index, embeddings=embeddings),
        contacts=load_contacts(settings.contacts),
        wordings=load_wordings(),
        calibration=load_calibration(),
        reader=load_reader(settings.threads) if settings.reader else None,
    )
