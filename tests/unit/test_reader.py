"""The reader's parts that need no trained model: windows, spans, examples, measures."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from assistant.question import parse_question
from assistant.reader import MAX_ANSWER_TOKENS, Encoded, Reading, Text, windows
from assistant.understand import understanding_of
from corpus.model import Block, DocumentInfo
from corpus.sections import place_blocks
from corpus.sentences import split_sentences
from evals.cases import read_cases
from evals.reader.aims import aim_questions
from evals.reader.examples import Example, read_examples, write_examples
from evals.reader.jaquad import Negatives, Paragraph, Question, jaquad_examples, jaquad_pairs, split_by_title, vary
from evals.reader.measure import character_f1
from evals.reader.model import Target, collate, loss, target
from evals.reader.plans import (
    DEVELOPMENT,
    PLANS,
    Plan,
    cases_of,
    pair_examples,
    plan_examples,
    read_plan,
    retriever_for,
)
from evals.reader.rewording import as_residents_ask
from evals.reader.stages import cut_anew
from tests.fakes import BigramEmbeddings

# 「計画期間」 is what anyone types: a question that is longer and the same would be no chance.
SHORTEST_TELLING_QUESTION = 16

TOWN = "川瀬市は人口４万人の市です。市内には児童館が３か所あります。福祉センターは川瀬駅の前に建てられました。"
RIVER = "川瀬川は長さ２０キロの川です。川瀬川では毎年夏に花火が上がります。"
HILL = "白鳥山は高さ３００メートルの山です。春には桜が咲きます。"


def a_paragraph(title: str, text: str, question: str, answer: str) -> Paragraph:
    start = text.index(answer)
    return Paragraph(title, text, (Question(question, (start, start + len(answer))),))


PARAGRAPHS = [
    a_paragraph("川瀬市", TOWN, "川瀬市には児童館がいくつありますか?", "３か所"),
    a_paragraph("川瀬市", RIVER, "川瀬川の長さは何キロですか?", "２０キロ"),
    a_paragraph("白鳥山", HILL, "白鳥山の高さは何メートルですか?", "３００メートル"),
]


def reading(start: list[float], end: list[float], evidence: list[float] | None = None) -> Reading:
    """A reading of a text in which each token is one letter."""
    offsets = [(here, here + 1) for here in range(len(start))]
    rows = (np.array(values, dtype=np.float32) for values in (start, end, evidence or [0.0] * len(start)))
    return Reading(1.0, offsets, *rows)


class TestWindows:
    def test_hold_every_sentence_whole(self) -> None:
        sentences = split_sentences(TOWN, 0, len(TOWN))
        spans = windows(sentences, max_chars=40)
        assert len(spans) > 1
        assert all(any(start <= s.start and s.end <= end for start, end in spans) for s in sentences)

    def test_a_text_that_fits_is_one_window(self) -> None:
        assert windows(split_sentences(TOWN, 0, len(TOWN)), max_chars=200) == [(0, len(TOWN))]

    def test_a_sentence_that_is_longer_than_a_window_stands_alone(self) -> None:
        sentences = split_sentences(TOWN, 0, len(TOWN))
        assert windows(sentences, max_chars=5) == [(s.start, s.end) for s in sentences]

    def test_of_nothing_are_none(self) -> None:
        assert windows(()) == []


class TestBestSpan:
    def test_begins_before_it_ends(self) -> None:
        best = reading([0, 0, 5, 0], [5, 0, 0, 4]).best_span()
        assert best is not None
        assert best == (pytest.approx(4.5), (2, 4))

    def test_stays_inside_the_part_that_is_asked_for(self) -> None:
        best = reading([9, 0, 1, 0], [9, 0, 0, 2]).best_span(1, 4)
        assert best is not None
        assert best[1] == (2, 4)

    def test_is_none_where_nothing_was_read(self) -> None:
        assert reading([1, 1], [1, 1]).best_span(5, 9) is None

    def test_is_never_longer_than_an_answer_may_be(self) -> None:
        size = MAX_ANSWER_TOKENS + 20
        start, end = [0.0] * size, [0.0] * size
        start[0], end[-1] = 9.0, 9.0
        best = reading(start, end).best_span()
        assert best is not None
        assert best[1][1] - best[1][0] <= MAX_ANSWER_TOKENS


class TestEvidence:
    def test_is_the_mean_over_the_sentence(self) -> None:
        assert reading([0, 0, 0], [0, 0, 0], [1, 3, 9]).evidence_odds(0, 2) == pytest.approx(2.0)

    def test_is_none_for_what_was_cut_off(self) -> None:
        assert reading([0, 0], [0, 0]).evidence_odds(5, 9) is None


class TestExamples:
    @pytest.mark.parametrize("seed", range(5))
    def test_an_answer_is_its_span_and_a_text_without_one_does_not_hold_it(self, seed: int) -> None:
        answers = {"３か所", "２０キロ", "３００メートル"}
        examples = list(jaquad_examples(PARAGRAPHS, Negatives(), random.Random(seed)))
        positives = [example for example in examples if example.answer]
        assert {example.text.text[slice(*example.answer)] for example in positives if example.answer} == answers
        for example in positives:
            [(start, end)] = example.evidence
            assert example.answer
            assert start <= example.answer[0] < example.answer[1] <= end
        by_place = {"児童館": "３か所", "川瀬川": "２０キロ", "白鳥山": "３００メートル"}
        for example in examples:
            expected = next(answer for word, answer in by_place.items() if word in example.question)
            assert (expected in example.text.text) == (example.answer is not None)

    def test_a_removed_sentence_leaves_its_neighbours(self) -> None:
        examples = list(jaquad_examples(PARAGRAPHS[:1], Negatives(removed=1.0, related=0.0), random.Random(0)))
        without = [example.text.text for example in examples if not example.answer]
        assert without
        assert all(text in TOWN.replace("市内には児童館が３か所あります。", "") for text in without)

    def test_related_texts_come_from_the_same_article(self) -> None:
        examples = list(jaquad_examples(PARAGRAPHS, Negatives(removed=0.0, related=1.0), random.Random(0)))
        about_children = [e.text.text for e in examples if not e.answer and "児童館" in e.question]
        assert about_children
        assert all(text in RIVER for text in about_children)

    def test_training_and_development_share_no_article(self) -> None:
        many = [Paragraph(f"記事{number // 2}", TOWN, ()) for number in range(60)]
        training, development = split_by_title(many, seed=0)
        assert len(development) == 6
        assert not {p.title for p in training} & {p.title for p in development}

    @pytest.mark.parametrize("seed", range(12))
    def test_a_question_that_is_put_otherwise_keeps_what_it_is_about(self, seed: int) -> None:
        assert "児童館" in vary("川瀬市には児童館がいくつありますか?", random.Random(seed))


class TestTarget:
    ENCODED = Encoded(ids=list(range(8)), first=3, offsets=[(0, 1), (1, 2), (2, 3), (3, 4)])

    def test_marks_the_tokens_of_sentences_that_answer_and_of_the_answer(self) -> None:
        assert target(self.ENCODED, [(1, 4)], (2, 3)) == Target([0, 1, 1, 1], (5, 5))

    def test_points_to_the_first_token_where_nothing_answers(self) -> None:
        assert target(self.ENCODED, [], None) == Target([0, 0, 0, 0], (0, 0))

    def test_has_no_span_where_only_the_whole_sentence_answers(self) -> None:
        assert target(self.ENCODED, [(0, 2)], None) == Target([1, 1, 0, 0], None)

    def test_has_no_span_where_the_answer_was_cut_off(self) -> None:
        assert target(self.ENCODED, [(2, 9)], (3, 9)) == Target([0, 0, 1, 1], None)


class TestPlans:
    """The invented plans that the reader was trained on and the decision is fitted on."""

    FILES = sorted(PLANS.glob("*.jsonl"))

    def test_some_are_kept_from_training(self) -> None:
        assert {path.stem for path in self.FILES} > DEVELOPMENT

    @pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
    def test_each_has_questions_of_both_kinds_and_evidence_that_stands_in_it(self, path: Path) -> None:
        plan = read_plan(path)
        answered = [question for question in plan.questions if question.evidence]
        assert 0.4 < len(answered) / len(plan.questions) < 0.7
        for question in answered:
            for evidence in question.evidence:
                inside = evidence.answer or evidence.sentence
                assert evidence.sentence[0] <= inside[0] < inside[1] <= evidence.sentence[1]

    @pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
    def test_none_is_about_the_real_city(self, path: Path) -> None:
        assert "朝霞" not in path.read_text(encoding="utf-8")

    def test_none_asks_what_a_case_asks(self) -> None:
        """The cases must measure what was not trained on."""
        folders = ("tuning", "calibration", "calibration_hard", "held_back", "held_back_hard")
        cases = {case.question for folder in folders for case in read_cases(Path("evals/cases") / folder)}
        asked = {question.question for path in self.FILES for question in read_plan(path).questions}
        common = {question for question in cases & asked if len(question) > SHORTEST_TELLING_QUESTION}
        assert not common

    def test_a_list_wants_each_of_its_sentences_and_a_fact_any(self, tmp_path: Path) -> None:
        plan = read_plan(small_plan(tmp_path))
        by_kind = {case.category: case.evidence for case in cases_of(plan)}
        assert by_kind["list"] == (("児童館は３か所あります。",), ("公民館は２か所あります。",))
        assert by_kind["fact"] == (("児童館は３か所あります。", "公民館は２か所あります。"),)
        assert by_kind["unanswerable"] == ()

    def test_examples_hold_what_answers_and_near_texts_that_do_not(self, tmp_path: Path) -> None:
        plan = read_plan(small_plan(tmp_path))
        retriever = retriever_for(plan, BigramEmbeddings(), tmp_path / "index")
        query = understanding_of(retriever.index).understand(parse_question("児童館は何か所"))
        fact = next(question for question in plan.questions if question.kind == "fact")
        made = list(plan_examples(fact, query, retriever, random.Random(0)))
        held = [example for example in made if example.evidence]
        assert held
        assert all("児童館は３か所" in e.text.text or "公民館は２か所" in e.text.text for e in held)
        assert all("か所" not in e.text.text for e in made if not e.evidence)
        write_examples(made, tmp_path / "examples.jsonl")
        assert read_examples(tmp_path / "examples.jsonl") == made

    def test_two_questions_ask_the_same_where_the_same_words_of_a_sentence_answer(self, tmp_path: Path) -> None:
        path = small_plan(tmp_path)
        more = [
            {"q": "児童館はいくつありますか", "k": "fact", "e": ["p1.0:３か所"]},
            {"q": "児童館の数は", "k": "fact", "e": ["p1.0:３か所"]},
            {"q": "研修はいつ行いますか", "k": "fact", "e": ["p2.1:毎年"]},
        ]
        lines = [path.read_text(encoding="utf-8"), *(json.dumps(line, ensure_ascii=False) for line in more)]
        path.write_text("\n".join(lines), encoding="utf-8")
        pairs = list(pair_examples(read_plan(path), BigramEmbeddings(), random.Random(0)))
        same = {frozenset((pair.question, pair.text.text)) for pair in pairs if pair.same}
        assert same == {frozenset(("児童館はいくつありますか", "児童館の数は"))}
        different = {frozenset((pair.question, pair.text.text)) for pair in pairs if pair.same is False}
        assert frozenset(("児童館の数は", "研修はいつ行いますか")) in different
        assert any("館長は誰" in pair for pair in different)
        assert not same & different


def test_named_aims_are_asked_for_one_by_one_and_all_together_wherever_they_are_said() -> None:
    blocks = [
        Block("heading", "第２章　方針", 1),
        Block("paragraph", "基本目標は「つながる」と「備える」です。毎年見直します。"),
        Block("heading", "基本目標１　つながる", 2),
        Block("paragraph", "地区で集まります。"),
        Block("heading", "基本目標２　備える", 2),
        Block("paragraph", "訓練をします。"),
    ]
    document = place_blocks(DocumentInfo(id="d", title="d"), blocks, "")
    asked = aim_questions(Plan(document, ()), random.Random(0))
    wanted = {(one.kind, tuple(document.text[slice(*e.sentence)] for e in one.evidence)) for one in asked}
    said = "基本目標は「つながる」と「備える」です。"
    assert wanted == {
        ("fact", ("基本目標１　つながる",)),
        ("fact", ("基本目標２　備える",)),
        ("list", (said, "基本目標１　つながる", "基本目標２　備える")),
    }
    assert len({one.question for one in asked}) == len(asked)
    assert not aim_questions(Plan(place_blocks(document.info, blocks[:2], ""), ()), random.Random(0))


def test_a_text_that_is_cut_anew_holds_the_whole_answer_or_none() -> None:
    whole = Example("何か所", Text("施設", "古い館は直す。児童館は３か所ある。職員は学ぶ。"), ((7, 17),), (11, 14))
    parts = list(cut_anew([whole], 60, random.Random(0)))
    assert {bool(part.evidence) for part in parts} == {True, False}
    for part in parts:
        assert len(part.text.text) < len(whole.text.text)
        assert [part.text.text[s:e] for s, e in part.evidence] == ["児童館は３か所ある。"] * len(part.evidence)
        assert ("児童館" in part.text.text) == bool(part.evidence)
        assert (part.answer and part.text.text[slice(*part.answer)]) == ("３か所" if part.evidence else None)


def test_a_question_is_put_otherwise_but_asks_for_the_same_nouns() -> None:
    example = Example("地域包括支援センターは市内に何か所ありますか", Text("", "５つあります。"), ((0, 7),), (0, 2))
    made = [as_residents_ask(example, random.Random(seed)) for seed in range(60)]
    asked = {one.question for one in made}
    assert len(asked) > 10
    assert "地域包括支援センター 市内 何か所" in asked
    assert all("地域包括支援センター" in question and "何か所" in question for question in asked)
    assert {(one.text, one.evidence, one.answer) for one in made} == {(example.text, example.evidence, example.answer)}


def test_pairs_of_jaquads_questions_are_a_question_asked_otherwise_and_another_one() -> None:
    pairs = list(jaquad_pairs(PARAGRAPHS, random.Random(0)))
    asked = {question.question for paragraph in PARAGRAPHS for question in paragraph.questions}
    assert any(pair.same for pair in pairs)
    for pair in pairs:
        assert pair.question != pair.text.text
        assert {pair.question, pair.text.text} & asked


def test_of_a_pair_of_questions_nothing_but_its_sameness_is_learnt() -> None:
    pair = Encoded([0, 5, 2, 2, 2, 6, 2], 5, [(0, 1)])
    batch = collate([(pair, target(pair, [], None, True)), (pair, target(pair, [], None, False))])
    tokens, answerable, same = torch.zeros(2, 7, 3), torch.zeros(2), torch.zeros(2)
    unsure = float(loss((tokens, answerable, same), batch))
    assert unsure == pytest.approx(math.log(2))
    assert float(loss((tokens + 3, answerable + 3, same), batch)) == pytest.approx(unsure)
    assert float(loss((tokens, answerable, torch.tensor([3.0, -3.0])), batch)) < 0.1


def small_plan(folder: Path) -> Path:
    lines = [
        {
            "p": "p1",
            "heading": ["１ 施設"],
            "s": ["児童館は３か所あります。", "公民館は２か所あります。", "古い館は直します。"],
        },
        {"p": "p2", "heading": ["２ 人"], "s": ["職員は研修を受けます。", "研修は毎年行います。"]},
        {"q": "子どもの施設の数", "k": "fact", "e": ["p1.0:３か所", "p1.1"]},
        {"q": "施設を全部", "k": "list", "e": ["p1.0", "p1.1"]},
        {"q": "館長は誰", "k": "none", "e": []},
    ]
    path = folder / "small.jsonl"
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    return path


class TestCharacterF1:
    @pytest.mark.parametrize(
        ("expected", "got", "value"),
        [("３か所", "3か所", 1.0), ("３か所", "児童館", 0.0), ("３か所", "３か所あります", 0.6), ("３か所", "", 0.0)],
    )
    def test_counts_the_characters_that_both_have(self, expected: str, got: str, value: float) -> None:
        assert character_f1(expected, got) == pytest.approx(value)
