"""Which questions get an approved answer, over the real plan with the real reader."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.approved import (
    MAX_PROPOSED,
    ApprovedAnswer,
    ApprovedBook,
    Match,
    Quote,
    approved_answer,
    proposed_wordings,
    questions_answered,
)
from assistant.asked import Asked
from assistant.assistant import Assistant
from assistant.likeness import Likeness, wording_of
from assistant.question import Question
from assistant.reader import Reader, Reading, Text
from evals.approved import measure_plan
from evals.reader.plans import read_plan
from tests.fakes import answering_unsurely

NUMBER_OF_CENTRES = "市内の地域包括支援センターは何か所ですか"
FORMER_AIM = "第３期計画が掲げた基本理念は何"
GIVEN_TO = "避難行動要支援者台帳の配布先を教えてください。"
SERVED = [
    ("地域包括支援センターの数", NUMBER_OF_CENTRES),
    ("避難行動要支援者台帳は誰に配られていますか", GIVEN_TO),
    # With a slip of the keyboard, which alone would make it another question.
    ("市内の地域包活支援センターは何か所ですか", NUMBER_OF_CENTRES),
    ("地域包活支援センターの数", NUMBER_OF_CENTRES),
    ("前期計画の基本理念", FORMER_AIM),
    ("お年寄りの相談に乗る包括支援センターは市内にいくつあるの", NUMBER_OF_CENTRES),
    ("災害のとき自力で逃げられない人の名簿はどこに渡っていますか", GIVEN_TO),
    # Whose trouble it is, and what the question is not about, is told before it.
    ("母が一人で逃げられないので心配です。避難のとき助けがいる人の台帳は、どこに配ってあるのですか。", GIVEN_TO),
]
NOT_SERVED = [
    ("社協は避難行動要支援者台帳をどこに配りましたか", GIVEN_TO),
    ("志木市には地域包括支援センターがいくつありますか", NUMBER_OF_CENTRES),
    ("令和8年度から始まる次の地域福祉計画の基本理念は何ですか。", FORMER_AIM),
    ("前期計画の基本目標を3つともあげてください。", FORMER_AIM),
    ("避難行動要支援者台帳には何が書かれていますか", GIVEN_TO),
    ("避難行動要支援者台帳の作成費用はいくらですか", GIVEN_TO),
    ("避難行動要支援者台帳はいつ配られましたか", GIVEN_TO),
    ("地域包括支援センターの職員は何人ですか", NUMBER_OF_CENTRES),
    ("ちいきほうかつしえんせんたーに しょくいんは なんにん", NUMBER_OF_CENTRES),
    ("地域包括支援センターと福祉相談課の違いは", NUMBER_OF_CENTRES),
    ("第３期計画の基本理念を変えたのはなぜですか", FORMER_AIM),
]


def approved(assistant: Assistant, question: str, note: str = "") -> ApprovedAnswer:
    """The sentence that comes first, as if an editor had approved it, whether it would be answered or not."""
    found = assistant.examine(question).found
    assert found
    best = found.picks[0]
    quote = Quote(best.passage.document_id, best.sentence.start, best.sentence.end, best.sentence.text)
    return ApprovedAnswer(1, question, (), (quote,), note)


def match(assistant: Assistant, question: str, answers: Sequence[ApprovedAnswer]) -> Match | None:
    return read_book(answers, assistant).match(assistant.examine(question), assistant)


def read_book(answers: Sequence[ApprovedAnswer], assistant: Assistant) -> ApprovedBook:
    """The answers, with their questions searched and read for."""
    book = ApprovedBook.of(answers, assistant.retriever.index)
    for text in book.unread():
        book = book.with_wording(wording_of(assistant.find(Question(text)), assistant))
    return book


@pytest.mark.parametrize(("asked", "question"), SERVED)
def test_a_question_in_other_words_is_served_what_was_approved(assistant: Assistant, asked: str, question: str) -> None:
    answer = approved(assistant, question)
    assert match(assistant, asked, [answer]) == Match(answer, sure=True)


@pytest.mark.parametrize(("asked", "question"), NOT_SERVED)
def test_a_question_that_differs_in_what_matters_is_not_served_it(assistant: Assistant, asked: str, question: str) -> None:
    found = match(assistant, asked, [approved(assistant, question)])
    assert found is None or not found.sure


def test_what_the_reader_does_not_know_for_the_same_is_offered(assistant: Assistant) -> None:
    """Who it is given to, what asks for a place does not say."""
    answer = approved(assistant, GIVEN_TO)
    assert match(assistant, "避難行動要支援者台帳はどこにありますか", [answer]) == Match(answer, sure=False)


@pytest.mark.parametrize(
    ("text", "asked", "compares"),
    [
        ("市の講座は なんえん かかりますか", Asked("how_much", "円"), False),
        # What is told before does not tell what is asked for.
        ("会費はいくらかと迷っていました。児童館の名前を教えて！", Asked("name"), False),
        # Nor does what is polite after it.
        ("会費はいくらですか。教えてください。", Asked("how_much", "円"), False),
        ("市民と住民の違いは", Asked("open"), True),
        ("市民と住民の違いを。よろしくお願いします", Asked("open"), True),
        ("姉とは考えが違うのですが。計画は何年間ですか", Asked("how_many", "年"), False),
    ],
)
def test_what_a_question_asks_for_is_told_by_its_last_sentence(
    assistant: Assistant, text: str, asked: Asked, compares: bool
) -> None:
    wording = wording_of(assistant.find(Question(text)), assistant)
    assert (wording.asked, wording.compares) == (asked, compares)


@pytest.mark.parametrize(
    ("text", "aspects"),
    [
        ("検挙者の目標は何人ですか", {"aim"}),
        ("国連の大きい目標は何個ですか", set()),
        ("公助以外の助け合いは", {"except"}),
        ("法律が変わる前は計画はどんな位置づけでしたか", {"before"}),
        ("改正前の位置づけは", {"before"}),
        ("計画の前期の評価は", set()),
    ],
)
def test_what_a_like_question_must_ask_for_too(assistant: Assistant, text: str, aspects: set[str]) -> None:
    assert wording_of(assistant.find(Question(text)), assistant).aspects == aspects


def test_the_wordings_proposed_are_anticipated_questions_that_the_sentence_answers_the_nearest_first(
    assistant: Assistant,
) -> None:
    quotes = approved(assistant, NUMBER_OF_CENTRES).quotes
    proposed = proposed_wordings(Question(NUMBER_OF_CENTRES), quotes, assistant)
    assert len(proposed) == MAX_PROPOSED
    texts = [proposal.text for proposal in proposed]
    assert set(texts) <= set(questions_answered(quotes, assistant.retriever.index))
    by_first = proposed_wordings(Question(texts[0]), quotes, assistant)
    assert texts[0] not in [proposal.text for proposal in by_first]


def test_a_proposed_wording_that_asks_for_another_kind_of_thing_comes_last_and_is_no_same_one(assistant: Assistant) -> None:
    proposed = proposed_wordings(Question(NUMBER_OF_CENTRES), approved(assistant, NUMBER_OF_CENTRES).quotes, assistant)
    same = {proposal.text: proposal.asks_the_same for proposal in proposed}
    assert same["包括センターは何か所"]
    assert False in same.values()
    assert list(same.values()) == sorted(same.values(), reverse=True)


def test_nothing_is_proposed_for_other_sentences_or_for_what_is_never_served(assistant: Assistant) -> None:
    elsewhere = approved(assistant, FORMER_AIM).quotes
    here = approved(assistant, NUMBER_OF_CENTRES).quotes
    answered_here = questions_answered(here, assistant.retriever.index)
    proposed = proposed_wordings(Question(FORMER_AIM), elsewhere, assistant)
    assert proposed
    assert not {proposal.text for proposal in proposed}.intersection(answered_here)
    assert proposed_wordings(Question("こんにちは"), elsewhere, assistant) == []
    assert proposed_wordings(Question(FORMER_AIM), (), assistant) == []


class CountingReader:
    """A reader that counts what it is asked for."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.read_for = reader, 0

    def read(self, question: str, texts: Sequence[Text]) -> list[Reading] | None:
        self.read_for += 1
        return self.reader.read(question, texts)


