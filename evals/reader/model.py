"""The reader's network: the default encoder with its vocabulary cut, and one linear layer on top."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertModel
from transformers.utils import logging

from assistant.reader import Encoded, Reading, Text, as_reading, encode, pad
from evals.reader.vocabulary import cut_vocabulary
from index import default_model

TOKENIZER_FILE = "tokenizer.json"
CONFIG_FILE = "config.json"
_IMPOSSIBLE = -1e4
_IGNORED = -100


class ReaderNetwork(nn.Module):
    """Tokens → logits for each token and for the whole.

    For a token: of being the first or the last of the shortest answer, and of standing in a sentence that answers; for the
    whole: that something answers, and, where the text is another question, that it asks the same. The token at 0 stands for
    "no answer", as in the models for SQuAD 2.0 (Devlin et al. 2019, section 4.3).
    """

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.tokens = nn.Linear(encoder.config.hidden_size, 3)
        self.answerable = nn.Linear(encoder.config.hidden_size, 1)
        self.same = nn.Linear(encoder.config.hidden_size, 1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits of start, end and evidence, shape (batch, tokens, 3), of answerable and of same, each (batch,)."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        whole = hidden[:, 0]
        return self.tokens(hidden), self.answerable(whole).squeeze(-1), self.same(whole).squeeze(-1)


def new_network(encoder_folder: Path, out: Path) -> ReaderNetwork:
    """Build an untrained reader from a sentence-transformers folder; write its configuration and tokenizer into `out`."""
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    encoder = BertModel.from_pretrained(
        encoder_folder,
        add_pooling_layer=False,
        local_files_only=True,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    kept = cut_vocabulary(encoder_folder / default_model.TOKENIZER_FILE, out / TOKENIZER_FILE)
    with torch.no_grad():
        vectors = encoder.embeddings.word_embeddings.weight[torch.tensor(kept)].clone()
    encoder.embeddings.word_embeddings = nn.Embedding.from_pretrained(vectors, freeze=True, padding_idx=1)  # type: ignore[no-untyped-call]
    encoder.config.vocab_size = len(kept)
    encoder.config.save_pretrained(out)
    return ReaderNetwork(encoder)


def load_network(folder: Path, weights: dict[str, Tensor]) -> ReaderNetwork:
    """Build the reader that `new_network` wrote the configuration of, with trained weights."""
    config = BertConfig.from_dict(json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8")))
    network = ReaderNetwork(BertModel(config, add_pooling_layer=False))
    network.load_state_dict(weights)
    return network.eval()


def prepare(network: ReaderNetwork, frozen_layers: int, dropout: float) -> None:
    """Set what is trained: the word vectors and the lowest layers stay as they are; `dropout` is the encoder's, 0 to 1."""
    for part in (network.encoder.embeddings, *network.encoder.encoder.layer[:frozen_layers]):
        for parameter in part.parameters():
            parameter.requires_grad = False
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = dropout


@dataclass(frozen=True, slots=True)
class Target:
    """What the network should say of one text, by tokens.

    `evidence` has 1 or 0 for each token of the text. `span` is the first and the last token of the answer, (0, 0) for "there
    is none"; None where an answer has no span that could be learnt. `same` is None but for a pair of questions, of which
    only that is learnt.
    """

    evidence: Sequence[int]
    span: tuple[int, int] | None
    same: bool | None = None


def target(
    encoded: Encoded,
    evidence: Sequence[tuple[int, int]],
    answer: tuple[int, int] | None,
    same: bool | None = None,
) -> Target:
    """Return the target of a text with the spans of its answering sentences and of its answer, which may be cut off."""
    inside = [int(any(start < e and end > s for s, e in evidence)) for start, end in encoded.offsets]
    if same is not None:
        return Target(inside, None, same)
    if not any(inside):
        return Target(inside, (0, 0))
    rows = [row for row, (start, end) in enumerate(encoded.offsets) if answer and start < answer[1] and end > answer[0]]
    if not rows or not answer or encoded.offsets[-1][1] < answer[1]:
        return Target(inside, None)
    return Target(inside, (encoded.first + rows[0], encoded.first + rows[-1]))


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts with their targets, padded, as tensors: the first four of shape (texts, tokens), the others (texts,).

    `text` marks the tokens of texts to be read, `evidence` those that answer. `first` and `last` are tokens, or -100 where
    none is learnt. `reads` has 1 for a text and 0 for a pair of questions, whose `same` is 1 or 0.
    """

    ids: Tensor
    mask: Tensor
    text: Tensor
    evidence: Tensor
    first: Tensor
    last: Tensor
    reads: Tensor
    same: Tensor

    def to(self, device: torch.device) -> Batch:
        """Return the same on a device."""
        return Batch(*(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)))


def collate(rows: Sequence[tuple[Encoded, Target]]) -> Batch:
    """Return texts and targets as one batch."""
    ids, mask = pad([encoded for encoded, _ in rows])
    text, evidence = torch.zeros(ids.shape, dtype=torch.bool), torch.zeros(ids.shape)
    for row, (encoded, wanted) in enumerate(rows):
        if wanted.same is None:
            of_text = slice(encoded.first, encoded.first + len(encoded.offsets))
            text[row, of_text] = True
            evidence[row, of_text] = torch.tensor(wanted.evidence, dtype=torch.float32)
    first, last = torch.tensor([wanted.span or (_IGNORED, _IGNORED) for _, wanted in rows]).unbind(1)
    reads = torch.tensor([float(wanted.same is None) for _, wanted in rows])
    same = torch.tensor([float(bool(wanted.same)) for _, wanted in rows])
    return Batch(torch.from_numpy(ids), torch.from_numpy(mask), text, evidence, first, last, reads, same)


def loss(outputs: tuple[Tensor, Tensor, Tensor], batch: Batch) -> Tensor:
    """Return the mean loss of a batch.

    The sum of four: cross entropy of first and last token (halved), binary cross entropy over the texts' tokens of being
    evidence, of each text of having any, and of each pair of questions of asking the same.
    """
    tokens, answerable, same = (output.float() for output in outputs)
    possible = batch.text.clone()
    possible[:, 0] = True
    has_any = (batch.evidence.sum(1) > 0).float()
    total = _mean_entropy(tokens[..., 2], batch.evidence, batch.text.float())
    total = total + _mean_entropy(answerable, has_any, batch.reads) + _mean_entropy(same, batch.same, 1 - batch.reads)
    for column, wanted in ((0, batch.first), (1, batch.last)):
        logits = tokens[..., column].masked_fill(~possible, _IMPOSSIBLE)
        entropies = nn.functional.cross_entropy(logits, wanted, ignore_index=_IGNORED, reduction="sum")
        total = total + entropies / (wanted != _IGNORED).sum().clamp(min=1) / 2
    return total


def _mean_entropy(logits: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """The weighted mean of binary cross entropies; 0 if nothing has weight."""
    entropies = nn.functional.binary_cross_entropy_with_logits(logits, wanted, weight=weight, reduction="sum")
    return entropies / weight.sum().clamp(min=1)


def read_with(network: ReaderNetwork, tokenizer: Tokenizer, question: str, texts: Sequence[Text]) -> list[Reading]:
    """Return what `assistant.reader.Reader.read` would, from the network as it is trained."""
    encoded = [encode(tokenizer, question, text) for text in texts]
    ids, mask = pad(encoded)
    with torch.inference_mode():
        tokens, answerable, _ = network(torch.from_numpy(ids), torch.from_numpy(mask))
    return [as_reading(one, tokens[row].numpy(), float(answerable[row])) for row, one in enumerate(encoded)]
