"""A trained network → the folder that is shipped: `model.onnx` in 8 bits and its tokenizer."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from onnxruntime.quantization.shape_inference import quant_pre_process

from evals.reader.model import TOKENIZER_FILE, ReaderNetwork

MODEL_FILE = "model.onnx"
# Weights that share a scale, and activations at run time too: with one scale for all of a text, what is largest in it made
# the rest so coarse that log odds were off by 0.1 to 0.2, once by 1.2; now by 0.02 to 0.06, at most 0.4 (60 texts).
BLOCK = 128
# onnxruntime's name for products of 8 by 8 bits.
_IN_8_BITS = 4
# The first operators with a transformer's attention as one of them: 3/10 less time than its parts take.
_OPERATORS = 23


def export(network: ReaderNetwork, tokenizer_folder: Path, out: Path) -> dict[str, str]:
    """Write model and tokenizer into `out`; returns the sha256 of each file by name.

    Weights of the layers get 8 bits with a scale for each `BLOCK`, activations 8 bits at run time; the word vectors, of
    which each word needs one row only, 8 bits as well.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        plain, prepared, layers = (Path(temporary) / name for name in ("plain.onnx", "prepared.onnx", "layers.onnx"))
        _export_plain(network, plain)
        quant_pre_process(str(plain), str(prepared), skip_symbolic_shape=True)
        quantizer = MatMulNBitsQuantizer(
            str(prepared), bits=8, block_size=BLOCK, is_symmetric=True, accuracy_level=_IN_8_BITS
        )
        quantizer.process()
        quantizer.model.save_model_to_file(str(layers))
        quantize_dynamic(layers, out / MODEL_FILE, op_types_to_quantize=["Gather"], weight_type=QuantType.QInt8)
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
        opset_version=_OPERATORS,
        verbose=False,
    )
