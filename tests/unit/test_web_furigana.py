from __future__ import annotations

from importlib.metadata import distributions
from pathlib import Path

import pytest

from assistant.contacts import load_contacts
from assistant.settings import SHIPPED_CONTACTS
from corpus.model import Document
from web.furigana import Furigana
from web.ruby import add_ruby

GOLDEN = [
    line.split("\t") for line in (Path(__file__).parent.parent / "golden/furigana.tsv").read_text("utf-8").splitlines()
]


@pytest.fixture(scope="module")
def furigana() -> Furigana:
    return Furigana(load_contacts(SHIPPED_CONTACTS).city.readings)


def read(furigana: Furigana, text: str) -> str:
    return "".join(part.reading or part.text for part in furigana.annotate(text))


def test_ninety_nine_of_a_hundred_welfare_words_names_and_numbers_are_read_right(furigana: Furigana) -> None:
    assert len(GOLDEN) >= 100
    wrong = {text: read(furigana, text) for text, reading in GOLDEN if read(furigana, text) != reading}
    assert len(wrong) / len(GOLDEN) <= 0.01, wrong


def test_the_parts_are_the_text_letter_by_letter_over_the_whole_plan(furigana: Furigana, plan: Document) -> None:
    assert "".join(part.text for part in furigana.annotate(plan.text)) == plan.text
    assert not [part for part in furigana.annotate(plan.text) if part.reading and not set(part.reading) <= KANA]


KANA = {chr(code) for code in range(0x3041, 0x3097)} | {"ー"}


def test_readings_stand_over_the_kanji_and_not_over_the_kana_beside_them(furigana: Furigana) -> None:
    parts = [(part.text, part.reading) for part in furigana.annotate("取り残さない")]
    assert parts[:4] == [("取", "と"), ("り", ""), ("残", "のこ"), ("さ", "")]


def test_a_citys_own_reading_goes_before_the_dictionary() -> None:
    assert read(Furigana({"朝霞": "あさがすみ"}), "朝霞市") == "あさがすみし"


@pytest.mark.parametrize("text", ["", "ひらがな", "SDGs 2030", "\n", "<&>", "𠮟る", "々", "〇〇"])
def test_odd_texts_come_back_as_they_are(furigana: Furigana, text: str) -> None:
    assert "".join(part.text for part in furigana.annotate(text)) == text


def test_markup_gets_readings_only_over_its_japanese_text(furigana: Furigana) -> None:
    markup = (
        '<html lang="en"><title>計画</title><p>計画 &lt;b&gt;<span lang="ja" title="計画">計画<br>の</span></p>'
        '<textarea lang="ja">計画</textarea></html>'
    )
    assert add_ruby(markup, furigana, "en") == markup.replace(
        ">計画<br>", "><ruby>計画<rp>（</rp><rt>けいかく</rt><rp>）</rp></ruby><br>"
    )


def test_no_package_with_a_gpl_licence_is_needed_for_readings() -> None:
    assert "pykakasi" not in {distribution.metadata["Name"].lower() for distribution in distributions()}
