from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from assistant.approved import ApprovedAnswer, Quote, anchored
from assistant.asked import Asked
from assistant.likeness import Held, Likeness, Wording, asks_for_another, nearest
from corpus.model import Document, DocumentInfo
from evals.approved import Group, count_matches
from evals.cases import Case
from web.staff.charts import bars
from web.staff.csv_export import csv_response, csv_text
from web.staff.grouping import group_questions
from web.storage.questions import Open

TEXT = "計画の期間は５年間です。\n\n社協も計画を作ります。\n\n社協も計画を作ります。"


def documents(text: str) -> dict[str, Document]:
    return {"plan": Document(DocumentInfo(id="plan", title="計画"), text, (), "0" * 64)}


def answer(quoted: str, start: int) -> ApprovedAnswer:
    return ApprovedAnswer(1, "期間は", (), (Quote("plan", start, start + len(quoted), quoted),))


PERIOD = answer("計画の期間は５年間です。", 0)


def test_a_quote_that_is_still_there_stays() -> None:
    assert anchored(PERIOD, documents(TEXT)) == PERIOD


def test_a_quote_that_has_only_moved_is_found_again() -> None:
    moved = anchored(PERIOD, documents("はじめに。\n\n" + TEXT))
    assert moved
    assert (moved.quotes[0].start, moved.quotes[0].text) == (7, PERIOD.quotes[0].text)


@pytest.mark.parametrize(
    "text", ["", TEXT.replace("５年間", "６年間"), f"あ{TEXT}\n\n計画の期間は５年間です。"], ids=["gone", "changed", "twice"]
)
def test_an_answer_whose_quote_has_changed_gone_or_stands_twice_elsewhere_has_no_place(text: str) -> None:
    assert anchored(PERIOD, documents(text)) is None


def test_a_quote_that_stands_twice_stays_where_it_is() -> None:
    twice = answer("社協も計画を作ります。", TEXT.index("社協"))
    assert anchored(twice, documents(TEXT)) == twice


def test_an_answer_has_no_place_without_its_document_or_with_one_of_its_quotes_lost() -> None:
    assert anchored(PERIOD, {}) is None
    lost = replace(PERIOD, quotes=(*PERIOD.quotes, Quote("plan", 0, 3, "ない文")))
    assert anchored(lost, documents(TEXT)) is None


SURE = Likeness(0.9, same_words=0.6, ahead=3.0, certainty=3.0)


def test_a_question_that_is_surely_answered_by_the_same_words_of_the_approved_sentence_is_the_same() -> None:
    assert (SURE.is_same(), SURE.is_near()) == (True, True)


@pytest.mark.parametrize(
    ("near", "maybe"),
    [
        (replace(SURE, certainty=None), True),
        (replace(SURE, certainty=2.5), True),
        (replace(SURE, same_words=0.4), True),
        (replace(SURE, ahead=1.4), True),
        (replace(SURE, cosine=0.85), False),
        (Likeness(0.99), True),
    ],
)
def test_where_one_sign_is_missing_the_approved_question_is_at_most_offered(near: Likeness, maybe: bool) -> None:
    assert (near.is_same(), near.is_near()) == (False, maybe)


def test_the_nearer_the_words_are_the_less_certain_the_sentence_must_be() -> None:
    assert replace(SURE, certainty=2.0, cosine=0.97).is_same()
    assert not replace(SURE, certainty=2.0, cosine=0.95).is_same()


def test_what_was_approved_for_just_these_words_holds_for_them() -> None:
    assert Likeness(1.0, identical=True).is_same()


def test_of_what_a_rule_lets_through_the_nearest_is_taken_and_of_equals_the_first() -> None:
    compared = [(replace(SURE, cosine=0.99, certainty=None), "unread"), (SURE, "first"), (SURE, "second")]
    assert nearest(compared, Likeness.is_same) == "first"
    assert nearest(compared, Likeness.is_near) == "unread"
    assert nearest(compared[:1], Likeness.is_same) is None


