"""What is read of what was found."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from assistant.calibration import Logistic
from assistant.compose import CHARS_READ, PASSAGES_READ, find_candidates, rank, read_best
from assistant.question import parse_question
from assistant.reader import Reader, Reading, Text
from assistant.spelling import Spelling
from assistant.understand import Understanding
from corpus.model import Passage, Sentence
from index.fusion import Hit
from index.search_index import Candidate, ScoredSentence

BY_PASSAGE = Logistic(bias=0.0, weights={"passage": 1.0})
QUERY = Understanding((), Spelling(())).understand(parse_question("相談はどこでできますか"))


class Recorder(Reader):
    """Notes what it is given to read, and has no time for it."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def read(self, question: str, texts: Sequence[Text]) -> list[Reading] | None:
        self.lengths = [len(text.text) for text in texts]
        return None


def hits_of(lengths: Sequence[int]) -> list[Hit]:
    """Passages of one sentence each, as long as said, best first."""
    hits = []
    for number, length in enumerate(lengths):
        text = "。" * length
        sentence = Sentence(0, length, text)
        passage = Passage(f"d-{number}", "d", (), "", 0, length, text, quotable=True, sentences=(sentence,))
        found = Candidate(passage, 0.0, 0.0, 0.0, 0.0, sentences=(ScoredSentence(sentence, 0.0, 0.0),))
        hits.append(Hit(found, -float(number)))
    return hits


@pytest.mark.parametrize(
    ("found", "read"),
    [
        ([], []),
        ([200], [200]),
        # The two best are read however long they are.
        ([CHARS_READ, CHARS_READ, 1], [CHARS_READ, CHARS_READ]),
        # A short one behind one for which no room is left is not read in its place.
        ([200, 200, 200, 1], [200, 200]),
        ([200, 200, CHARS_READ - 400, 1], [200, 200, CHARS_READ - 400]),
        # A list of short headings is read to its end.
        ([20] * (PASSAGES_READ + 1), [20] * PASSAGES_READ),
    ],
)
def test_the_best_passages_are_read_as_long_as_there_is_room(found: list[int], read: list[int]) -> None:
    reader = Recorder()
    ranked = rank(find_candidates(QUERY, hits_of(found)), BY_PASSAGE)
    assert read_best(QUERY, ranked, reader) is None
    assert reader.lengths == read
