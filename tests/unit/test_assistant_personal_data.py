from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.check_digits import is_card_number, is_my_number
from assistant.errors import IdentifierKind, PersonalDataError
from assistant.personal_data import find_identifiers, load_patterns, mask, refuse_identifiers
from assistant.question import Question, parse_question
from tests.bad_inputs import of_class, own_of_class
from tests.conftest import REPOSITORY

# 架空の番号。
IDENTIFIERS: dict[str, list[str]] = {
    "my_number": [
        "マイナンバーは123456789018です",
        "１２３４５６７８９０１８は私の番号です",
        "一二三四五六七八九〇一八で調べて",
        "1 2 3 4 5 6 7 8 9 0 1 8",
        "個人番号 1234-5678-9012 を登録して",
        "1234\u200b5678\u200d9018",
    ],
    "resident_code": ["住民票コード 123-4567-8901 の写し", "住民票コードは 123 4567 8901 です"],
    "card": [
        "5555555555554444で払えますか",
        "Visa 4242-4242-4242-4242",
        "3782 822463 10005",
        "カード番号 1111 2222 3333 4444",
    ],
    "phone": [
        "携帯は０８０－１２３４－５６７８です",
        "〇九〇ー一二三四ー五六七八に連絡ください",
        "+81 90 1234 5678",
        "自宅の電話は048-463-1234です",
        "(048)463-1234に折り返しください",
        "ぜろきゅうぜろの 1234 の 5678 まで",
        "please call me at 03-1234-5678",
    ],
    "email": [
        "hanako@mail.example.ne.jp",
        "h a n a @ example.com",
        "hanako アットマーク example ドット jp",
        "hanako(at)example(dot)org",
    ],
    "residence_card": ["在留カードはＡＢ１２３４５６７８ＣＤ", "ab 12345678 cd の期限"],
    "passport": ["パスポートTK1234567の期限", "护照号码 TR 7654321"],
    "pension": ["基礎年金番号1234-567890の加入期間", "年金手帳 1234567890"],
    "bank": ["三井銀行 普通 1234567", "ゆうちょ 記号12345 番号12345671 に振込", "口座番号は7654321です"],
    "licence": ["免許証の番号は 3012 3456 7890", "운전면허 번호 123456789012"],
    "insurance": ["介護保険の被保険者番号0000123456", "保険証の記号12 番号345678", "資格確認書 番号 87654321"],
}
HARMLESS = [
    *("048-463-1111は市役所の番号ですか", "048-463-1111 の受付時間は", "福祉相談課の電話番号は048-463-1594ですか"),
    *("ISBN 978-4-00-310101-8の本は図書館にありますか", "ISBN4003101014", "昭和26年法律第45号 社会福祉法"),
    *("令和3年4月1日から令和8年3月31日まで", "2021-04-01から2026-03-31までですか", "20260501123000"),
    *("〒351-8501 はどこですか", "予算は100000000000円ですか", "人口141,083人、65歳以上は27,436人"),
    *(
        "#8008 と 189 の違い",
        "0570-064-556は何の番号",
        "保険証は2026年4月1日から使えますか",
        "口座振替の申込は2026年5月12日まで？",
    ),
    *(
        "第107条第1項第3号",
        "朝霞市の団体コード112275",
        "電話相談は月から金の9:00-17:00ですか",
        "soudan@example.or.jp は窓口ですか",
    ),
    *("shakyo@city.asaka.lg.jp に送ればいい？", "マイナンバーは何桁ですか", "090で始まる番号から電話が来ました"),
]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in IDENTIFIERS.items() for text in texts])
def test_an_identifier_is_refused_and_only_its_kind_is_said(kind: str, text: str) -> None:
    with pytest.raises(PersonalDataError) as caught:
        refuse_identifiers(parse_question(text))
    assert caught.value.kind == kind
    assert not any(char.isdigit() for char in str(caught.value))


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_that_are_nobodys_own_are_no_reason_to_refuse(text: str) -> None:
    assert find_identifiers(parse_question(text).text) == []


def test_no_tuning_question_and_no_benign_line_is_refused() -> None:
    questions = [
        json.loads(line)["question"]
        for path in sorted((REPOSITORY / "evals" / "cases" / "tuning").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    questions += [str(line.input) for line in [*of_class("benign"), *own_of_class("benign")]]
    assert len(questions) > 280
    assert [text for text in questions if find_identifiers(parse_question(text).text)] == []


def test_the_plan_itself_holds_nothing_that_would_be_refused() -> None:
    lines = (REPOSITORY / "corpus" / "documents" / "asaka-4.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if find_identifiers(line)] == []


def test_the_reviewed_file_refuses_just_the_kinds_that_the_messages_know() -> None:
    assert {rule.kind for rule in load_patterns().refused} == set(get_args(IdentifierKind))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("私は鈴木一郎と申します。本町1丁目2番3号に住んでいます", "私は[氏名]と申します。[住所]に住んでいます"),
        ("元夫の佐藤から逃げています", "元夫の[氏名]から逃げています"),
        ("朝霞市本町1-2-3の田中さんが", "[住所]の[氏名]さんが"),
        ("電話 090-1234-5678 まで", "電話 [電話番号] まで"),
        ("车牌 My name is Taro Yamada.", "车牌 My name is [氏名]."),
        ("山田一郎(中央小学校2年3組)がいじめられています", "[氏名]([学校])がいじめられています"),
        ("車のナンバー 架空 500 あ 12-34 です", "車のナンバー [車両番号] です"),
        ("計画の期間はいつからいつまでですか", "計画の期間はいつからいつまでですか"),
        ("", ""),
    ],
)
def test_a_text_is_masked_with_what_stood_there(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize("text", [text for texts in IDENTIFIERS.values() for text in texts])
def test_no_digits_of_an_identifier_are_left_after_masking(text: str) -> None:
    cleaned = parse_question(text).text
    (found, *_) = find_identifiers(cleaned)
    assert cleaned[found.start : found.end] not in mask(cleaned)


@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_text_can_be_masked(text: str) -> None:
    readable = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
    assert "[" in mask(text) or mask(text) == readable


@pytest.mark.parametrize("number", ["123456789018", "000000000000"])
def test_a_my_number_has_the_check_digit_of_its_law(number: str) -> None:
    assert is_my_number(number)
    assert not is_my_number(number[:-1] + str((int(number[-1]) + 1) % 10))


@pytest.mark.parametrize(("number", "valid"), [("4242424242424242", True), ("4242424242424241", False)])
def test_a_card_number_passes_luhns_sum(number: str, valid: bool) -> None:
    assert is_card_number(number) is valid


def test_a_clean_question_comes_back_as_it_is() -> None:
    question = Question("計画の期間は")
    assert refuse_identifiers(question) is question
