"""BERT by ONNX Runtime: the vectors of PyTorch in less than half the time, and other threads at work meanwhile.

PyTorch comes back to Python between any two of its hundreds of operations, and under load waits each time for the
interpreter's lock; here the whole pass is one call without it. The graph is made at each start from a model folder's
configuration and reads the weights where they are, in the folder's safetensors: there is no second file to keep in step.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from transformers import BertConfig
from transformers.modeling_outputs import BaseModelOutput
from transformers.utils import CONFIG_NAME, SAFE_WEIGHTS_NAME

# What the graph below says; any other value of these makes another model.
_AS_PUBLISHED = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "is_decoder": False,
    "add_cross_attention": False,
}
# The first operators with a transformer's attention as one of them, and the file format that came with them.
_OPERATORS = 23
_FORMAT = 11


class OnnxBert(torch.nn.Module):
    """In the place of transformers' `BertModel`: token ids and mask → the last layer's states. It cannot be trained."""

    def __init__(self, folder: Path, graph: onnx.ModelProto, config: BertConfig, threads: int) -> None:
        """Take a graph over the weights in a folder; `threads` of the processor work on one pass."""
        super().__init__()
        self.config = config
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder.resolve()))
        self._session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: object) -> BaseModelOutput:
        """Return the last layer's states, shape (texts, tokens, hidden), for ids and mask of shape (texts, tokens)."""
        given = {"input_ids": input_ids.numpy(), "attention_mask": attention_mask.numpy()}
        (states,) = self._session.run(None, given)
        return BaseModelOutput(last_hidden_state=torch.from_numpy(states))


def load_bert(folder: Path, threads: int) -> OnnxBert | None:
    """Return the BERT in a model folder; None where there is none, or one that differs from BERT as published.

    Raises:
        OSError: a file cannot be read.
    """
    configuration, weights = folder / CONFIG_NAME, folder / SAFE_WEIGHTS_NAME
    if not configuration.is_file() or not weights.is_file():
        return None
    given = json.loads(configuration.read_text(encoding="utf-8"))
    if any(given.get(name, value) != value for name, value in _AS_PUBLISHED.items()):
        return None
    config = BertConfig.from_dict(given)
    graph = _Graph(weights)
    try:
        model = graph.model(_encoder(graph, config))
    except KeyError:
        return None
    return OnnxBert(folder, model, config, threads)


class _Graph:
    """Nodes in the order of their making, over the weights of a safetensors file, by name."""

    inputs = ("input_ids", "attention_mask")

    def __init__(self, weights: Path) -> None:
        self._file = weights.name
        # https://github.com/huggingface/safetensors#format: the header's size, the header, the tensors.
        with weights.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            header: Mapping[str, Any] = json.loads(file.read(size))
        self._begin = 8 + size
        self._tensors = {name: found for name, found in header.items() if found.get("dtype") == "F32"}
        self._nodes: list[onnx.NodeProto] = []
        self._values: dict[str, onnx.TensorProto] = {}

    def numbers(self, *values: int) -> str:
        """Return a constant, shape (values,)."""
        name = "numbers " + " ".join(map(str, values))
        self._values[name] = numpy_helper.from_array(np.array(values, dtype=np.int64), name)
        return name

    def weight(self, name: str) -> str:
        """Return a tensor of the file; KeyError where it has none of that name in 32 bits."""
        found = self._tensors[name]
        begin, end = found["data_offsets"]
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=found["shape"], data_location=TensorProto.EXTERNAL)
        for key, value in (("location", self._file), ("offset", self._begin + begin), ("length", end - begin)):
            tensor.external_data.add(key=key, value=str(value))
        self._values[name] = tensor
        return name

    def add(self, operator: str, *inputs: str, **attributes: float) -> str:
        """Return what an operator makes of its inputs."""
        output = f"{operator} {len(self._nodes)}"
        node = helper.make_node(operator, inputs, [output])
        node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
        self._nodes.append(node)
        return output

    def model(self, output: str) -> onnx.ModelProto:
        """Return all that was added, with one output."""
        given = [helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"]) for name in self.inputs]
        states = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["texts", "tokens", None])
        graph = helper.make_graph(self._nodes, "bert", given, [states], list(self._values.values()))
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPERATORS)], ir_version=_FORMAT)


def _encoder(graph: _Graph, config: BertConfig) -> str:
    """Add BERT's encoder (Devlin et al. 2019, arXiv:1810.04805); returns the last layer's states."""
    ids, mask = graph.inputs
    texts, tokens, hidden = (
        graph.add("Shape", ids, end=1),
        graph.add("Shape", ids, start=1),
        graph.numbers(config.hidden_size),
    )
    whole = graph.add("Concat", texts, tokens, hidden, axis=0)
    # One row for each token of each text, as `Gemm` takes them.
    rows = graph.numbers(-1, config.hidden_size)

    def normed(name: str, *parts: str) -> str:
        added = graph.add("Add", *parts)
        scale, shift = (graph.weight(f"{name}.LayerNorm.{kind}") for kind in ("weight", "bias"))
        return graph.add("LayerNormalization", added, scale, shift, axis=-1, epsilon=config.layer_norm_eps)

    def linear(name: str, states: str) -> str:
        return graph.add("Gemm", states, graph.weight(f"{name}.weight"), graph.weight(f"{name}.bias"), transB=1)

    def embedded(kind: str) -> str:
        return graph.weight(f"embeddings.{kind}_embeddings.weight")

    places = graph.add("Slice", embedded("position"), graph.numbers(0), tokens, graph.numbers(0))
    # All tokens are of the first type: a text stands alone.
    places = graph.add("Add", places, graph.add("Gather", embedded("token_type"), graph.numbers(0)))
    states = graph.add("Reshape", normed("embeddings", graph.add("Gather", embedded("word"), ids), places), rows)

    seen = graph.add("Unsqueeze", graph.add("Cast", mask, to=TensorProto.BOOL), graph.numbers(1, 2))
    seen = graph.add("Expand", seen, graph.add("Concat", texts, graph.numbers(1), tokens, tokens, axis=0))
    heads = config.num_attention_heads
    for number in range(config.num_hidden_layers):
        layer = f"encoder.layer.{number}"
        asked, offered, told = (
            graph.add("Reshape", linear(f"{layer}.attention.self.{part}", states), whole)
            for part in ("query", "key", "value")
        )
        attended = graph.add("Attention", asked, offered, told, seen, q_num_heads=heads, kv_num_heads=heads)
        attended = linear(f"{layer}.attention.output.dense", graph.add("Reshape", attended, rows))
        states = normed(f"{layer}.attention.output", attended, states)
        wide = graph.add("Gelu", linear(f"{layer}.intermediate.dense", states))
        states = normed(f"{layer}.output", linear(f"{layer}.output.dense", wide), states)
    return graph.add("Reshape", states, whole)
