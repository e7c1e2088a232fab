"""The shipped reader, read with for real."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.errors import ConfigurationError
from assistant.reader import FILES, SHA256, SHIPPED_READER, Reader, Text, load_reader

MOST_BYTES = 60_000_000
TEXT = "川瀬市には児童館が３か所あります。市の福祉センターは平成２０年に駅前に建てられ、だれでも使えます。"
SENTENCES = ((0, TEXT.index("。") + 1), (TEXT.index("。") + 1, len(TEXT)))


@pytest.fixture(scope="module")
def reader() -> Reader:
    return load_reader(threads=1)


def test_it_marks_the_words_that_answer(reader: Reader) -> None:
    [reading] = reader.read("福祉センターはいつ建てられましたか", [Text("施設", TEXT)]) or []
    span = reading.best_span()
    assert span is not None
    assert "平成２０年" in TEXT[slice(*span[1])]


def test_it_tells_the_sentence_that_answers_from_its_neighbour(reader: Reader) -> None:
    [reading] = reader.read("子どもの遊び場はいくつある？", [Text("施設", TEXT)]) or []
    first, second = (reading.evidence_odds(*sentence) for sentence in SENTENCES)
    assert first is not None
    assert second is not None
    assert first > second


def test_it_sees_that_a_thing_is_named_but_its_telephone_number_is_not(reader: Reader) -> None:
    asked = ("福祉センターはいつできましたか", "福祉センターの電話番号は何番ですか")
    given, missing = ((reader.read(question, [Text("施設", TEXT)]) or [])[0].answerable for question in asked)
    assert given > missing


def test_several_texts_are_read_as_each_alone(reader: Reader) -> None:
    texts = [Text("", TEXT), Text("", "別の文です。")]
    together = reader.read("児童館の数は", texts) or []
    alone = [(reader.read("児童館の数は", [text]) or [])[0] for text in texts]
    assert [one.answerable for one in together] == [one.answerable for one in alone]


def test_nothing_to_read_is_nothing_read(reader: Reader) -> None:
    assert reader.read("児童館の数は", []) == []


def test_it_is_small_enough_to_ship() -> None:
    assert sum((SHIPPED_READER / name).stat().st_size for name in FILES) <= MOST_BYTES


@pytest.mark.parametrize("name", FILES)
def test_a_changed_or_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "reader"
    shutil.copytree(SHIPPED_READER, folder)
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(ConfigurationError):
        Reader(folder, SHA256, threads=1)
    (folder / name).unlink()
    with pytest.raises(ConfigurationError):
        Reader(folder, SHA256, threads=1)


def test_a_reader_that_is_busy_is_left_out_and_the_question_answered(assistant: Assistant) -> None:
    busy = Reader(SHIPPED_READER, SHA256, threads=1, at_once=0)
    question = "計画の期間は何年間ですか"
    assert busy.read(question, [Text("", TEXT)]) is None
    answer = replace(assistant, reader=busy).ask(question)
    assert answer.status == "answered"
    assert "５年間" in answer.citations[0].quote


def test_it_is_safe_to_use_from_several_threads(reader: Reader) -> None:
    got: list[float] = []

    def ask() -> None:
        got.extend(one.answerable for one in reader.read("児童館の数は", [Text("", TEXT)]) or [])

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) in (1, 2)
    assert len(set(got)) == 1
