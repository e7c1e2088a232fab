"""What staff do with questions, over a real server's application with the real plan."""

from __future__ import annotations

import html
import json
import re
import time
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from assistant.approved import ApprovedAnswer, Quote
from assistant.assistant import Assistant
from assistant.contacts import load_contacts
from assistant.settings import Settings
from corpus.fold import fold
from evals.cases import read_cases
from web.admission import Place
from web.app import create_app
from web.outcomes import MAX_WAITING, OutcomeLog
from web.staff.options import KeepingOptions, StaffOptions
from web.staff.passwords import hash_password
from web.storage.accounts import AccountStore
from web.storage.answers import AnswerStore
from web.storage.audit import latest_changes
from web.storage.database import Database
from web.storage.questions import QuestionStore

PASSWORD = "ながい合言葉です1234"
PERIOD = "計画の期間はいつからいつまでですか"
MY_NUMBER = "123456789018"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[Database]:
    database = Database(folder / "web.sqlite3")
    AccountStore(database).add("test", "hanako", "editor", hash_password(PASSWORD))
    yield database
    database.close()


def app_with(settings: Settings, database: Database, assistant: Assistant, keeping: KeepingOptions) -> FastAPI:
    contacts = load_contacts(settings.contacts)
    return create_app(lambda: assistant, contacts, database, staff=StaffOptions(), keeping=keeping)


@pytest.fixture(scope="module")
def client(settings: Settings, database: Database, assistant: Assistant) -> Iterator[TestClient]:
    app = app_with(settings, database, assistant, KeepingOptions(texts=True, approved_for_residents=True))
    with TestClient(app, follow_redirects=False) as client:
        assert app.state.service.wait(60)
        client.post("/staff/sign-in", data={"name": "hanako", "password": PASSWORD})
        yield client


def token(client: TestClient) -> str:
    return client.get("/staff").text.partition('name="csrf" content="')[2].partition('"')[0]


def ask(client: TestClient, question: str) -> dict[str, object]:
    answer: dict[str, object] = client.post("/api/ask", json={"question": question}).json()
    return answer


def ask_until_served(client: TestClient, question: str) -> dict[str, object]:
    """Ask until an approved answer comes: approved questions are read for by a thread of its own."""
    for _ in range(100):
        answer = ask(client, question)
        if answer["mode"] == "approved":
            return answer
        time.sleep(0.1)
    raise AssertionError("not served")


def spans(page: str, chosen: bool = False) -> list[str]:
    return re.findall(r'name="span" value="([^"]+)"' + (" checked" if chosen else ""), page)


def logged(database: Database, count: int) -> None:
    """Wait until the log has as many questions; it is written by a thread of its own."""
    for _ in range(100):
        if len(QuestionStore(database).since(1)) >= count:
            return
        time.sleep(0.05)
    raise AssertionError("not logged")


def approve(client: TestClient, question: str, span: list[str], **more: str) -> int:
    data = {"csrf": token(client), "question": question, "span": span, **more}
    return client.post("/staff/answers/save", data=data).status_code


def best_quote(assistant: Assistant, question: str) -> Quote:
    found = assistant.examine(question).found
    assert found
    best = found.picks[0]
    return Quote(best.passage.document_id, best.sentence.start, best.sentence.end, best.sentence.text)


def test_an_editor_approves_an_answer_which_is_then_served_first_with_its_date(client: TestClient) -> None:
    look = client.post("/staff/answers/look", data={"csrf": token(client), "question": PERIOD}).text
    chosen = spans(look, chosen=True)
    assert chosen
    other = next(span for span in spans(look) if span not in chosen)
    assert approve(client, PERIOD, [other], others="計画はいつ終わるの", note="くわしくは窓口へ。") == 303
    for question in (PERIOD, "計画はいつ終わるの"):
        answer = ask(client, question)
        assert answer["mode"] == "approved"
        assert isinstance(answer["approval"], dict)
        assert (answer["approval"]["question"], answer["approval"]["note"]) == (PERIOD, "くわしくは窓口へ。")
        (citation,) = answer["citations"]  # type: ignore[misc]
        assert f"{citation['document']}:{citation['start']}:{citation['end']}" == other  # type: ignore[index]
    page = client.post("/", data={"question": PERIOD}).text
    assert "担当者が確かめました" in page
    assert "担当者の補足：くわしくは窓口へ。" in page


