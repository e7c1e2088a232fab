"""The one place where parts are put together: settings → a working assistant."""

from __future__ import annotations

from dataclasses import replace

from assistant.assistant import Assistant
from assistant.calibration import load_calibration
from assistant.contacts import load_contacts
from assistant.reader import load_reader
from assistant.retrieve import HybridRetriever
from assistant.route import load_router
from assistant.settings import Settings
from assistant.understand import understanding_of
from assistant.wordings import load_wordings
from index.build import source_hashes
from index.embed import IdentifiedEmbeddings, SentenceTransformerEmbeddings
from index.generation import check_sources, is_rolled_back, load_generation, read_manifest
from index.probe import probe
from index.search_index import SearchIndex


def build_assistant(settings: Settings) -> Assistant:
    """Load the model and the verified index and put the assistant together.

    Raises:
        ModelError: the model cannot be loaded.
        IndexUnavailableError: there is no index, or it is damaged or stale; the message holds the command that builds it.
        ConfigurationError: the contacts file cannot be read.
    """
    _check_documents(settings)
    embeddings = load_embeddings(settings)
    return assemble(load_generation(settings.index, embeddings.identity), embeddings, settings)


def load_index(settings: Settings) -> SearchIndex:
    """Load the verified index without any model: enough to read the documents and to search them by words.

    Raises:
        IndexUnavailableError: as `build_assistant` does.
    """
    _check_documents(settings)
    return load_generation(settings.index, None)


def with_current_index(assistant: Assistant, settings: Settings) -> Assistant:
    """Return the assistant over the index that is current now, verified and probed; the one given stays as it is.

    Raises:
        IndexUnavailableError: as `build_assistant`, or the index does not find its own passages.
        DocumentError: the documents cannot be read.
    """
    _check_documents(settings)
    retriever = assistant.retriever
    index = load_generation(settings.index, retriever.embeddings.identity)
    probe(index, retriever.embeddings)
    return replace(
        assistant,
        understanding=understanding_of(index),
        retriever=retriever.model_copy(update={"index": index}),
    )


def _check_documents(settings: Settings) -> None:
    """Refuse an index that the documents have outrun, unless an operator went back to it knowingly."""
    _, manifest = read_manifest(settings.index)
    if not is_rolled_back(settings.index):
        check_sources(manifest, source_hashes(settings.documents))


def load_embeddings(settings: Settings) -> SentenceTransformerEmbeddings:
    """Load the embedding model, and run it once so that no resident waits.

    It runs on half of the threads that are set, because two questions are worked on at a time: with both threads for each,
    one question alone has its vector after 7 instead of 10 ms, but of two at a time one is ready each 5.9 instead of 5.6 ms.
    """
    import torch

    torch.set_num_threads(max(1, settings.threads // 2))
    embeddings = settings.load_embeddings()
    embeddings.embed_query("計画の期間")
    return embeddings


def assemble(index: SearchIndex, embeddings: IdentifiedEmbeddings, settings: Settings) -> Assistant:
    """Put an assistant together from parts that are loaded."""
    return Assistant(
        router=load_router(),
        understanding=understanding_of(index),
        retriever=HybridRetriever(index=index, embeddings=embeddings),
        contacts=load_contacts(settings.contacts),
        wordings=load_wordings(),
        calibration=load_calibration(),
        reader=load_reader(settings.threads) if settings.reader else None,
    )
