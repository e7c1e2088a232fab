"""What is made of reading the first sentence again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from assistant.calibration import Logistic
from assistant.compose import Pick, SentenceReading, find_candidates, rank
from assistant.lead import LeadSigns, read_lead
from assistant.question import parse_question
from assistant.reader import Reader, Reading, Text
from assistant.spelling import Spelling
from assistant.understand import Query, Understanding
from corpus.model import Passage, Sentence
from index.fusion import Hit
from index.search_index import Candidate, ScoredSentence

SENTENCE = "窓口は社協にあります。"
PASSAGE = f"{SENTENCE}電話でも受けます。"
EMPTY = np.zeros(0, dtype=np.float32)


class Answering(Reader):
    """Says of each text what it was made to say, and notes what it is asked."""

    def __init__(self, log_odds: Sequence[float] | None) -> None:
        self.log_odds = log_odds
        self.asked: list[tuple[str, Sequence[Text]]] = []

    def read(self, question: str, texts: Sequence[Text]) -> list[Reading] | None:
        self.asked.append((question, texts))
        return [Reading(one, (), EMPTY, EMPTY, EMPTY) for one in self.log_odds] if self.log_odds else None


def query(text: str = "相談の窓口はどこですか") -> Query:
    return Understanding((), Spelling(())).understand(parse_question(text))


def lead(first: float | None = 4.0) -> Pick:
    """The passage's first sentence, read once with these log odds, or not at all."""
    sentence = Sentence(0, len(SENTENCE), SENTENCE)
    passage = Passage("d-0", "d", ("相談",), "相談", 0, len(PASSAGE), PASSAGE, quotable=True, sentences=(sentence,))
    hit = Hit(Candidate(passage, 0.0, 0.0, 0.0, 0.0, sentences=(ScoredSentence(sentence, 0.0, 0.0),)), 0.0)
    pick = rank(find_candidates(query(), [hit]), Logistic(bias=0.0, weights={}))[0]
    reading = None if first is None else SentenceReading(1.0, first, 1.0, (0, 2))
    return replace(pick, candidate=replace(pick.candidate, reading=reading))


def test_the_question_as_it_was_asked_is_read_with_the_whole_passage_and_with_the_sentence_alone() -> None:
    reader = Answering([3.0, 2.0])
    assert read_lead(query(), lead(), 0.5, reader) == LeadSigns(answered=0.0, alone=2.0, least=2.0, in_kana=0.0)
    context = lead().passage.context
    assert reader.asked == [("相談の窓口はどこですか", [Text(context, PASSAGE), Text(context, SENTENCE)])]


@pytest.mark.parametrize(
    ("first", "again", "least"), [(-1.0, (3.0, 2.0), -1.0), (4.0, (-2.0, 2.0), -2.0), (4.0, (5.0, 1.0), 1.0)]
)
def test_of_three_readings_the_lowest_counts(first: float, again: tuple[float, float], least: float) -> None:
    signs = read_lead(query(), lead(first), 0.9, Answering(again))
    assert signs
    assert (signs.least, signs.alone) == (least, again[1])


@pytest.mark.parametrize(("probability", "bounded"), [(0.0, -6.907), (0.9, 2.197), (1.0, 6.907)])
def test_however_sure_a_decision_was_its_odds_are_bounded(probability: float, bounded: float) -> None:
    signs = read_lead(query(), lead(), probability, Answering([3.0, 2.0]))
    assert signs
    assert signs.answered == pytest.approx(bounded, abs=0.001)


@pytest.mark.parametrize(("text", "in_kana"), [("そうだんの まどぐちは どこ", 1.0), ("SDGsって", 1.0), ("相談は", 0.0)])
def test_a_question_without_kanji_is_told(text: str, in_kana: float) -> None:
    signs = read_lead(query(text), lead(), 0.5, Answering([3.0, 2.0]))
    assert signs
    assert signs.in_kana == in_kana


def test_what_was_not_read_or_cannot_be_now_has_no_signs() -> None:
    assert read_lead(query(), lead(None), 0.9, Answering([3.0, 2.0])) is None
    assert read_lead(query(), lead(), 0.9, Answering(None)) is None
