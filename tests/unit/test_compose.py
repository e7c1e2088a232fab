"""What is read of what was found."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from assistant.calibration import Logistic, load_calibration
from assistant.compose import CHARS_READ, PASSAGES_READ, choose, find_candidates, rank, read_best
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
    return hits_with([("", "。" * length) for length in lengths])


def hits_with(texts: Sequence[tuple[str, str]]) -> list[Hit]:
    """Passages of one sentence each, by their headings and texts, best first."""
    hits = []
    for number, (heading, text) in enumerate(texts):
        sentence = Sentence(0, len(text), text)
        section = (heading,) if heading else ()
        passage = Passage(f"d-{number}", "d", section, "", 0, len(text), text, quotable=True, sentences=(sentence,))
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


FORMER = "前期計画の振り返り"
FIRST, SECOND, THIRD, FOURTH = ((FORMER, f"基本目標{number} 支え合い") for number in "１２３４")
PROSE = (FORMER, "３つの基本目標に沿って取り組みました。")
OTHERS = ("今期の計画", "基本目標１ 見守り")


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ([THIRD, SECOND, PROSE, FIRST], [THIRD, SECOND, FIRST]),
        ([PROSE, SECOND, FIRST], [SECOND, FIRST]),
        ([THIRD, PROSE, FIRST], [THIRD, FIRST]),
        # One of them alone is no list, nor are those of two.
        ([PROSE, THIRD, OTHERS], [PROSE, THIRD, OTHERS]),
        # Of more than there is room for, the best stay as they are.
        ([SECOND, THIRD, PROSE, FIRST, FOURTH], [SECOND, THIRD, PROSE]),
        ([PROSE], [PROSE]),
    ],
)
def test_where_two_aims_of_a_list_answer_the_list_is_quoted_and_nothing_else(
    found: list[tuple[str, str]], chosen: list[tuple[str, str]]
) -> None:
    ranked = rank(find_candidates(QUERY, hits_with(found)), BY_PASSAGE)
    picks = choose(ranked, load_calibration())
    assert [(*pick.passage.section, pick.sentence.text) for pick in picks] == chosen
