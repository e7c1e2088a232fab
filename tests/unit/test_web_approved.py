"""The approved answers at hand while their questions are read for, the index is exchanged, and answers are withdrawn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.answer import Answer
from assistant.approved import ApprovedAnswer, Quote
from assistant.assistant import Assistant, Found
from assistant.question import Question
from assistant.reader import Reader, Reading, Text
from assistant.settings import Settings
from assistant.wiring import assemble
from index.build import build_index
from index.generation import load_generation
from tests.fakes import BigramEmbeddings
from web.approved import ApprovedAnswers
from web.storage.answers import AnswerStore, State
from web.storage.audit import latest_changes
from web.storage.database import Database, StorageUnavailableError

DRILL = "防災訓練の日は九月一日です。"
OFFICE = "福祉相談課で相談できます。"
QUESTION = "訓練の日はいつですか"
WHERE = "相談はどこでできますか"
# How long a thread may take for what it does at once, before a test gives up.
LONG_S = 20.0


class SlowReader(Reader):
    """Reads for nobody until `free` is set, waits within a reading until `going` is, and may find no word in any text."""

    def __init__(self) -> None:
        self.free, self.going, self.entered = threading.Event(), threading.Event(), threading.Event()
        self.free.set()
        self.going.set()
        self.is_blind = False
        self.asked: list[str] = []

    def read(self, question: str, texts: Sequence[Text]) -> list[Reading] | None:
        if not texts:
            return []
        self.asked.append(question)
        self.entered.set()
        assert self.going.wait(LONG_S)
        return [_reading(0 if self.is_blind else len(text.text)) for text in texts] if self.free.is_set() else None


def _reading(tokens: int) -> Reading:
    each = np.ones(tokens, dtype=np.float32)
    return Reading(1.0, [(here, here + 1) for here in range(tokens)], each, each, each)


class GatedStore(AnswerStore):
    """Lists no answer while `open` is not set, or is away."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.open, self.entered = threading.Event(), threading.Event()
        self.open.set()
        self.is_away = self.is_unseen = False
        self.looks = 0

    def look(self) -> None:
        self.looks += 1
        if self.is_unseen:
            raise RuntimeError("not seen")
        super().look()

    def list(self, *states: State) -> Sequence[tuple[ApprovedAnswer, State]]:
        self.entered.set()
        assert self.open.wait(LONG_S)
        if self.is_away:
            raise StorageUnavailableError("away")
        return super().list(*states)


