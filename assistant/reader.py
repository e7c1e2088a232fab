"""Question and passage → which words of the passage answer, if any. A small extractive reader, run by onnxruntime."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from assistant.errors import ConfigurationError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from corpus.model import Sentence

SHIPPED_READER = Path(__file__).parent / "reader_model"

FILES = ("model.onnx", "tokenizer.json")
# What `python -m evals.reader export` printed for the shipped files.
SHA256 = {
    "model.onnx": "cc755da1acfe8aa6d7cc897fbc8c6cefdd2616a5eaa750b55d16f47f56c5c29c",
    "tokenizer.json": "5f290b7794588649ae7ae67887fde27d948b2c8b4677d81f41d6a4e5821b6983",
}

MAX_TOKENS = 256
MAX_QUESTION_TOKENS = 96
MAX_CONTEXT_TOKENS = 64
# A longer span is no short answer; longer ones were under one in a hundred of those that the reader was trained on.
MAX_ANSWER_TOKENS = 48

# What is read at once: the windows that the reader was trained on had up to 180 characters, the plan's passages have 320.
WINDOW_CHARS = 240

_BEGIN, _PAD, _SEPARATOR = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Text:
    """What is read: `context` (the headings above it) helps to understand `text`; only `text` can hold the answer."""

    context: str
    text: str


@dataclass(frozen=True, slots=True)
class Encoded:
    """The tokens of one question with one text.

    `offsets` has a token's start and end in the text, for the tokens from `first` on; what stands before `first` is the
    question and the context. A text that is too long is cut at its end.
    """

    ids: list[int]
    first: int
    offsets: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader makes of one text.

    `answerable` is a log odds: above 0 it rather holds an answer. The arrays have shape (tokens,), beside the tokens'
    `offsets`: `start` and `end` a token's log odds, against "there is none", of being the first or last of the shortest
    answer, `evidence` its log odds of standing in a sentence that answers.
    """

    answerable: float
    offsets: Sequence[tuple[int, int]]
    start: npt.NDArray[np.float32]
    end: npt.NDArray[np.float32]
    evidence: npt.NDArray[np.float32]

    def evidence_odds(self, start: int, end: int) -> float | None:
        """Return the mean log odds that `text[start:end]` answers; None if no token of it was read."""
        inside = [row for row, (left, right) in enumerate(self.offsets) if left >= start and right <= end]
        return float(self.evidence[inside].mean()) if inside else None

    def best_span(self, start: int = 0, end: int | None = None) -> tuple[float, tuple[int, int]] | None:
        """Return the best answer inside `text[start:end]` with its log odds; None if no token lies there."""
        inside = [row for row, (left, right) in enumerate(self.offsets) if left >= start and (end is None or right <= end)]
        if not inside:
            return None
        first, last = inside[0], inside[-1] + 1
        sums = self.start[first:last, None] + self.end[None, first:last]
        allowed = np.triu(np.ones_like(sums, dtype=bool)) & ~np.triu(np.ones_like(sums, dtype=bool), MAX_ANSWER_TOKENS)
        row, column = np.unravel_index(np.argmax(np.where(allowed, sums, -np.inf)), sums.shape)
        span = (self.offsets[first + int(row)][0], self.offsets[first + int(column)][1])
        return float(sums[row, column]) / 2, span


def windows(sentences: Sequence[Sentence], max_chars: int = WINDOW_CHARS) -> list[tuple[int, int]]:
    """Return spans of whole sentences that hold all of them, each as long as `max_chars` allows, none for no sentences.

    Two that follow each other share a sentence where there is room, so that each stands with one beside it. A sentence
    that is longer makes a window of its own.
    """
    spans: list[tuple[int, int]] = []
    first = 0
    while first < len(sentences):
        last = first
        while last + 1 < len(sentences) and sentences[last + 1].end - sentences[first].start <= max_chars:
            last += 1
        spans.append((sentences[first].start, sentences[last].end))
        if last + 1 == len(sentences):
            break
        shares = last > first and sentences[last + 1].end - sentences[last].start <= max_chars
        first = last if shares else last + 1
    return spans


