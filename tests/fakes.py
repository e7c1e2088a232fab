"""Small real stand-ins for slow parts, and for what a test does not ask about."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import replace

import numpy as np

from assistant.assistant import Assistant
from index.embed import IdentifiedEmbeddings, ModelIdentity

DIMENSION = 64


class BigramEmbeddings(IdentifiedEmbeddings):
    """A text's vector counts its letter pairs, hashed into 64 places: texts that share words are near, predictably so."""

    def __init__(self, name: str = "bigrams") -> None:
        self._name = name

    @property
    def identity(self) -> ModelIdentity:
        return ModelIdentity(self._name, "0" * 64, DIMENSION)

    def embed_query(self, text: str) -> list[float]:
        counts = np.zeros(DIMENSION)
        letters = unicodedata.normalize("NFKC", text)
        for pair in zip(letters, letters[1:] or letters, strict=False):
            counts[int.from_bytes(hashlib.sha256("".join(pair).encode()).digest()[:4], "big") % DIMENSION] += 1
        length = float(np.linalg.norm(counts)) or 1.0
        vector: list[float] = (counts / length).tolist()
        return vector

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]


def answering_all(assistant: Assistant) -> Assistant:
    """The assistant, but whatever it finds it answers with."""
    return _answering(assistant, sure=0.0)


def answering_unsurely(assistant: Assistant) -> Assistant:
    """The assistant, but whatever it finds it answers with, and is never sure of it."""
    return _answering(assistant, sure=1.0)


def _answering(assistant: Assistant, sure: float) -> Assistant:
    known = assistant.calibration
    weights = {
        mode: getattr(known, mode).model_copy(update={"threshold": 0.0, "sure": sure})
        for mode in ("with_reader", "without_reader")
    }
    return replace(assistant, calibration=known.model_copy(update=weights))
