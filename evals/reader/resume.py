"""The shipped reader → a network that can be trained further, for whoever has no checkpoint of its training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer

from evals.reader.export import MODEL_FILE
from evals.reader.model import CONFIG_FILE, TOKENIZER_FILE, ReaderNetwork, load_network

_EIGHT_BITS = "_quantized"
# What stands for 0 in 8 bits without a sign.
_ZERO = 128


def shipped_network(folder: Path, config_folder: Path, out: Path) -> ReaderNetwork:
    """Build the reader of `folder`; as `new_network`, it writes its configuration and tokenizer into `out`.

    All weights come back from their 8 bits, so they are what is run, not quite what was trained.

    Args:
        folder: with the model and tokenizer that `export` wrote.
        config_folder: with the configuration of the encoder that it was made from.
        out: a folder that is there.

    Raises:
        ValueError: the model there is none that `export` wrote, or of another vocabulary.
    """
    weights = _weights(onnx.load(folder / MODEL_FILE).graph)
    config = json.loads((config_folder / CONFIG_FILE).read_text(encoding="utf-8"))
    config["vocab_size"] = Tokenizer.from_file(str(folder / TOKENIZER_FILE)).get_vocab_size()
    (out / CONFIG_FILE).write_text(json.dumps(config), encoding="utf-8")
    shutil.copyfile(folder / TOKENIZER_FILE, out / TOKENIZER_FILE)
    try:
        return load_network(out, weights)
    except RuntimeError as error:
        raise ValueError(f"not a reader of this form: {folder}") from error


def _weights(graph: onnx.GraphProto) -> dict[str, torch.Tensor]:
    """All parameters by the names that the network has for them."""
    values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)

    def whole(quantized: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        stem = quantized.removesuffix(_EIGHT_BITS)
        levels = values[quantized].astype(np.float32) - values[f"{stem}_zero_point"].astype(np.float32)
        return np.asarray(levels * values[f"{stem}_scale"], dtype=np.float32)

    found = {name: value for name, value in values.items() if name.endswith((".bias", "LayerNorm.weight"))}
    found |= {name.removesuffix(_EIGHT_BITS): whole(name) for name in values if name.endswith(f".weight{_EIGHT_BITS}")}
    for node in graph.node:
        if node.op_type not in ("MatMul", "MatMulNBits") or node.input[1] not in values:
            continue
        weight = values[node.input[1]].T
        if node.op_type == "MatMulNBits":
            levels, scales = values[node.input[1]].astype(np.float32) - _ZERO, values[node.input[2]]
            # Of shape (outputs, blocks, BLOCK), the last block filled up beyond the K inputs.
            (inputs,) = (attribute.i for attribute in node.attribute if attribute.name == "K")
            weight = (levels * scales.reshape(len(levels), -1, 1)).reshape(len(levels), -1)[:, :inputs]
        (add,) = (user for user in users[node.output[0]] if user.op_type == "Add")
        (bias,) = (name for name in add.input if name.endswith(".bias"))
        found[bias.removesuffix(".bias") + ".weight"] = weight
    return {name: torch.from_numpy(np.array(value, dtype=np.float32)) for name, value in found.items()}
