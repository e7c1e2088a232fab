from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import InvalidQuestionError
from assistant.question import MAX_CHARS, parse_question


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "empty"),
        (" 　\n\t", "empty"),
        ("\u200b\u200d\ufeff", "empty"),
        ("\U000e0041\U000e0042", "empty"),
        ("あ" * 301, "too_long"),
        ("あ" * 100_000, "too_long"),
        ("ﷺ" * 300, "too_long"),
        ("a" + "\u0301\u0323" * 100_000, "too_long"),
        ("\ud800", "not_text"),
        ("計画\udfff", "not_text"),
    ],
)
def test_what_is_no_question_is_refused_with_its_reason(raw: str, reason: str) -> None:
    with pytest.raises(InvalidQuestionError) as caught:
        parse_question(raw)
    assert caught.value.reason == reason


def test_a_question_of_exactly_the_limit_is_taken_whole() -> None:
    assert parse_question("あ" * MAX_CHARS).text == "あ" * MAX_CHARS


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("　計画の　期間は？\r\n", "計画の 期間は?"),
        ("ﾎﾞﾗﾝﾃｨｱ", "ボランティア"),
        ("ＳＤＧｓとは", "SDGsとは"),
        ("計\u200b画\x00の\x1b期間", "計画の期間"),
        ("\u202e計画\u202c", "計画"),
    ],
)
def test_invisible_characters_go_and_widths_become_one(raw: str, clean: str) -> None:
    assert parse_question(raw).text == clean


@given(st.text(max_size=400))
def test_any_text_is_either_refused_or_clean_and_cleaning_again_changes_nothing(raw: str) -> None:
    try:
        question = parse_question(raw)
    except InvalidQuestionError:
        return
    assert 1 <= len(question.text) <= MAX_CHARS
    assert not [char for char in question.text if unicodedata.category(char)[0] == "C"]
    assert parse_question(question.text) == question


@given(st.text(alphabet=st.characters(categories=["Cs", "Lo", "Mn"]), max_size=50))
def test_a_lone_surrogate_never_gets_through(raw: str) -> None:
    try:
        question = parse_question(raw)
    except InvalidQuestionError:
        return
    assert question.text.encode("utf-8")
