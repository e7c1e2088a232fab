"""The shipped plan: the canonical text against its golden file, and against the raw text in both directions."""

from __future__ import annotations

import re

import pytest

from corpus.lines import tidy, undouble
from corpus.model import Document, Passage
from corpus.passages import split_passages
from tests.conftest import GOLDEN, RAW_PLAN


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.fixture(scope="module")
def raw_lines(plan: Document) -> list[str]:
    """The raw file's lines with doubled letters undone and the reviewed corrections made; nothing else."""
    text = RAW_PLAN.read_text(encoding="utf-8")
    for correction in plan.info.corrections:
        text = text.replace(correction.find, correction.replace)
    return [line for line in (undouble(tidy(line)) for line in text.split("\n")) if line]


@pytest.fixture(scope="module")
def passages(plan: Document) -> list[Passage]:
    return split_passages(plan)


def test_the_canonical_text_is_the_one_that_was_checked_by_eye(plan: Document) -> None:
    assert plan.text + "\n" == (GOLDEN / "asaka-4.txt").read_text(encoding="utf-8")


def test_the_heading_tree_is_the_plans(plan: Document) -> None:
    headings = [block for block in plan.blocks if block.kind == "heading"]
    outline = "".join("  " * (block.level - 1) + plan.text[block.start : block.end] + "\n" for block in headings)
    assert outline == (GOLDEN / "asaka-4.outline.txt").read_text(encoding="utf-8")


def test_no_sentence_is_invented(passages: list[Passage], raw_lines: list[str]) -> None:
    raw = bare("".join(raw_lines))
    sentences = [sentence.text for passage in passages for sentence in passage.sentences]
    assert len(sentences) == 84
    assert [text for text in sentences if bare(text) not in raw] == []


def test_only_the_headings_that_name_an_aim_can_be_quoted(plan: Document, passages: list[Passage]) -> None:
    headings = {block.start for block in plan.blocks if block.kind == "heading"}
    quoted = [passage for passage in passages if passage.start in headings]
    assert [passage.text for passage in quoted] == [
        "基本目標１ 支え合い・助け合いの心づくりと仕組みづくり",
        "基本目標２ 安全・安心に暮らせる環境づくり",
        "基本目標３ 市民の暮らしや活動を支える体制づくり",
    ]
    assert {passage.section for passage in quoted} == {("６ 前期計画の振り返りについて",)}


def test_no_line_is_lost(plan: Document, raw_lines: list[str]) -> None:
    text = bare(plan.text)
    lines = {bare(line) for line in raw_lines}
    assert len(lines) > 150
    assert [line for line in lines if line not in text] == []


def test_no_whole_sentence_of_the_raw_text_is_lost(plan: Document, raw_lines: list[str]) -> None:
    text = bare(plan.text)
    # From 。 to 。 without one between, inside brackets or not: pieces that a window's edge has not cut.
    pieces = re.findall(r"(?<=。)[^。]+。", bare("".join(raw_lines)))
    known = {piece for piece in pieces if piece in text}
    # What is left runs over a window's edge or over a heading; each of its parts is a line, which the test above counts.
    lost = [piece for piece in set(pieces) - known if not any(bare(line) in piece for line in raw_lines)]
    assert len(known) >= 60
    assert lost == []


def test_each_sentence_stands_there_once(passages: list[Passage]) -> None:
    texts = [sentence.text for passage in passages if passage.quotable for sentence in passage.sentences]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("words", "section"),
    [
        ("社会福祉の増進に資することを目的とした法律です", ("１ 計画策定の背景",)),
        ("実際に市に住んでいる人", ("２ 地域福祉とは", "■「市民」と「住民」とは")),
        ("令和７（２０２５）年度までの５年間とします", ("４ 計画の期間",)),
        ("１７のゴール・１６９のターゲット", ("５ 社会情勢の変化", "〇ＳＤＧｓの理念や目標を踏まえて")),
        (
            "市内５つの地域包括支援センター",
            ("６ 前期計画の振り返りについて", "基本目標１ 支え合い・助け合いの心づくりと仕組みづくり", "○市の取組"),
        ),
        (
            "朝霞警察署との見守りネットワーク",
            ("６ 前期計画の振り返りについて", "基本目標２ 安全・安心に暮らせる環境づくり", "○社協の取組"),
        ),
        (
            "福祉相談課を新設し",
            ("６ 前期計画の振り返りについて", "基本目標３ 市民の暮らしや活動を支える体制づくり", "○市の取組"),
        ),
    ],
)
def test_a_sentence_stands_under_its_heading(passages: list[Passage], words: str, section: tuple[str, ...]) -> None:
    assert [passage.section for passage in passages if words in passage.text] == [section]


def test_a_lost_figures_caption_goes_with_the_paragraph_that_it_explains(passages: list[Passage]) -> None:
    captions = {passage.caption: passage.text for passage in passages if passage.caption}
    assert list(captions) == [
        "４助：「自助」・「互助」・「共助」・「公助」について",
        "ほんちょう児童館",
        "災害ボランティアセンターの立ち上げ訓練",
    ]
    four, hall, drill = captions.values()
    assert four.startswith("様々な生活課題について、")
    assert "「ほんちょう児童館」を開館し" in hall
    assert "災害ボランティアセンターの立ち上げ訓練を継続" in drill


def test_what_reviewers_wrote_about_the_plan_is_still_true(plan: Document) -> None:
    raw = RAW_PLAN.read_text(encoding="utf-8")
    assert plan.info.corrections
    assert all(correction.find in raw and correction.reason for correction in plan.info.corrections)
    assert all(f"\n\n{figure.heading}\n\n" in plan.text for figure in plan.info.figures)
    assert all(f"{gap.after}\n" in plan.text for gap in plan.info.gaps)
