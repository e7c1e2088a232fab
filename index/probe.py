"""Whether a loaded index finds what is in it: checksums say that files are as written, not that they are good."""

from __future__ import annotations

import numpy as np

from index.embed import IdentifiedEmbeddings
from index.errors import IndexUnavailableError
from index.lexical import terms
from index.search_index import SearchIndex

PROBES = 3
POOL = 10
# A passage embedded again is itself but for the rounding of another batch.
MIN_COSINE = 0.98


def probe(index: SearchIndex, embeddings: IdentifiedEmbeddings) -> None:
    """Search for some of the index's own passages, by all that they are made of.

    Raises:
        IndexUnavailableError: one is not found, or is not what its vector says.
    """
    for number in range(PROBES):
        passage = index.passages[number * (len(index.passages) - 1) // (PROBES - 1)]
        text = f"{passage.context}\n{passage.text}".strip()
        vector = np.asarray(embeddings.embed_documents([text])[0], dtype=np.float32)
        found = index.candidates(terms(text), vector, POOL)
        if not any(hit.passage.text == passage.text and hit.dense >= MIN_COSINE for hit in found):
            raise IndexUnavailableError(
                f"索引が自分の段落を見つけられません（{passage.id}）。作り直すには: python -m index build --force"
            )
