"""The hybrid retriever, as a LangChain `BaseRetriever` and as a plain call with typed hits."""

from __future__ import annotations

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from index.embed import IdentifiedEmbeddings
from index.fusion import Hit, LegWeights, search
from index.lexical import terms
from index.search_index import SearchIndex

# How many passages each leg hands to the fusion. The plan has 35; in larger collections the scores below rank 100 only
# set the scale of the z-scores.
POOL = 100


class HybridRetriever(BaseRetriever):
    """Dense and lexical search over one index, fused. `k` is how many passages come back, best first."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    index: SearchIndex
    embeddings: IdentifiedEmbeddings
    weights: LegWeights = LegWeights()
    k: int = 10

    def search(self, query: str, extra_terms: tuple[str, ...] = ()) -> list[Hit]:
        """Return the best passages with the scores of each leg; none for an empty index.

        Args:
            query: the question in words.
            extra_terms: further terms for the lexical leg, such as what the plan calls a thing that the question names.
        """
        vector = np.asarray(self.embeddings.embed_query(query), dtype=np.float32)
        return search(self.index, [*terms(query), *extra_terms], vector, POOL, self.k, self.weights)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[LangChainDocument]:
        return [_as_document(hit) for hit in self.search(query)]


def _as_document(hit: Hit) -> LangChainDocument:
    found = hit.candidate
    return LangChainDocument(
        id=found.passage.id,
        page_content=found.passage.text,
        metadata={
            "document": found.passage.document_id,
            "section": list(found.passage.section),
            "start": found.passage.start,
            "end": found.passage.end,
            "score": hit.score,
            "dense": found.dense,
            "title": found.title,
            "lexical": found.lexical,
            "overlap": found.overlap,
        },
    )