def test_a_question_in_other_words_is_served_and_one_that_is_only_near_is_offered_the_approved_one(
    client: TestClient,
) -> None:
    question = "地域包括支援センターの数"
    look = client.post("/staff/answers/look", data={"csrf": token(client), "question": question}).text
    approve(client, question, spans(look, chosen=True))
    served = ask_until_served(client, "包括センターは何か所")
    assert (served["mode"], served["approval"]["question"]) == ("approved", question)  # type: ignore[index]
    near = ask(client, "地域包括支援センターとは")
    assert (near["mode"], near["approval"]) == ("extractive", None)
    assert near["suggestions"][0] == question  # type: ignore[index]


def test_an_approved_question_is_read_even_if_the_first_to_ask_is_in_a_hurry(
    settings: Settings, tmp_path: Path, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    quote = best_quote(assistant, "地域包括支援センターの数")
    database = Database(tmp_path / "web.sqlite3")
    answer = ApprovedAnswer(0, "地域包括支援センターの数", (), (quote,))
    AnswerStore(database).approve("hanako", "editor", answer, assistant.retriever.index.version)
    app = app_with(settings, database, assistant, KeepingOptions(approved_for_residents=True))
    with TestClient(app) as client:
        assert app.state.service.wait(60)
        monkeypatch.setattr(Place, "is_hurried", property(lambda self: True))
        assert ask(client, PERIOD)["mode"] == "extractive"
        monkeypatch.setattr(Place, "is_hurried", property(lambda self: False))
        ask_until_served(client, "包括センターは何か所")
    database.close()


def wordings(page: str) -> dict[str, tuple[str, bool]]:
    """The other wordings that a form asks about: text → key and whether it is chosen."""
    found = re.findall(r'name="wording" value="(\w+)"( checked)?><span>([^<]+)</span>', page)
    return {html.unescape(text): (key, bool(checked)) for key, checked, text in found}


def test_other_wordings_that_the_sentence_answers_are_chosen_until_the_editor_leaves_them_out(
    client: TestClient, database: Database
) -> None:
    question = "避難行動要支援者台帳の配布先を教えてください。"
    look = client.post("/staff/answers/look", data={"csrf": token(client), "question": question}).text
    asked = wordings(look)
    assert 2 < len(asked) <= 10
    kept, left_out = [text for text, (_, chosen) in asked.items() if chosen][:2]
    data = {"csrf": token(client), "question": question, "span": spans(look, chosen=True), "asked": "1"}
    again = wordings(client.post("/staff/answers/look", data={**data, "wording": asked[kept][0]}).text)
    assert (again[kept][1], again[left_out][1]) == (True, False)

    assert client.post("/staff/answers/save", data={**data, "wording": asked[kept][0]}).status_code == 303
    (stored, *_) = [one for one, _ in AnswerStore(database).list("active") if one.question == question]
    assert [fold(other) for other in stored.others] == [fold(kept)]
    assert ask(client, kept)["mode"] == "approved"
    edit = client.get(f"/staff/answers/{stored.id}/edit").text
    assert [text for text, (_, chosen) in wordings(edit).items() if chosen] == [kept]
    assert kept not in edit.partition('<textarea id="others"')[2].partition("</textarea>")[0]


def test_a_wording_that_other_sentences_answer_is_asked_about_again_instead_of_approved(
    client: TestClient, database: Database
) -> None:
    question = "市内の地域包括支援センターは何か所ですか"
    page = client.post("/staff/answers/look", data={"csrf": token(client), "question": question}).text
    key, _ = next(iter(wordings(page).values()))
    other = next(
        span for span in spans(client.post("/staff/answers/look", data={"csrf": token(client), "question": PERIOD}).text)
    )
    before = latest_changes(database, 1)
    data = {"csrf": token(client), "question": question, "span": other, "asked": "1", "wording": key, "note": "書いたこと"}
    response = client.post("/staff/answers/save", data=data)
    assert (response.status_code, latest_changes(database, 1)) == (422, before)
    assert "答えにならないものを外しました" in response.text
    assert "書いたこと" in response.text
    assert not any(chosen for _, chosen in wordings(response.text).values())


def test_what_visitors_asked_of_a_group_is_approved_only_where_the_editor_chooses_it(
    client: TestClient, database: Database
) -> None:
    before = len(QuestionStore(database).since(1))
    others = ("市民プールの利用料金はいくら", "プールの利用料金を知りたい")
    for text in ("市民プールの利用料金はいくらですか", *others):
        ask(client, text)
    logged(database, before + 3)
    opened = {one.text: one.id for one in QuestionStore(database).open(20)}
    ids = ",".join(str(number) for text, number in opened.items() if "利用料金" in text)
    form = {"csrf": token(client), "ids": ids, "question": "市民プールの利用料金はいくらですか"}
    page = client.post("/staff/review/answer", data=form).text
    asked = wordings(page)
    assert set(others) <= set(asked)
    assert not any(asked[text][1] for text in others)
    assert form["question"] not in asked
    data = {"csrf": token(client), "question": form["question"], "sources": ids, "span": spans(page)[:1], "asked": "1"}
    assert client.post("/staff/answers/save", data={**data, "wording": asked[others[0]][0]}).status_code == 303
    (stored, *_) = [one for one, _ in AnswerStore(database).list("active") if one.question == form["question"]]
    assert stored.others == others[:1]


def test_a_withdrawn_answer_is_served_no_more_and_every_step_is_recorded(client: TestClient, database: Database) -> None:
    look = client.post("/staff/answers/look", data={"csrf": token(client), "question": "社協とは何ですか"}).text
    assert approve(client, "社協とは何ですか", spans(look)[:1]) == 303
    assert ask(client, "社協とは何ですか")["mode"] == "approved"
    (approval,) = latest_changes(database, 1)
    state = {"csrf": token(client), "state": "withdrawn"}
    assert client.post(f"/staff/answers/{approval.target}/state", data=state).status_code == 303
    assert ask(client, "社協とは何ですか")["mode"] == "extractive"
    assert [(one.who, one.action) for one in latest_changes(database, 2)] == [
        ("hanako", "answer.withdrawn"),
        ("hanako", "answer.approve"),
    ]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"span": []}, 422),
        ({"span": ["asaka-4:0:5"]}, 409),
        ({"span": ["asaka-4:-1:5"]}, 409),
        ({"span": ["../x:0:5"]}, 409),
        ({"span": ["asaka-4:999999999999:9999999999999"]}, 409),
        ({"question": ""}, 422),
        ({"question": f"番号は{MY_NUMBER}"}, 422),
        ({"others": "\n".join(["別の聞き方"] * 31)}, 422),
        ({"wording": "0" * 16}, 422),
        ({"note": "あ" * 401}, 422),
        ({"question": "How long does the plan run?"}, 422),
        ({"others": "こんにちは"}, 422),
    ],
    ids=str,
)
def test_no_answer_without_exact_sentences_with_personal_data_or_that_is_never_served_is_approved(
    client: TestClient, database: Database, fields: dict[str, object], status: int
) -> None:
    look = client.post("/staff/answers/look", data={"csrf": token(client), "question": PERIOD}).text
    data = {"csrf": token(client), "question": PERIOD, "span": spans(look)[:1], "note": "書いたこと", **fields}
    before = latest_changes(database, 1)
    response = client.post("/staff/answers/save", data=data)
    assert response.status_code == status
    assert latest_changes(database, 1) == before
    assert MY_NUMBER not in response.text
    if "note" not in fields and fields.get("question") != "":
        assert "書いたこと" in response.text


