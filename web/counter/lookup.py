"""Words that staff type → the passages that speak of them, best first, matches marked; by words alone without a model."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from assistant.glossary import Entry
from assistant.question import Question
from assistant.retrieve import POOL
from assistant.understand import Query, Understanding
from corpus.model import Document, Passage
from index.embed import IdentifiedEmbeddings, Vectors
from index.fusion import LegWeights, search
from web.counter.actors import Acting
from web.counter.reference import Filters, Reference
from web.counter.snippet import Snippet, snip

log = logging.getLogger("web")

MAX_RESULTS = 10


@dataclass(frozen=True, slots=True)
class Result:
    """A passage that was found, with its document, who acts in it and its snippet."""

    document: Document
    passage: Passage
    acting: Acting
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class Results:
    """What a look-up found. `by_words_only` says that the model was not there to find what is near in meaning."""

    results: tuple[Result, ...]
    terms: tuple[Entry, ...]
    by_words_only: bool


def look_up(
    question: Question,
    filters: Filters,
    reference: Reference,
    understanding: Understanding,
    embeddings: IdentifiedEmbeddings | None,
    weights: LegWeights,
) -> Results:
    """Return the best passages that pass the filters, and the glossary's entries that the question names.

    The question is understood and its passages are ranked as for an answer, so that both agree on what is best.

    Args:
        question: what was typed.
        filters: what it is narrowed to.
        reference: of the index that is searched.
        understanding: made for that index.
        embeddings: the index's model, or None where it could not be loaded. One that fails now is done without.
        weights: of the legs, those of the retriever.
    """
    query = understanding.understand(question)
    vector = _embed(query, embeddings)
    terms = [*query.terms, *query.extra_terms]
    results = []
    for hit in search(reference.index, terms, vector, POOL, MAX_RESULTS, weights, reference.rows(filters)):
        passage = hit.candidate.passage
        document = reference.index.documents[passage.document_id]
        snippet = snip(document.text, hit.candidate.sentences, frozenset(terms))
        results.append(Result(document, passage, reference.acting[reference.index.row_of[passage.id]], snippet))
    return Results(tuple(results), tuple(reference.glossary.named_in(question.text)), vector is None)


def _embed(query: Query, embeddings: IdentifiedEmbeddings | None) -> Vectors | None:
    if embeddings is None:
        return None
    try:
        return np.asarray(embeddings.embed_query(query.text), dtype=np.float32)
    except Exception:
        # Whatever a model can fail with: a person is waiting, and words find most things too.
        log.exception("the embedding model failed; searched by words only")
        return None
