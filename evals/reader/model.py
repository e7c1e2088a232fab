"""The reader's network: the default encoder with its vocabulary cut, and one linear layer on top."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertModel
from transformers.utils import logging

from assistant.reader import Encoded, Reading, Text, as_reading, encode, pad
from evals.reader.vocabulary import cut_vocabulary

TOKENIZER_FILE = "tokenizer.json"
_IMPOSSIBLE = -1e4
_IGNORED = -100


class ReaderNetwork(nn.Module):
    """Tokens → logits for each token and for the whole.

    For a token: of being the first or the last of the shortest answer, and of standing in a sentence that answers; for the
    whole: that something answers. The token at 0 stands for "no answer", as in the models for SQuAD 2.0 (Devlin et al.
    2019, section 4.3).
    """

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.tokens = nn.Linear(encoder.config.hidden_size, 3)
        self.answerable = nn.Linear(encoder.config.hidden_size, 1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of start, end and evidence, shape (batch, tokens, 3), and of answerable, shape (batch,)."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return self.tokens(hidden), self.answerable(hidden[:, 0]).squeeze(-1)


def new_network(encoder_folder: Path, out: Path) -> ReaderNetwork:
    """Build an untrained reader from a sentence-transformers folder; write its configuration and tokenizer into `out`."""
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    # Dropout costs a fifth of a step on a processor, and in one or two passes there is little to overfit.
    encoder = BertModel.from_pretrained(
        encoder_folder,
        add_pooling_layer=False,
        local_files_only=True,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    kept = cut_vocabulary(encoder_folder / TOKENIZER_FILE, out / TOKENIZER_FILE)
    with torch.no_grad():
        vectors = encoder.embeddings.word_embeddings.weight[torch.tensor(kept)].clone()
    encoder.embeddings.word_embeddings = nn.Embedding.from_pretrained(vectors, freeze=True, padding_idx=1)  # type: ignore[no-untyped-call]
    encoder.config.vocab_size = len(kept)
    encoder.config.save_pretrained(out)
    return ReaderNetwork(encoder)


def load_network(folder: Path, weights: dict[str, Tensor]) -> ReaderNetwork:
    """Build the reader that `new_network` wrote the configuration of, with trained weights."""
    config = BertConfig.from_dict(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    network = ReaderNetwork(BertModel(config, add_pooling_layer=False))
    network.load_state_dict(weights)
    return network.eval()


def freeze(network: ReaderNetwork, layers: int) -> None:
    """Keep the word vectors and the lowest layers as they are: they cost a third of a step and have little to learn."""
    for part in (network.encoder.embeddings, *network.encoder.encoder.layer[:layers]):
        for parameter in part.parameters():
            parameter.requires_grad = False


@dataclass(frozen=True, slots=True)
class Target:
    """What the network should say of one text, by tokens.

    `evidence` has 1 or 0 for each token of the text. `span` is the first and the last token of the answer, (0, 0) for "there
    is none"; None where an answer has no span that could be learnt.
    """

    evidence: Sequence[int]
    span: tuple[int, int] | None


def target(encoded: Encoded, evidence: Sequence[tuple[int, int]], answer: tuple[int, int] | None) -> Target:
    """Return the target of a text with the spans of its answering sentences and of its answer, which may be cut off."""
    inside = [int(any(start < e and end > s for s, e in evidence)) for start, end in encoded.offsets]
    if not any(inside):
        return Target(inside, (0, 0))
    rows = [row for row, (start, end) in enumerate(encoded.offsets) if answer and start < answer[1] and end > answer[0]]
    if not rows or not answer or encoded.offsets[-1][1] < answer[1]:
        return Target(inside, None)
    return Target(inside, (encoded.first + rows[0], encoded.first + rows[-1]))


def loss(outputs: tuple[Tensor, Tensor], batch: Sequence[Encoded], targets: Sequence[Target]) -> Tensor:
    """Return the mean loss of a batch.

    The sum of three: cross entropy of first and last token (halved), binary cross entropy over the text's tokens of being
    evidence, and of the whole of having any.
    """
    tokens, answerable = outputs
    text = torch.zeros(tokens.shape[:2], dtype=torch.bool)
    evidence = torch.zeros(tokens.shape[:2])
    for row, (encoded, wanted) in enumerate(zip(batch, targets, strict=True)):
        of_text = slice(encoded.first, encoded.first + len(encoded.offsets))
        text[row, of_text] = True
        evidence[row, of_text] = torch.tensor(wanted.evidence, dtype=torch.float32)
    possible = text.clone()
    possible[:, 0] = True
    first, last = torch.tensor([wanted.span or (_IGNORED, _IGNORED) for wanted in targets]).unbind(1)
    bits = nn.functional.binary_cross_entropy_with_logits
    total = bits(tokens[..., 2][text], evidence[text]) + bits(answerable, (evidence.sum(1) > 0).float())
    if any(wanted.span for wanted in targets):
        for column, wanted_token in ((0, first), (1, last)):
            logits = tokens[..., column].masked_fill(~possible, _IMPOSSIBLE)
            total = total + nn.functional.cross_entropy(logits, wanted_token, ignore_index=_IGNORED) / 2
    return total


def read_with(network: ReaderNetwork, tokenizer: Tokenizer, question: str, texts: Sequence[Text]) -> list[Reading]:
    """Return what `assistant.reader.Reader.read` would, from the network as it is trained."""
    encoded = [encode(tokenizer, question, text) for text in texts]
    ids, mask = pad(encoded)
    with torch.inference_mode():
        tokens, answerable = network(torch.from_numpy(ids), torch.from_numpy(mask))
    return [as_reading(one, tokens[row].numpy(), float(answerable[row])) for row, one in enumerate(encoded)]