def test_a_number_that_is_no_id_is_passed_over(client: TestClient) -> None:
    look = client.post("/staff/answers/look", data={"csrf": token(client), "question": PERIOD}).text
    data = {"csrf": token(client), "question": PERIOD, "span": spans(look)[:1]}
    for sources in ("9" * 5000, "9" * 30, "x,,1.5"):
        assert client.post("/staff/answers/save", data={**data, "sources": sources}).status_code == 303
        assert client.post("/staff/review/done", data={"csrf": token(client), "ids": sources}).status_code == 303


def test_staff_alone_are_served_approved_answers_unless_residents_are_too(
    settings: Settings, database: Database, assistant: Assistant
) -> None:
    app = app_with(settings, database, assistant, KeepingOptions())
    with TestClient(app) as client:
        assert app.state.service.wait(60)
        for _ in range(2):
            assert ask(client, PERIOD)["mode"] == "extractive"


def test_a_declined_question_becomes_an_answer_a_synonym_or_a_case(
    client: TestClient, database: Database, tmp_path: Path
) -> None:
    before = len(QuestionStore(database).since(1))
    for question in ("図書館の開館時間は何時ですか", "図書館は何時に開きますか", "図書館の開館時間は"):
        assert ask(client, question)["status"] != "answered"
    logged(database, before + 3)
    page = client.get("/staff/review").text
    group = re.search(r'図書館.*?name="ids" value="([0-9,]+)"', page, re.DOTALL)
    assert group
    form = {"csrf": token(client), "ids": group[1]}
    evidence = "本計画の計画期間は"
    case = {**form, "question": "図書館の開館時間は", "evidence": evidence}
    assert client.post("/staff/review/case", data={**case, "evidence": "計画にない文"}).status_code == 422
    personal = client.post("/staff/review/case", data={**case, "question": f"図書館の番号{MY_NUMBER}"})
    assert (personal.status_code, MY_NUMBER in personal.text, "図書館の番号" in personal.text) == (422, False, True)
    assert client.post("/staff/review/case", data=case).status_code == 303
    assert client.post("/staff/review/synonym", data={**form, "say": "図書館", "plan": "図書館"}).status_code == 303
    assert client.post("/staff/review/synonym", data={**form, "say": "", "plan": "x"}).status_code == 422

    exported = tmp_path / "cases.jsonl"
    exported.write_text(client.get("/staff/proposals/cases.jsonl").text, encoding="utf-8")
    (read,) = read_cases(exported)
    assert (read.question, read.answerable, read.evidence) == ("図書館の開館時間は", True, ((evidence,),))
    lines = client.get("/staff/proposals/synonyms.toml").text
    assert tomllib.loads(f"pairs = [\n{lines}]")["pairs"] == [{"say": ["図書館"], "plan": "図書館"}]
    assert "図書館の開館" not in client.get("/staff/review").text
    assert client.get("/staff/proposals").text.count('name="number"') == 2


