"""What only names something asks what the plan says of it; whatever asks for more is left to the decision."""

from __future__ import annotations

import pytest

from assistant.topic import aim_of, aims_asked, holds, terms_meant, topic_of


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("再犯防止", ("再犯防止",)),
        ("再犯防止?", ("再犯防止",)),
        ("再犯防止は", ("再犯防止",)),
        ("再犯防止について", ("再犯防止",)),
        ("再犯防止について教えてください", ("再犯防止",)),
        ("再犯防止のことを知りたいです。", ("再犯防止",)),
        ("再犯防止は計画に書いてありますか", ("再犯防止",)),
        ("この計画では、再犯防止について何か書かれていますか?", ("再犯防止",)),
        ("計画書に再犯防止は載っていますか", ("再犯防止",)),
        ("再犯防止に触れていますか", ("再犯防止",)),
        ("再犯防止について計画はどう述べていますか", ("再犯防止",)),
        ("ひとり親への支援はありますか", ("ひとり親", "支援")),
        ("弁護士会 協定", ("弁護士会", "協定")),
        ("乳酸飲料と見守りの関係", ("乳酸飲料", "見守り", "関係")),
        ("配食サービスのメニュー", ("配食サービス", "メニュー")),
        ("ヤングケアラーへの支援、これには何て書いてあります?", ("ヤングケアラー", "支援")),
        ("再犯防止については、この計画ではどう位置づけているのでしょう", ("再犯防止",)),
    ],
)
def test_a_question_that_asks_no_more_than_what_is_said_of_something_names_it(text: str, topic: tuple[str, ...]) -> None:
    assert topic_of(text) == topic


@pytest.mark.parametrize(
    "text",
    [
        "再犯防止とは",
        "再犯防止って何ですか",
        "再犯防止に誰が取り組みますか",
        "台帳には何が書かれていますか",
        "児童館には何がありますか",
        "計画の期間はいつですか",
        "障害のある人が働く場所",
        "何が書いてありますか",
        "計画について教えてください",
        "朝霞市",
        "？",
    ],
)
def test_a_question_that_asks_for_more_or_names_nothing_of_its_own_has_no_topic(text: str) -> None:
    assert topic_of(text) == ()


@pytest.mark.parametrize(
    ("text", "named", "held"),
    [
        ("ＩＣＴの活用についても検討が必要です。", [("ict",), ("活用",)], True),
        ("ＩＣＴの活用についても検討が必要です。", [("オンライン", "デジタル化", "ICT"), ("活用",)], True),
        ("ＩＣＴの活用についても検討が必要です。", [("ICT",), ("費用",)], False),
        ("人口減少が進んでいます。", [("人口",)], False),
        ("人口が減っています。", [("人口",)], True),
        ("避難行動要支援者台帳を配布しました。", [("避難行動要支援者",)], True),
        ("本文です。", [], False),
    ],
)
def test_a_text_speaks_of_what_is_named_where_it_has_all_of_it_word_for_word_under_one_of_its_names(
    text: str, named: list[tuple[str, ...]], held: bool
) -> None:
    assert holds(text, named) == held


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("地域共生社会とは", ("地域共生社会",)),
        ("地域共生社会とは何ですか", ("地域共生社会",)),
        ("「地域共生社会」とはどういう意味ですか?", ("地域共生社会",)),
        ("地域共生社会って何?", ("地域共生社会",)),
        ("地域共生社会ってどんなもの", ("地域共生社会",)),
        ("地域共生社会というのは何ですか", ("地域共生社会",)),
        ("地域共生社会の意味を教えてください", ("地域共生社会",)),
        ("社協は何の略ですか", ("社協",)),
        ("自助・共助とは", ("自助", "共助")),
        ("計画の期間とはいつですか", ()),
        ("福祉相談課とはどこですか", ()),
        ("地域共生社会について教えて", ()),
        ("何とは", ()),
        ("とは", ()),
    ],
)
def test_the_terms_are_known_whose_meaning_is_asked_for(text: str, terms: tuple[str, ...]) -> None:
    assert terms_meant(text) == terms


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("基本目標２は何ですか", {2}),
        ("基本目標1・2・3の名前を全部", {1, 2, 3}),
        ("基本目標１と２の違いは?", {1, 2}),
        ("基本目標１と基本目標３を教えて", {1, 3}),
        ("基本目標１～３の名前は何ですか", {1, 2, 3}),
        ("基本目標1から3まで", {1, 2, 3}),
        ("基本目標１０の名前", {10}),
        ("基本目標はいくつありますか", set()),
        ("基本目標１以外の目標は", set()),
        ("基本目標１の次の目標は", set()),
    ],
)
def test_the_aims_that_are_asked_for_are_known_by_their_numbers(text: str, numbers: set[int]) -> None:
    assert aims_asked(text) == {("目標", number) for number in numbers}


@pytest.mark.parametrize(
    ("line", "aim"),
    [
        ("基本目標１ 支え合いの心づくり", ("目標", 1)),
        ("基本目標１ ８０５０問題への対応", ("目標", 1)),
        ("重点施策２ 24時間つながる相談", ("施策", 2)),
        ("基本目標３", None),
        ("基本目標１に沿って取り組みました。", None),
    ],
)
def test_an_aims_own_number_is_the_one_before_its_name(line: str, aim: tuple[str, int] | None) -> None:
    assert aim_of(line) == aim