def test_however_many_wordings_are_approved_their_sentence_is_read_again_once(assistant: Assistant) -> None:
    assert assistant.reader
    answer = approved(assistant, NUMBER_OF_CENTRES)
    answer = replace(
        answer, others=("地域包括支援センターは市内に何か所ありますか", "地域包括支援センターは市内にいくつありますか")
    )
    book = read_book([answer, replace(answer, id=2)], assistant)
    examined = assistant.examine(SERVED[0][0])
    counting = CountingReader(assistant.reader)
    assert book.match(examined, replace(assistant, reader=counting)) == Match(answer, sure=True)  # type: ignore[arg-type]
    assert counting.read_for == 1


def test_a_note_is_served_to_the_approved_words_only(assistant: Assistant) -> None:
    answer = approved(assistant, NUMBER_OF_CENTRES, note="地図は窓口にあります。")
    assert match(assistant, SERVED[0][0], [answer]) == Match(answer, sure=False)
    assert match(assistant, NUMBER_OF_CENTRES, [answer]) == Match(answer, sure=True)


def test_what_would_be_served_without_its_note_is_offered_though_its_cosine_alone_is_not_near(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Likeness, "is_near", lambda self: False)
    plain = approved(assistant, NUMBER_OF_CENTRES)
    assert match(assistant, SERVED[0][0], [plain]) == Match(plain, sure=True)
    noted = replace(plain, note="地図は窓口にあります。")
    assert match(assistant, SERVED[0][0], [noted]) == Match(noted, sure=False)


