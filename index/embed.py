"""Text → vectors, by any sentence-transformers model, as a LangChain `Embeddings`. Knows no index."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from langchain_core.embeddings import Embeddings

from index.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]

BATCH_SIZE = 16


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model made a vector. Vectors of two models, or of two versions of one, cannot be compared."""

    name: str
    weights_sha256: str
    dimension: int


class IdentifiedEmbeddings(Embeddings):
    """A LangChain `Embeddings` that says which model it is. Vectors have length 1."""

    @property
    @abstractmethod
    def identity(self) -> ModelIdentity:
        """Which model makes the vectors."""


class SentenceTransformerEmbeddings(IdentifiedEmbeddings):
    """A sentence-transformers model in a folder. Questions and passages get the prompts of the model's own configuration.

    All vectors have length 1, so that the inner product of two is their cosine.
    """

    def __init__(self, folder: Path, expected_sha256: str | None = None) -> None:
        """Load the model; nothing is downloaded and only safetensors are read.

        Args:
            folder: of the model, as sentence-transformers saves one.
            expected_sha256: what the weights' hash must be, where that is known.

        Raises:
            ModelError: `folder` is missing, has no safetensors, has others than expected, or is no such model.
        """
        if not folder.is_dir():
            raise ModelError(f"モデルのフォルダーがありません: {folder}")
        self._weights_sha256 = hash_weights(folder)
        if expected_sha256 and self._weights_sha256 != expected_sha256:
            raise ModelError(f"モデルの重みが壊れています。フォルダーを消してから、もう一度実行してください: {folder}")
        self._name = folder.name
        self._model = _load(folder)

    @property
    def identity(self) -> ModelIdentity:
        """Name, weights and dimension of the loaded model."""
        dimension = self._model.get_embedding_dimension()
        if dimension is None:
            raise ModelError(f"ベクトルの次元が分からないモデルです: {self._name}")
        return ModelIdentity(self._name, self._weights_sha256, dimension)

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a question."""
        vector: list[float] = self._model.encode_query(text, show_progress_bar=False, normalize_embeddings=True).tolist()
        return vector

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of passages, in their order; an empty list for none."""
        if not texts:
            return []
        vectors: list[list[float]] = self._model.encode_document(
            texts, batch_size=BATCH_SIZE, show_progress_bar=False, normalize_embeddings=True
        ).tolist()
        return vectors


def embed_all(
    embeddings: IdentifiedEmbeddings, texts: Sequence[str], advance: Callable[[int], None] = lambda count: None
) -> Vectors:
    """Return the vectors of `texts`, shape (len(texts), dimension), calling `advance` with the size of each batch done.

    Texts of like length share a batch, because a batch costs what its longest text costs. No texts give shape (0, d).
    """
    vectors = np.zeros((len(texts), embeddings.identity.dimension), dtype=np.float32)
    by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    for start in range(0, len(texts), BATCH_SIZE):
        rows = by_length[start : start + BATCH_SIZE]
        vectors[rows] = embeddings.embed_documents([texts[row] for row in rows])
        advance(len(rows))
    return vectors


def hash_weights(folder: Path) -> str:
    """Return the sha256 over all safetensors files of a model folder, by relative path.

    Raises:
        ModelError: there is none. Formats that can run code when they are read (.bin, .pt) are not loaded.
    """
    files = sorted(folder.rglob("*.safetensors"))
    if not files:
        raise ModelError(f"safetensors 形式の重みがないモデルは使えません: {folder}")
    digests = []
    for path in files:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _load(folder: Path) -> SentenceTransformer:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Transformer
    from transformers.utils import logging

    from index.bert import load_bert

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True})
        # Another model than BERT goes on with PyTorch.
        if isinstance(model[0], Transformer) and (bert := load_bert(folder, torch.get_num_threads())):
            model[0].model = bert
        return model
    except (OSError, ValueError) as error:
        raise ModelError(f"モデルを読み込めません: {folder}\n{error}") from error