NOTHING_HELD = Held(frozenset(), frozenset(), frozenset(), "")
PLAIN = Wording(
    text="基本理念は",
    spelt="基本理念は",
    vector=np.array([1.0], dtype=np.float32),
    terms=frozenset(("基本理念",)),
    names=frozenset(),
    numbers=frozenset(),
    period="",
    aspects=frozenset(),
    asked=Asked("open"),
    compares=False,
    read={},
)
OTHER_CITY = replace(PLAIN, names=frozenset(("志木",)), terms=PLAIN.terms | {"志木"})
THIRD = replace(PLAIN, numbers=frozenset(("第3期",)))
FORMER = replace(PLAIN, period="past")
EARLIER = replace(PLAIN, period="earlier")
COMING = replace(PLAIN, period="next")
OF_COUNCIL = replace(PLAIN, terms=PLAIN.terms | {"社協"})
OF_PRICE = replace(PLAIN, asked=Asked("how_much", "円"))
OF_TIMES = replace(PLAIN, asked=Asked("how_many", "回"))
OF_DATE = replace(PLAIN, asked=Asked("when"))
COMPARING = replace(PLAIN, compares=True)


@pytest.mark.parametrize(
    ("asked", "approved", "another"),
    [
        (PLAIN, PLAIN, False),
        (OTHER_CITY, PLAIN, True),
        (PLAIN, OTHER_CITY, True),
        (OTHER_CITY, OTHER_CITY, False),
        (THIRD, PLAIN, True),
        (PLAIN, THIRD, True),
        (FORMER, FORMER, False),
        (FORMER, THIRD, False),
        (FORMER, COMING, True),
        (FORMER, EARLIER, True),
        (EARLIER, FORMER, True),
        (EARLIER, EARLIER, False),
        (EARLIER, THIRD, True),
        (COMING, FORMER, True),
        (FORMER, PLAIN, True),
        (PLAIN, FORMER, False),
        (COMING, COMING, False),
        (COMING, PLAIN, True),
        (PLAIN, COMING, False),
        (COMING, THIRD, True),
        (replace(COMING, numbers=THIRD.numbers), THIRD, False),
        (replace(COMING, numbers=THIRD.numbers), replace(COMING, numbers=frozenset(("第4期",))), True),
        (replace(PLAIN, aspects=frozenset(("aim",))), PLAIN, True),
        (PLAIN, replace(PLAIN, aspects=frozenset(("except",))), True),
        (OF_COUNCIL, PLAIN, True),
        (PLAIN, OF_COUNCIL, False),
        (OF_COUNCIL, OF_COUNCIL, False),
        (OF_PRICE, PLAIN, True),
        (OF_PRICE, OF_TIMES, True),
        (OF_PRICE, OF_PRICE, False),
        # Who approved an answer to a price may be asked for it by a word alone; and a date is asked for in many ways.
        (PLAIN, OF_PRICE, False),
        (OF_DATE, PLAIN, False),
        (COMPARING, PLAIN, True),
        (PLAIN, COMPARING, False),
        (COMPARING, COMPARING, False),
    ],
)
def test_questions_for_other_places_numbers_periods_aspects_or_values_are_told_apart(
    asked: Wording, approved: Wording, another: bool
) -> None:
    assert asks_for_another(asked, approved, NOTHING_HELD) is another


def test_a_name_a_number_or_a_time_that_the_approved_sentences_hold_tells_nothing_apart() -> None:
    held = Held(frozenset(), frozenset(("志木", "社協")), frozenset(("第3期",)), "past")
    assert not asks_for_another(OTHER_CITY, PLAIN, held)
    assert not asks_for_another(THIRD, PLAIN, held)
    assert not asks_for_another(OF_COUNCIL, PLAIN, held)
    assert not asks_for_another(FORMER, PLAIN, held)
    assert asks_for_another(COMING, PLAIN, held)


def test_prose_of_the_plan_speaks_of_no_other_time_unless_of_the_plan_before() -> None:
    assert asks_for_another(COMING, PLAIN, Held.of([], ["次期計画に向けて、次の３つを進めます。"]))
    assert not asks_for_another(FORMER, PLAIN, Held.of([], ["６ 前期計画の振り返りについて", "児童館を開館しました。"]))


def case(number: int, evidence: str, group: str = "") -> Case:
    wanted = ((evidence,),) if evidence else ()
    return Case(id=str(number), category="fact", question="?", answerable=bool(evidence), evidence=wanted, group=group)


CASES = [case(0, "５年間", "period"), case(1, "５年間", "period"), case(2, "５年間"), case(3, "社協"), case(4, "")]
# Of the group's two members each is approved in its turn, the first one twice.
GROUPS = {"period": Group((0, 1), (PERIOD, PERIOD), (("何年間",), ()))}
# By which question, and the wording that is approved in the first turn and in the second.
BY_FIRST, BY_SECOND = (0, 0), (1, 1)


def likeness_keys(matched: set[tuple[int, tuple[int, int]]]) -> list[tuple[str, int, int, int | str]]:
    return [("period", turn, row, wording) for row, (wording, turn) in matched]


