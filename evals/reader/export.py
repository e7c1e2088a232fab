"""A trained network → the folder that is shipped: `model.onnx` in 8 bits and its tokenizer."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process

from evals.reader.model import TOKENIZER_FILE, ReaderNetwork

MODEL_FILE = "model.onnx"


def export(network: ReaderNetwork, tokenizer_folder: Path, out: Path) -> dict[str, str]:
    """Write model and tokenizer into `out`; returns the sha256 of each file by name.

    Weights of the layers get 8 bits with a scale for each column, activations 8 bits at run time; the word vectors, of
    which each word needs one row only, 8 bits as well.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        plain, prepared = Path(temporary) / "plain.onnx", Path(temporary) / "prepared.onnx"
        _export_plain(network, plain)
        quant_pre_process(str(plain), str(prepared), skip_symbolic_shape=True)
        quantize_dynamic(
            prepared,
            out / MODEL_FILE,
            op_types_to_quantize=["MatMul", "Gemm", "Gather"],
            per_channel=True,
            weight_type=QuantType.QInt8,
        )
    shutil.copyfile(tokenizer_folder / TOKENIZER_FILE, out / TOKENIZER_FILE)
    return {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in (MODEL_FILE, TOKENIZER_FILE)}


def _export_plain(network: ReaderNetwork, path: Path) -> None:
    # Two tensors: one for both inputs would be taken for one input.
    ids, mask = torch.ones((2, 2, 16), dtype=torch.int64)
    axes = {0: torch.export.Dim("texts"), 1: torch.export.Dim("tokens", max=512)}
    torch.onnx.export(
        network,
        (ids, mask),
        path,
        input_names=["input_ids", "attention_mask"],
        output_names=["tokens", "answerable", "same"],
        dynamic_shapes=(axes, axes),
        external_data=False,
        dynamo=True,
        verbose=False,
    )
