"""A sentence that does not say whose it is stands under the plan's heading that does."""

from __future__ import annotations

import pytest

from assistant.answer import AnswerSentence, Citation
from assistant.verify import text_of, under_headings

SENTENCES = [
    AnswerSentence(text=text, citations=(n,)) for text, n in (("研修をした。", 1), ("車を出した。", 1), ("集まった。", 2))
]


def cited(number: int, *section: str) -> Citation:
    return Citation(
        n=number,
        passage_id="p",
        document="d",
        title="計画",
        section=section,
        page=None,
        quote="。",
        start=0,
        end=1,
        url="/",
    )


@pytest.mark.parametrize(
    ("heading", "shown"),
    [
        ("○市の取組", "市の取組"),
        ("〇 社協の主な取組み", "社協の主な取組み"),
        ("地域住民の役割", "地域住民の役割"),
        ("（２）行政が担うこと", "行政が担うこと"),
        ("第３章 施策の展開", ""),
        ("基本目標１ 支え合いの心づくり", ""),
        ("６ 前期計画の取組状況", ""),
    ],
)
def test_a_heading_that_says_who_acts_is_known_by_its_form(heading: str, shown: str) -> None:
    assert under_headings(SENTENCES[:1], [cited(1, "基本目標１", heading)])[0].heading == shown


def test_a_heading_stands_once_before_the_sentences_under_it() -> None:
    found = under_headings(SENTENCES, [cited(1, "○市の取組"), cited(2, "○社協の取組")])
    assert [sentence.heading for sentence in found] == ["市の取組", "", "社協の取組"]
    assert text_of(found) == "【市の取組】\n研修をした。[1]\n車を出した。[1]\n【社協の取組】\n集まった。[2]"


def test_without_such_a_heading_the_text_is_the_sentences_alone() -> None:
    found = under_headings(SENTENCES, [cited(1, "１ 背景"), cited(2)])
    assert text_of(found) == "研修をした。[1]\n車を出した。[1]\n集まった。[2]"


def test_the_names_of_aims_stand_under_the_heading_around_them_without_its_number() -> None:
    aims = [AnswerSentence(text=text, citations=(1,)) for text in ("基本目標１ 心づくり", "基本目標２ 環境づくり")]
    found = under_headings(aims, [cited(1, "第２章 現状", "６ 前期計画の振り返りについて")])
    assert [sentence.heading for sentence in found] == ["前期計画の振り返りについて", ""]


def test_an_aim_under_no_heading_is_shown_alone() -> None:
    assert under_headings([AnswerSentence(text="基本目標１ 心づくり", citations=(1,))], [cited(1)])[0].heading == ""
