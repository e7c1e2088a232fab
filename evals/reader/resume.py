"""The shipped reader → a network that can be trained further, for whoever has no checkpoint of its training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from evals.reader.export import MODEL_FILE
from evals.reader.model import TOKENIZER_FILE, ReaderNetwork, new_network

_FROM_PRODUCT_TO_BIAS = ("Cast", "Mul", "Add")


def shipped_network(folder: Path, encoder_folder: Path, out: Path) -> ReaderNetwork:
    """Build the reader of `folder`; as `new_network`, it writes its configuration and tokenizer into `out`.

    A layer's weights come back from their 8 bits, so they are what is run, not quite what was trained; the vectors of words
    and positions come from the encoder, because training leaves them as they are.

    Raises:
        ValueError: the model there is none that `export` wrote, or of another vocabulary.
    """
    network = new_network(encoder_folder, out)
    weights = _layer_weights(onnx.load(folder / MODEL_FILE).graph)
    state = network.state_dict()
    embeddings = {name for name in state if name.startswith("encoder.embeddings.") and "LayerNorm" not in name}
    same_words = (out / TOKENIZER_FILE).read_bytes() == (folder / TOKENIZER_FILE).read_bytes()
    if set(state) - embeddings != set(weights) or not same_words:
        raise ValueError(f"not a reader of this form: {folder}")
    network.load_state_dict({**{name: state[name] for name in embeddings}, **weights})
    return network


def _layer_weights(graph: onnx.GraphProto) -> dict[str, torch.Tensor]:
    """All parameters but the embeddings' own, by the names that the network has for them."""
    values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    found = {name: value for name, value in values.items() if name.endswith((".bias", "LayerNorm.weight"))}
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            quantized = node.input[1]
            stem = quantized.removesuffix("_quantized")
            after = node
            for kind in _FROM_PRODUCT_TO_BIAS:
                (after,) = (user for user in users[after.output[0]] if user.op_type == kind)
            (bias,) = (name for name in after.input if name.endswith(".bias"))
            whole = values[quantized].astype(np.float32) - values[f"{stem}_zero_point"].astype(np.float32)
            found[bias.removesuffix(".bias") + ".weight"] = (whole * values[f"{stem}_scale"]).T
    return {name: torch.from_numpy(np.array(value, dtype=np.float32)) for name, value in found.items()}
