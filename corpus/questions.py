"""Questions that people are expected to ask, from the file beside a document: by them what answers is found more surely.

Residents are shown nothing of them; who approves an answer is asked which of them it answers too. A line of
`<id>.questions.jsonl` is a question with pieces of the document that answer it:
`{"question": "計画は何年間ですか", "answers": ["年度までの５年間とします"]}`.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from corpus.errors import DocumentError
from corpus.fold import Folded
from corpus.model import AnticipatedQuestion

SUFFIX = ".questions.jsonl"
MAX_QUESTION_CHARS = 500


class QuestionLine(BaseModel):
    """A line of the file. `answers` are pieces of the document, however their letters are written.

    What stands there more than once answers everywhere.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    question: str = Field(min_length=1, max_length=MAX_QUESTION_CHARS)
    answers: tuple[str, ...] = Field(min_length=1)


def read_questions(path: Path, data: bytes, text: str) -> tuple[AnticipatedQuestion, ...]:
    """Return the questions of a file's bytes; none of an empty one.

    Args:
        path: of the file, for messages.
        data: its content, UTF-8.
        text: of the document, in its canonical form.

    Raises:
        DocumentError: a line is of another form, or what should answer does not stand in the document. It is named.
    """
    if not data.strip():
        return ()
    folded = Folded(text)
    found = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            asked = QuestionLine.model_validate_json(line)
        except ValidationError as error:
            raise DocumentError(f"想定質問を読めません: {path}:{number}\n{error}") from error
        spans = [folded.find_all(answer) for answer in asked.answers]
        if not all(spans):
            raise DocumentError(f"想定質問の答えが文書にありません: {path}:{number}")
        found.append(AnticipatedQuestion(asked.question, tuple(chain.from_iterable(spans))))
    return tuple(found)