@pytest.mark.parametrize(
    ("matched", "figures"),
    [
        (set(), (0.0, 0, 0, 0)),
        ({(1, BY_FIRST)}, (2 / 3, 2, 0, 0)),
        ({(1, BY_FIRST), (0, BY_SECOND)}, (1.0, 3, 0, 0)),
        ({(2, BY_FIRST), (2, BY_SECOND)}, (0.0, 3, 3, 0)),
        ({(3, BY_SECOND)}, (0.0, 0, 0, 1)),
        ({(1, BY_FIRST), (3, BY_FIRST), (4, BY_FIRST)}, (2 / 3, 2, 0, 4)),
    ],
    ids=["none", "two turns of three", "all", "a question of its own", "wrong", "right and wrong"],
)
def test_matches_are_counted_by_whether_the_approved_sentence_holds_the_evidence(
    matched: set[tuple[int, tuple[int, int]]], figures: tuple[float, int, int, int]
) -> None:
    unlike = dict.fromkeys(likeness_keys({(row, BY_FIRST) for row in (1, 2, 3, 4)}), Likeness(0.5))
    likenesses = unlike | dict.fromkeys(likeness_keys(matched), SURE)
    assert count_matches(CASES, GROUPS, likenesses, Likeness.is_same, "one") == figures


def test_with_all_wordings_approved_a_question_is_compared_with_each_but_itself() -> None:
    by_second = {("period", 0, 1, 0): Likeness(0.5), ("period", 0, 2, 1): SURE}
    assert count_matches(CASES, GROUPS, by_second, Likeness.is_same, "one") == (0.0, 0, 0, 0)
    assert count_matches(CASES, GROUPS, by_second, Likeness.is_same, "all others") == (0.0, 2, 2, 0)


def test_with_the_proposed_wordings_approved_a_question_is_compared_with_those_of_the_turn_too() -> None:
    by_proposed = {("period", 0, 1, "何年間"): SURE, ("period", 0, 3, 1): SURE}
    assert count_matches(CASES, GROUPS, by_proposed, Likeness.is_same, "one") == (0.0, 0, 0, 0)
    # In two of three turns; the other member of the group is not approved with them.
    assert count_matches(CASES, GROUPS, by_proposed, Likeness.is_same, "with proposed") == (2 / 3, 2, 0, 0)


DANGEROUS = ['=HYPERLINK("http://evil.example")', "@SUM(A1)", "+1", "-1", "\tx", "\rx", "＝1+1", " =1", "\0=1"]


@pytest.mark.parametrize("cell", DANGEROUS)
def test_a_cell_that_would_be_a_formula_is_made_harmless(cell: str) -> None:
    ((read,),) = csv.reader(io.StringIO(csv_text([[cell]]), newline=""))
    assert read == f"'{cell}"


def test_a_file_is_read_back_with_as_many_rows_in_the_encoding_that_a_spreadsheet_expects() -> None:
    rows = [["質問", "回数"], ['引用"符', 3], ["行\r\n替え", 4], ["カンマ,", 5], *([cell, 1] for cell in DANGEROUS)]
    content = bytes(csv_response(rows, "x.csv").body)
    assert content.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert len(read) == len(rows)
    assert read[1] == ['引用"符', "3"]
    assert all(line.endswith("\r\n") for line in csv_text(rows[:2]).splitlines(keepends=True))


def question(number: int, text: str, rated: bool = False) -> Open:
    return Open(number, text, "not_in_plan", rated)


def test_questions_are_grouped_by_what_they_mean_the_largest_group_first() -> None:
    vectors = np.array([[0, 1], [1, 0], [0.999, 0.0447]], dtype=np.float32)
    questions = [question(1, "電話番号は"), question(2, "いつまで"), question(3, "いつまでですか", rated=True)]
    first, second = group_questions(questions, vectors)
    assert (first.count, first.rated, first.ids, second.lead) == (2, 1, "2,3", "電話番号は")
    assert group_questions([], np.empty((0, 2), dtype=np.float32)) == []
    assert [group.count for group in group_questions(questions[:1], vectors[:1])] == [1]


def test_the_highest_bar_fills_the_chart_and_none_of_nothing_is_drawn() -> None:
    low, high = bars([("a", 1), ("b", 4)])
    assert (high.y, high.height, low.height) == (0.0, 160.0, 40.0)
    assert bars([]) == []
    assert [bar.height for bar in bars([("a", 0)])] == [0.0]