def test_an_export_leaves_small_groups_out(client: TestClient, database: Database) -> None:
    before = len(QuestionStore(database).since(1))
    for _ in range(3):
        ask(client, "プールの料金はいくらですか")
    ask(client, "明日の天気を教えて")
    logged(database, before + 4)
    lines = client.get("/staff/review/questions.csv").content.decode("utf-8-sig").splitlines()
    assert any(line.startswith("プールの料金はいくらですか,3") for line in lines)
    assert not any("天気" in line for line in lines)


def test_the_charts_show_numbers_with_a_table_and_nothing_inline(client: TestClient, database: Database) -> None:
    before = len(QuestionStore(database).since(1))
    ask(client, PERIOD)
    logged(database, before + 1)
    page = client.get("/staff/charts").text
    assert "<svg" in page
    assert "<table" in page
    assert "style=" not in page
    assert PERIOD not in page


def test_personal_data_is_counted_and_its_text_is_nowhere(client: TestClient, database: Database, folder: Path) -> None:
    before = QuestionStore(database).blocked_since(1)
    ask(client, f"私の番号は{MY_NUMBER}です")
    for _ in range(100):
        if QuestionStore(database).blocked_since(1) > before:
            break
        time.sleep(0.05)
    assert QuestionStore(database).blocked_since(1) == before + 1
    assert not any(MY_NUMBER.encode() in path.read_bytes() for path in folder.iterdir())