def test_an_approved_answer_bears_no_caution_however_unsure_the_assistant_was(assistant: Assistant) -> None:
    examined = answering_unsurely(assistant).examine(NUMBER_OF_CENTRES)
    assert examined.answer.caution
    assert approved_answer(approved(assistant, NUMBER_OF_CENTRES), examined, assistant).caution is None


def test_without_a_reader_only_the_approved_words_are_sure(assistant: Assistant) -> None:
    unread = replace(assistant, reader=None)
    answer = approved(assistant, NUMBER_OF_CENTRES)
    assert match(unread, NUMBER_OF_CENTRES, [answer]) == Match(answer, sure=True)
    found = match(unread, SERVED[0][0], [answer])
    assert found is None or not found.sure


def test_of_several_approved_answers_the_one_to_the_question_is_served(assistant: Assistant) -> None:
    answers = [approved(assistant, question) for question in (FORMER_AIM, NUMBER_OF_CENTRES, GIVEN_TO)]
    assert match(assistant, SERVED[0][0], answers) == Match(answers[1], sure=True)
    assert match(assistant, "社協とは何ですか", answers) is None
    assert match(assistant, SERVED[0][0], []) is None


def test_an_approved_question_is_found_in_its_own_words_only_until_it_is_read_for(assistant: Assistant) -> None:
    answer = approved(assistant, NUMBER_OF_CENTRES)
    book = ApprovedBook.of([answer], assistant.retriever.index)
    assert book.unread() == [NUMBER_OF_CENTRES]
    assert book.match(assistant.examine(NUMBER_OF_CENTRES), assistant) == Match(answer, sure=True)
    assert book.match(assistant.examine(SERVED[0][0]), assistant) is None


def test_what_is_known_of_a_wording_is_kept_for_the_same_index_only(assistant: Assistant) -> None:
    answer = approved(assistant, NUMBER_OF_CENTRES)
    book = read_book([answer], assistant)
    assert book.unread() == []
    new = ApprovedBook.of([replace(answer, others=(FORMER_AIM,))], assistant.retriever.index)
    assert new.knowing(book).unread() == [FORMER_AIM]
    assert new.knowing(replace(book, index_version="another")).unread() == [NUMBER_OF_CENTRES, FORMER_AIM]


def test_on_a_plan_questions_with_the_same_evidence_and_answer_are_a_group(assistant: Assistant, tmp_path: Path) -> None:
    heading = ["第１章　施設", "１　児童館"]
    lines: list[dict[str, object]] = [
        {"p": "p1", "heading": heading, "s": ["市内には児童館が６か所あります。", "開館は午前９時です。"]},
        {"q": "児童館は何か所ですか", "k": "fact", "e": ["p1.0:６か所"]},
        {"q": "市内に児童館はいくつありますか", "k": "fact", "e": ["p1.0:６か所"]},
        {"q": "児童館は何時に開きますか", "k": "fact", "e": ["p1.1:午前９時"]},
        {"q": "児童館の電話番号は", "k": "none", "e": []},
    ]
    path = tmp_path / "small.jsonl"
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    asked: list[None] = []
    rows = measure_plan(assistant, read_plan(path), lambda: asked.append(None))
    assert len(asked) == 4
    # A group of two: each is asked in the three turns as often as the other one is approved.
    served, offered = ({row.rule: row for row in rows if row.wordings == "one"}[rule] for rule in ("served", "offered"))
    assert (offered.cases, offered.groups, offered.recall, offered.right, offered.other) == ("small", 1, 1.0, 3, 0)
    assert served.wrong == 0
