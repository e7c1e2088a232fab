"""What the reader learns from: one question with one text and what in it answers, or two questions that ask the same or not.

Needs neither a search nor a dictionary of words, so that a training can run where only torch is.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.reader import Text


@dataclass(frozen=True, slots=True)
class Example:
    """A question, what is read, and which of `text.text` answers.

    `evidence` has the spans of the sentences that answer, none if nothing there does. `answer` is the span of the shortest
    answer inside them; None where there is none, or where only the whole sentence is one. `same` is None but where the text
    is another question: then it says whether that asks the same, and the rest is empty.
    """

    question: str
    text: Text
    evidence: tuple[tuple[int, int], ...] = ()
    answer: tuple[int, int] | None = None
    same: bool | None = None


def write_examples(examples: Iterable[Example], path: Path) -> int:
    """Write examples as JSON lines, compressed, and return how many; the file appears when it is whole."""
    partly, count = path.with_suffix(".part"), 0
    with lzma.open(partly, "wt", encoding="utf-8", preset=6) as file:
        for example in examples:
            file.write(json.dumps(asdict(example), ensure_ascii=False) + "\n")
            count += 1
    partly.replace(path)
    return count


def read_examples(path: Path) -> list[Example]:
    """Read what `write_examples` wrote."""
    found = []
    with lzma.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            evidence = tuple((start, end) for start, end in record["evidence"])
            answer = tuple(record["answer"]) if record["answer"] else None
            found.append(Example(record["question"], Text(**record["text"]), evidence, answer, record["same"]))
    return found