def test_visitors_are_told_that_texts_are_kept_where_they_are(client: TestClient) -> None:
    for language in ("", "/easy", "/en", "/zh", "/ko", "/vi"):
        for path in ("/", "/about"):
            assert "90" in client.get(f"{language}{path}").text
    assert "保存しません" not in client.get("/").text


def test_no_text_is_kept_unless_it_is_switched_on(settings: Settings, assistant: Assistant, tmp_path: Path) -> None:
    database = Database(tmp_path / "web.sqlite3")
    app = app_with(settings, database, assistant, KeepingOptions())
    with TestClient(app) as client:
        assert app.state.service.wait(60)
        ask(client, "図書館の開館時間は何時ですか")
        logged(database, 1)
    assert QuestionStore(database).open(10) == []
    database.close()
    assert not any("図書館".encode() in path.read_bytes() for path in tmp_path.iterdir())
    assert not any(json.dumps("図書館").encode()[1:-1] in path.read_bytes() for path in tmp_path.iterdir())


def test_a_database_that_cannot_be_used_fails_no_question(settings: Settings, assistant: Assistant, tmp_path: Path) -> None:
    (tmp_path / "web.sqlite3").mkdir()
    app = app_with(
        settings, Database(tmp_path / "web.sqlite3"), assistant, KeepingOptions(texts=True, approved_for_residents=True)
    )
    with TestClient(app) as client:
        assert app.state.service.wait(60)
        assert ask(client, PERIOD)["status"] == "answered"
        assert client.get("/staff").status_code == 401
        response = client.post("/staff/sign-in", data={"name": "hanako", "password": PASSWORD})
        assert response.status_code == 503
        assert "変更はされていません" in response.text


def test_what_the_database_cannot_take_in_time_is_dropped_and_counted(assistant: Assistant, tmp_path: Path) -> None:
    log = OutcomeLog(QuestionStore(Database(tmp_path / "web.sqlite3")))
    answer = assistant.ask("こんにちは")
    for _ in range(MAX_WAITING + 5):
        log.answered(answer, "こんにちは")
    assert log.dropped == 5


def test_a_new_index_moves_answers_or_suspends_them_for_review(
    client: TestClient, database: Database, assistant: Assistant
) -> None:
    store = AnswerStore(database)
    kept = ApprovedAnswer(0, PERIOD, (), (best_quote(assistant, PERIOD),))
    changed = replace(kept, quotes=(replace(kept.quotes[0], text="変わった文です。"),))
    lost = store.approve("hanako", "editor", changed, "old")
    moved = store.approve("hanako", "editor", replace(kept, quotes=(replace(kept.quotes[0], start=0, end=1),)), "old")
    client.app.state.service.renew()  # type: ignore[attr-defined]
    for _ in range(100):
        if store.find(lost)[1] == "suspended":
            break
        time.sleep(0.05)
    assert store.find(lost)[1] == "suspended"
    assert store.find(moved) == (replace(store.find(moved)[0], quotes=kept.quotes), "active")
    page = client.get("/staff/answers").text
    assert page.index("見直しが必要") < page.index(f'id="a-{lost}"') < page.index("使用中")
