"""Which plan is spoken of."""

from __future__ import annotations

import pytest

from assistant.period import is_of_another_plan, period_of

OF_THIS = "本計画の計画期間は、令和３年度から令和７年度までの５年間とします。"
OF_FORMER = "第３期の計画では、基本理念を掲げました。"
OF_COMING = "令和７年度に次期計画の策定を行います。"


@pytest.mark.parametrize(
    ("question", "sentence", "heading", "another"),
    [
        ("前期計画の期間は", OF_THIS, "計画の期間", True),
        ("前の地域福祉計画の期間は", OF_THIS, "計画の期間", True),
        ("前回の計画の期間は", OF_THIS, "計画の期間", True),
        ("前計画の期間は", OF_THIS, "計画の期間", True),
        ("前期計画の理念は", OF_FORMER, "計画の策定", False),
        ("前期計画の取組は", "市は見守りを行いました。", "前期計画の振り返り", False),
        ("前々期の計画の理念は", OF_FORMER, "前期計画の振り返り", True),
        ("前の前の計画の理念は", OF_FORMER, "前期計画の振り返り", True),
        ("2つ前の計画の理念は", OF_FORMER, "前期計画の振り返り", True),
        ("前々期の計画の理念は", "前々期の理念は支え合いです。", "計画の歩み", False),
        ("次期計画の理念は", OF_FORMER, "計画の策定", True),
        ("次期計画の基本目標は", "基本目標１ 支え合い", "前期計画の振り返り", True),
        ("次期計画はいつ作りますか", OF_COMING, "前期計画の振り返り", False),
        ("次期計画の期間は", "令和８年度からの５年間とします。", "前期計画の評価と次期計画に向けて", False),
        ("次の福祉計画の期間は", OF_THIS, "計画の期間", True),
        ("次期計画はいつ作りますか", OF_COMING, "計画の期間", False),
        ("今の計画の基本目標は", "基本目標１ 支え合い", "前期計画の振り返り", True),
        ("今の計画の期間は", OF_THIS, "計画の期間", False),
        # Who says only that it is in the plan asks for no plan.
        ("この計画では見守りに何をしましたか", "市は見守りを行いました。", "前期計画の振り返り", False),
        ("今の計画の中で見守りは", "市は見守りを行いました。", "前期計画の振り返り", False),
        # No part of another word, and nothing that is only listed.
        ("前期高齢者の計画は", OF_THIS, "計画の期間", False),
        ("事前計画はありますか", OF_THIS, "計画の期間", False),
        ("駅前の福祉計画は", OF_THIS, "計画の期間", False),
        ("この名前の計画の期間は", OF_THIS, "計画の期間", False),
        ("第4次の計画の期間は", OF_THIS, "計画の期間", False),
        ("次のうち計画にあるものはどれですか", OF_THIS, "計画の期間", False),
        ("次のような計画はありますか", OF_THIS, "計画の期間", False),
        ("今度の計画は何年間ですか", OF_THIS, "計画の期間", False),
    ],
)
def test_what_a_plan_says_of_itself_is_told_from_what_it_says_of_another(
    question: str, sentence: str, heading: str, another: bool
) -> None:
    assert is_of_another_plan(question, [sentence], [heading]) is another


def test_one_sentence_on_the_plan_that_is_asked_for_is_enough() -> None:
    assert not is_of_another_plan("次期計画の期間は", [OF_THIS, OF_COMING], ["第４期計画の期間"] * 2)
    assert not is_of_another_plan("今の計画の理念は", [OF_FORMER, OF_THIS], ["前期計画の振り返り", "計画の期間"])


def test_what_stands_first_of_the_former_plan_is_no_answer_about_the_coming_one() -> None:
    assert is_of_another_plan("次期計画の目標は", ["目標１ 見守り", OF_COMING], ["前期計画の振り返り", "計画の期間"])


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("前期計画の理念は", "past"),
        ("前の計画の期間は", "past"),
        ("前々期の計画の理念は", "earlier"),
        ("前の前の計画の理念は", "earlier"),
        ("2つ前の計画の理念は", "earlier"),
        ("前の期に理念としていた言葉は", "past"),
        ("以前の計画では何を目指していましたか", "past"),
        ("前回の調査の回収率は", "past"),
        ("次期計画はいつ作りますか", "next"),
        ("次の計画の基本理念は", "next"),
        ("次の第5次計画はいつからですか", "next"),
        ("令和8年度から始まる次の地域福祉計画", "next"),
        ("市の次の計画", "next"),
        ("今度の計画は何年間ですか", "next"),
        ("前期高齢者は何人ですか", ""),
        ("始まる前の期間は何年ですか", ""),
        ("事前の計画はありますか", ""),
        ("この名前の計画はありますか", ""),
        ("第4次の計画の期間は", ""),
        ("第二次の計画の期間は", ""),
        ("第2次期間の評価は", ""),
        ("目次の計画の章はどこですか", ""),
        ("年次の報告はありますか", ""),
        ("次のうち計画にあるものはどれですか", ""),
        ("回覧板を次の家に渡しました。何という活動ですか", ""),
        ("次の方にも聞かれました。計画の期間は", ""),
        ("次の方針は", "next"),
        ("次の人権計画の期間は", "next"),
        ("次の家庭教育計画はいつできますか", "next"),
        ("基本理念は次のとおりです", ""),
        ("計画の期間は", ""),
    ],
)
def test_the_period_that_a_question_speaks_of_is_no_part_of_another_word(text: str, period: str) -> None:
    assert period_of(text) == period