class Desk:
    """An assistant over a small document, with answers that are approved in a database."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._settings = settings.model_copy(update={"var": folder, "documents": folder / "documents", "reader": False})
        self._embeddings = BigramEmbeddings()
        self.database = Database(folder / "web.sqlite3")
        self.store = GatedStore(self.database)
        self.reader = SlowReader()
        self.assistant = self.write(f"# 防災訓練\n\n{DRILL}\n\n# 相談\n\n{OFFICE}\n")
        self.approved = ApprovedAnswers(self.store, read_again_s=0.0, look_s=0.02)

    def write(self, text: str) -> Assistant:
        """Return an assistant over another text."""
        self._settings.documents.mkdir(exist_ok=True)
        (self._settings.documents / "drill.md").write_text(text, encoding="utf-8")
        build_index(self._settings.documents, self._settings.index, self._embeddings)
        index = load_generation(self._settings.index, self._embeddings.identity)
        return replace(assemble(index, self._embeddings, self._settings), reader=self.reader)

    @property
    def text(self) -> str:
        return self.assistant.retriever.index.documents["drill"].text

    def approve(self, question: str, text: str, assistant: Assistant | None = None) -> int:
        index = (assistant or self.assistant).retriever.index
        start = index.documents["drill"].text.index(text)
        answer = ApprovedAnswer(0, question, (), (Quote("drill", start, start + len(text), text),))
        return self.store.approve("hanako", "editor", answer, index.version)

    def ask(self, question: str = QUESTION, assistant: Assistant | None = None) -> Answer:
        asked = assistant or self.assistant
        # As when the server is busy: what is asked is not read for.
        examined = replace(asked, reader=None).examine(question)
        return self.approved.answer(examined, asked, "ja")


@pytest.fixture
def desk(tmp_path: Path, settings: Settings) -> Iterator[Desk]:
    others = set(threading.enumerate())
    desk = Desk(tmp_path, settings)
    yield desk
    desk.reader.going.set()
    desk.store.open.set()
    desk.approved.stop()
    names = ("approved-answers", "read-approved", "look-for-changes")
    until(lambda: not any(thread.name in names for thread in set(threading.enumerate()) - others))
    desk.database.close()


def until(is_so: Callable[[], object]) -> None:
    """Wait for what other threads do."""
    end = time.monotonic() + LONG_S
    while not is_so():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.01)


def running(name: str) -> bool:
    return any(thread.name == name for thread in threading.enumerate())


def is_served(desk: Desk, question: str = QUESTION) -> bool:
    return desk.ask(question).mode == "approved"


def test_an_approved_question_is_found_in_its_own_words_before_it_is_read_for(desk: Desk) -> None:
    desk.reader.going.clear()
    desk.approve(QUESTION, DRILL)
    desk.approved.use(desk.assistant)
    assert desk.reader.entered.wait(LONG_S)
    assert is_served(desk)


def test_what_the_reader_had_no_time_for_is_read_for_when_it_has(desk: Desk) -> None:
    desk.reader.free.clear()
    desk.approve(QUESTION, DRILL)
    desk.approve(WHERE, OFFICE)
    desk.approved.use(desk.assistant)
    until(lambda: len(desk.reader.asked) > 4)
    assert len(set(desk.reader.asked)) == 2
    desk.reader.free.set()
    until(lambda: not running("read-approved"))
    count = len(desk.reader.asked)
    desk.approved.refresh()
    until(lambda: not running("read-approved"))
    assert len(desk.reader.asked) == count


def test_a_question_for_which_nothing_is_found_is_not_read_for_again(desk: Desk) -> None:
    desk.reader.is_blind = True
    desk.approve(QUESTION, DRILL)
    desk.approved.use(desk.assistant)
    until(lambda: desk.reader.asked)
    until(lambda: not running("read-approved"))
    assert len(desk.reader.asked) == 1
    assert is_served(desk)


def test_a_change_does_not_wait_for_the_reader(desk: Desk) -> None:
    desk.reader.going.clear()
    first = desk.approve(QUESTION, DRILL)
    desk.approved.use(desk.assistant)
    assert desk.reader.entered.wait(LONG_S)
    desk.store.set_state("hanako", first, "withdrawn")
    desk.approve(WHERE, OFFICE)
    # It would hang here: the reader goes on only when the test has ended.
    changing = threading.Thread(target=desk.approved.refresh, daemon=True)
    changing.start()
    changing.join(LONG_S)
    assert not changing.is_alive()
    assert is_served(desk, WHERE)
    assert not is_served(desk)


def test_a_withdrawn_answer_is_not_served_while_the_copy_is_made_anew(desk: Desk) -> None:
    number = desk.approve(QUESTION, DRILL)
    desk.approved.use(desk.assistant)
    until(lambda: is_served(desk))
    desk.store.open.clear()
    desk.store.entered.clear()
    desk.store.set_state("hanako", number, "withdrawn")
    changing = threading.Thread(target=desk.approved.refresh, daemon=True)
    changing.start()
    assert desk.store.entered.wait(LONG_S)
    assert not is_served(desk)
    desk.store.open.set()
    changing.join(LONG_S)
    assert not is_served(desk)


def test_a_withdrawn_answer_is_not_served_while_the_database_is_away(desk: Desk) -> None:
    number = desk.approve(QUESTION, DRILL)
    desk.approved.use(desk.assistant)
    until(lambda: is_served(desk))
    desk.store.set_state("hanako", number, "withdrawn")
    desk.store.is_away = True
    desk.approved.refresh()
    assert not is_served(desk)
    desk.store.is_away = False
    desk.store.set_state("hanako", number, "active")
    desk.approved.refresh()
    assert is_served(desk)


def test_what_another_server_withdraws_and_approves_is_seen_without_a_question(desk: Desk) -> None:
    number = desk.approve(QUESTION, DRILL)
    desk.approved.use(desk.assistant)
    until(lambda: is_served(desk))
    elsewhere = AnswerStore(desk.database)
    elsewhere.set_state("taro", number, "withdrawn")
    until(lambda: not is_served(desk))
    elsewhere.set_state("taro", number, "active")
    until(lambda: is_served(desk))


def test_a_look_that_fails_and_a_stop_do_not_end_the_looking_for_good(desk: Desk) -> None:
    number = desk.approve(QUESTION, DRILL)
    desk.approved.use(desk.assistant)
    until(lambda: is_served(desk))
    desk.store.is_unseen = True
    looks = desk.store.looks
    until(lambda: desk.store.looks > looks + 2)
    desk.store.is_unseen = False
    desk.approved.stop()
    desk.approved.use(desk.assistant)
    until(lambda: is_served(desk))
    AnswerStore(desk.database).set_state("taro", number, "withdrawn")
    until(lambda: not is_served(desk))


def test_servers_over_different_indices_do_not_take_each_others_moves_for_changes(desk: Desk) -> None:
    desk.approve(QUESTION, DRILL)
    desk.approved.use(desk.assistant)
    until(lambda: is_served(desk))
    renewed = desk.write(f"# 催し\n\n新しい文が前にあります。\n\n# 防災訓練\n\n{DRILL}\n")
    other = ApprovedAnswers(AnswerStore(desk.database), read_again_s=0.0, look_s=0.02)
    other.use(renewed)
    until(lambda: any(change.action == "answer.move" for change in latest_changes(desk.database, 10)))
    until(lambda: is_served(desk))
    looks = desk.store.looks
    until(lambda: desk.store.looks > looks + 5)
    other.stop()
    assert sum(change.action == "answer.move" for change in latest_changes(desk.database, 50)) == 1


def test_a_server_over_the_former_plan_does_not_suspend_what_is_approved_by_the_new_one(desk: Desk) -> None:
    first = desk.approve(QUESTION, DRILL)
    desk.approved.use(desk.assistant)
    until(lambda: is_served(desk))
    renewed = desk.write(f"# 防災訓練\n\n{DRILL}\n\n# 相談\n\n窓口は新しい庁舎です。\n")
    number = desk.approve(WHERE, "窓口は新しい庁舎です。", renewed)
    looks = desk.store.looks
    until(lambda: desk.store.looks > looks + 5)
    assert not is_served(desk, WHERE)
    assert {(answer.id, state) for answer, state in desk.store.list()} == {(first, "active"), (number, "active")}


def test_what_cannot_be_seen_any_more_is_not_served_for_long(desk: Desk) -> None:
    desk.approve(QUESTION, DRILL)
    desk.approved = ApprovedAnswers(desk.store, read_again_s=0.0, look_s=0.02, unseen_s=0.1)
    desk.approved.use(desk.assistant)
    until(lambda: is_served(desk))
    desk.store.is_unseen = True
    until(lambda: not is_served(desk))
    desk.store.is_unseen = False
    desk.approved.refresh()
    assert is_served(desk)


def test_many_who_ask_are_never_served_what_was_withdrawn_before_they_asked(desk: Desk) -> None:
    number = desk.approve(QUESTION, DRILL)
    desk.approved.use(desk.assistant)
    until(lambda: is_served(desk))
    # Counts the changes: while it is odd, all know that the answer is withdrawn.
    now = [0]
    asked: list[int] = []
    wrong: list[int] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            before = now[0]
            if is_served(desk) and before % 2 and before == now[0]:
                wrong.append(before)
            asked.append(before)

    def begin(change: int) -> None:
        now[0] = change
        until(lambda: asked.count(change) > 3)

    askers = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
    for asker in askers:
        asker.start()
    for change in (1, 3, 5):
        desk.store.set_state("hanako", number, "withdrawn")
        begin(change)
        desk.approved.refresh()
        begin(change + 1)
        desk.store.set_state("hanako", number, "active")
        desk.approved.refresh()
    ended.set()
    for asker in askers:
        asker.join(LONG_S)
    assert wrong == []


def test_a_new_index_moves_or_suspends_at_once_and_who_began_with_the_old_one_undoes_nothing(desk: Desk) -> None:
    kept, lost = desk.approve(QUESTION, DRILL), desk.approve(WHERE, OFFICE)
    desk.approved.use(desk.assistant)
    until(lambda: is_served(desk))
    renewed = desk.write(f"# 催し\n\n新しい文が前にあります。\n\n# 防災訓練\n\n{DRILL}\n")
    desk.approved.use(renewed)
    until(lambda: desk.store.find(lost)[1] == "suspended")
    until(lambda: desk.ask(assistant=renewed).mode == "approved")
    moved, state = desk.store.find(kept)
    assert (state, moved.quotes[0].start) == ("active", renewed.retriever.index.documents["drill"].text.index(DRILL))
    only_new = desk.approve("何が前にありますか", "新しい文が前にあります。", renewed)
    desk.approved.refresh()
    assert desk.ask().mode != "approved"
    until(lambda: not running("approved-answers"))
    assert (desk.store.find(kept), desk.store.find(only_new)[1]) == ((moved, "active"), "active")
    assert desk.ask(assistant=renewed).mode == "approved"


def test_an_answer_whose_quote_no_passage_holds_any_more_is_suspended_and_not_tried_on_those_who_ask(desk: Desk) -> None:
    torn = desk.approve(QUESTION, desk.text[desk.text.index(DRILL) : desk.text.index(OFFICE) + 3])
    desk.approve(WHERE, OFFICE)
    desk.approved.use(desk.assistant)
    until(lambda: is_served(desk, WHERE))
    assert desk.store.find(torn)[1] == "suspended"
    assert desk.ask().mode == "extractive"


def test_an_index_that_comes_while_another_is_being_copied_for_is_copied_for_next(desk: Desk) -> None:
    lost = desk.approve(WHERE, OFFICE)
    desk.store.open.clear()
    desk.approved.use(desk.assistant)
    assert desk.store.entered.wait(LONG_S)
    desk.approved.use(desk.write(f"# 防災訓練\n\n{DRILL}\n"))
    desk.store.open.set()
    until(lambda: desk.store.find(lost)[1] == "suspended")


def test_a_question_that_cannot_be_read_for_keeps_no_other_from_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    find = Assistant.find

    def failing(self: Assistant, question: Question, earlier: Sequence[Question] = ()) -> Found:
        if question.text == WHERE:
            raise RuntimeError("broken")
        return find(self, question, earlier)

    monkeypatch.setattr(Assistant, "find", failing)
    desk.approve(QUESTION, DRILL)
    desk.approve(WHERE, OFFICE)
    desk.approved.use(desk.assistant)
    until(lambda: desk.reader.asked)
    until(lambda: not running("read-approved"))
    assert is_served(desk)


def test_questions_are_read_for_anew_in_an_index_that_comes_while_they_are_being_read_for(desk: Desk) -> None:
    desk.reader.going.clear()
    desk.approve(QUESTION, DRILL)
    desk.approved.use(desk.assistant)
    assert desk.reader.entered.wait(LONG_S)
    renewed = desk.write(f"# 防災訓練\n\n{DRILL}\n\n# 催し\n\n催しがあります。\n")
    desk.approved.use(renewed)
    until(lambda: desk.ask(assistant=renewed).mode == "approved")
    desk.reader.going.set()
    until(lambda: not running("read-approved"))
    assert desk.reader.asked == [QUESTION, QUESTION]
