"""Where things lie: documents, model, index. The same environment variables hold for every command."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

import corpus
from index.default_model import WEIGHTS_SHA256, ensure_default_model
from index.embed import SentenceTransformerEmbeddings

SHIPPED_DOCUMENTS = Path(corpus.__file__).parent / "documents"


class Paths(BaseSettings):
    """Folders, each set by an environment variable `ASSISTANT_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="ASSISTANT_", extra="ignore", frozen=True)

    var: Path = Field(Path("var"), description="all that changes at run time: models, index generations")
    documents: Path = Field(SHIPPED_DOCUMENTS, description="the documents to answer from")
    model: Path | None = Field(None, description="a sentence-transformers folder; empty: the default model")

    @property
    def index(self) -> Path:
        """The folder of the index generations."""
        return self.var / "index"

    def model_folder(self) -> Path:
        """The folder of the embedding model; the default one is made on first use, which takes some seconds."""
        return self.model or ensure_default_model(self.var / "models")

    def load_embeddings(self) -> SentenceTransformerEmbeddings:
        """Load the embedding model; the default one is checked against the hash that it must have."""
        return SentenceTransformerEmbeddings(self.model_folder(), None if self.model else WEIGHTS_SHA256)