def encode(tokenizer: Tokenizer, question: str, text: Text) -> Encoded:
    """Return the tokens of `<s> question </s></s> context </s> text </s>`, at most `MAX_TOKENS`."""
    asked = tokenizer.encode(question, add_special_tokens=False).ids[:MAX_QUESTION_TOKENS]
    context = tokenizer.encode(text.context, add_special_tokens=False).ids[:MAX_CONTEXT_TOKENS] if text.context else []
    head = [_BEGIN, *asked, _SEPARATOR, _SEPARATOR, *context, _SEPARATOR]
    body = tokenizer.encode(text.text, add_special_tokens=False)
    room = MAX_TOKENS - len(head) - 1
    return Encoded([*head, *body.ids[:room], _SEPARATOR], len(head), body.offsets[:room])


def pad(encoded: Sequence[Encoded]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return token ids and attention mask, shape (texts, longest)."""
    longest = max(len(one.ids) for one in encoded)
    ids = np.full((len(encoded), longest), _PAD, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, one in enumerate(encoded):
        ids[row, : len(one.ids)] = one.ids
        mask[row, : len(one.ids)] = 1
    return ids, mask


def sha256_of(folder: Path) -> dict[str, str]:
    """Return the hash of each of a reader's files; files that are missing are left out."""
    paths = [path for name in FILES if (path := folder / name).is_file()]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


class Reader:
    """A trained reader in a folder: `model.onnx` and `tokenizer.json`. Safe to use from several threads."""

    def __init__(self, folder: Path, sha256: Mapping[str, str], threads: int, at_once: int = 2) -> None:
        """Load the model; nothing is downloaded.

        Args:
            folder: with the files.
            sha256: what each file's hash must be; other files are refused.
            threads: of the processor, at least 1; each reads a text of its own.
            at_once: how many questions are read for at the same time; `read` refuses more.

        Raises:
            ConfigurationError: a file is missing or another one than expected.
        """
        import onnxruntime
        from tokenizers import Tokenizer

        if sha256_of(folder) != dict(sha256):
            raise ConfigurationError(
                f"読解モデルのファイルが想定と違います: {folder}\nリポジトリのファイルを元に戻してください。"
            )
        options = onnxruntime.SessionOptions()
        # A thread for each text: two texts in two threads took 95 ms where both threads on each in turn took 158.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # The arena keeps the memory of the longest batch for ever; without it a reading is as fast.
        options.enable_cpu_mem_arena = False
        self._free = threading.BoundedSemaphore(at_once)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="read")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"),
            options,
            providers=["CPUExecutionProvider"],
            # What it makes one operation of takes longer than its parts: 59 instead of 54 ms for a text of 160 tokens.
            disabled_optimizers=["SkipLayerNormFusion"],
        )

    def read(self, question: str, texts: Sequence[Text]) -> list[Reading] | None:
        """Return a reading for each text, in their order; None if as many questions as allowed are being read for.

        A reading is the dearest step of an answer: under load it is left out rather than waited for.
        """
        if not texts:
            return []
        if not self._free.acquire(blocking=False):
            return None
        try:
            encoded = [encode(self._tokenizer, question, text) for text in texts]
            # The longest first, so that no thread begins with it when the others have ended.
            order = sorted(range(len(texts)), key=lambda row: -len(encoded[row].ids))
            readings = dict(zip(order, self._pool.map(lambda row: self._read(encoded[row]), order), strict=True))
            return [readings[row] for row in range(len(texts))]
        finally:
            self._free.release()

    def _read(self, encoded: Encoded) -> Reading:
        # Never several in one run: they would all be as long as the longest, and be scaled by one another's activations.
        ids, mask = pad([encoded])
        tokens, answerable = self._session.run(["tokens", "answerable"], {"input_ids": ids, "attention_mask": mask})
        return as_reading(encoded, tokens[0], float(answerable[0]))


def load_reader(threads: int, folder: Path = SHIPPED_READER) -> Reader:
    """Return the shipped reader, whose files must be those that the code was released with.

    Raises:
        ConfigurationError: a file is missing or another one than expected.
    """
    return Reader(folder, SHA256, threads)


def as_reading(encoded: Encoded, tokens: npt.NDArray[np.float32], answerable: float) -> Reading:
    """Return the reading from one row of the model's outputs, shape (tokens, 3) and a number.

    For start and end, the token at 0 stands for "there is no answer".
    """
    text = tokens[encoded.first : encoded.first + len(encoded.offsets)]
    return Reading(answerable, encoded.offsets, text[:, 0] - tokens[0, 0], text[:, 1] - tokens[0, 1], text[:, 2])
