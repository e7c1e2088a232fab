"""Many patterns are looked for as one; leaving some out may never leave out a hit."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.any_pattern import AnyPattern, needed_chars
from assistant.question import parse_question
from assistant.route import load_router

ROUTED = [(status, rule, AnyPattern(rule.patterns)) for status, rule in load_router().rules]
# Words of the rules themselves, so that texts made of them come near to being hit.
PIECES = sorted({piece for _, rule, _ in ROUTED for p in rule.patterns for piece in re.findall(r"\w{2,4}", p.pattern)})


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        ("死にたい", "死"),
        ("[火煙]が", "が"),
        ("火|煙", "火煙"),
        ("(?:火|煙)+", "火煙"),
        ("(?:火|煙)?", ""),
        ("火|", ""),
        ("火*", ""),
        ("[^火]", ""),
        ("[あ-ん]", ""),
        ("(?!火)", ""),
        ("(?<!火)", ""),
        ("(?=火)", "火"),
        ("(?<=火)", "火"),
        ("(?i:a)", ""),
        ("(?i)a", ""),
        ("(?>火)", "火"),
        ("(火)\\1", "火"),
        (".", ""),
        ("", ""),
    ],
)
def test_of_a_pattern_is_named_only_what_each_of_its_hits_has(pattern: str, needed: str) -> None:
    assert needed_chars(re.compile(pattern)) == frozenset(needed)


def test_no_patterns_hit_nothing() -> None:
    assert not AnyPattern([]).hits("火事です")


def test_a_pattern_that_needs_nothing_is_tried_on_each_text() -> None:
    assert AnyPattern([re.compile("火"), re.compile("^.{3}$")]).hits("あああ")


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=8).map("".join))
def test_what_one_of_the_rules_patterns_hits_all_of_them_together_hit(text: str) -> None:
    for _, rule, together in ROUTED:
        assert together.hits(text) == any(pattern.search(text) for pattern in rule.patterns)


@pytest.mark.parametrize("text", ["死にたい", "計画の期間はいつですか", "自助とは", "2＋2は", "！"])
def test_what_is_urgent_is_so_before_an_index_as_it_is_behind_one(text: str) -> None:
    router, question = load_router(), parse_question(text)
    assert router.is_urgent(question) == (router.route(question) == "urgent")
