"""What is asked of the social welfare council is not answered by what the city does."""

from __future__ import annotations

import pytest

from assistant.actor import is_anothers_doing

OF_CITY = ("６ 前期計画の振り返り", "基本目標２ 見守り", "○市の取組")
OF_COUNCIL = (*OF_CITY[:2], "○社協の取組")
SENTENCE = "スーパー等と包括連携協定を結びました。"


@pytest.mark.parametrize(
    ("question", "is_anothers"),
    [
        ("社協が包括連携協定を結んだのは、どのような業種の会社ですか。", True),
        ("見守りに係る包括連携協定、社協の締結先の業種は。", True),
        ("朝霞市社会福祉協議会が結んだ協定の相手を教えて", True),
        ("社協がどこの会社と協定を結んだの", True),
        # Who acts is asked for, or may be another.
        ("協定を結んだのは市と社協のどちらですか", False),
        ("協定を結んだのは社協ですか", False),
        ("協定って社協?", False),
        ("協定は社協が結んだの?", False),
        ("社協さんだと思っていましたが、どこの取組ですか", False),
        ("社協は?", False),
        ("社協や市は誰と協定を結びましたか", False),
        # It is named, but what it does is not asked.
        ("社協の人に勧められました。認知症サポーター養成講座とは何ですか", False),
        ("社協に相談しても解決しません。福祉相談課は何をするところですか", False),
        ("社協以外ではどんな窓口がありますか", False),
        ("社協と連携している取組は何ですか", False),
        ("社協に委託している事業は何ですか", False),
        ("社協も参加した訓練は何ですか", False),
    ],
)
def test_who_asks_what_the_council_does_does_not_ask_what_the_city_does(question: str, is_anothers: bool) -> None:
    assert is_anothers_doing(question, [SENTENCE], [OF_CITY]) is is_anothers
    assert not is_anothers_doing(question, [SENTENCE], [OF_COUNCIL])


def test_a_sentence_that_names_the_council_or_that_no_heading_gives_to_anybody_may_be_its_own() -> None:
    question = "社協は何をしましたか"
    assert not is_anothers_doing(question, ["社協と協定を結びました。"], [OF_CITY])
    assert not is_anothers_doing(question, [SENTENCE], [OF_CITY[:2]])
    assert not is_anothers_doing(question, [SENTENCE] * 2, [OF_CITY, OF_COUNCIL])
    assert not is_anothers_doing("誰が何をしましたか", [SENTENCE], [OF_CITY])
