from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from assistant.assistant import Assistant
from index.errors import IndexUnavailableError
from tests.conftest import MakeApp
from web.storage.database import Database, StorageUnavailableError
from web.storage.feedback import Feedback, FeedbackStore


def feedback(key: str | None = None) -> Feedback:
    return Feedback(
        key or uuid.uuid4().hex, "a" * 32, "answered", "not_useful", "hard", ("b326a2119299",), "8fe6e6e99d0cdb85"
    )


def fields(**changes: str) -> dict[str, str | list[str]]:
    return {
        "key": uuid.uuid4().hex,
        "answer_id": "a" * 32,
        "status": "answered",
        "rating": "useful",
        "index_version": "8fe6e6e99d0cdb85",
        "passage": ["b326a2119299", "c326a2119299"],
        **changes,
    }


def rows(path: Path) -> list[sqlite3.Row]:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    found = connection.execute("SELECT * FROM feedback ORDER BY id").fetchall()
    connection.close()
    return found


def no_assistant() -> Assistant:
    raise IndexUnavailableError("索引がありません。")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "100% var" / "web.sqlite3"


@pytest.fixture
def client(make_app: MakeApp, file: Path) -> Iterator[TestClient]:
    with TestClient(make_app(no_assistant, database=file), raise_server_exceptions=False) as client:
        yield client


def test_a_feedback_is_on_the_disk_when_it_is_answered_and_holds_nothing_of_the_question(
    client: TestClient, file: Path
) -> None:
    response = client.post("/feedback", data=fields(), headers={"Accept": "application/json"})
    assert (response.status_code, set(response.json())) == (201, {"message"})
    (row,) = rows(file)
    assert set(row.keys()) == {
        *("id", "key", "given_at", "answer_id", "status", "rating", "reason", "passage_ids", "index_version")
    }
    assert (row["rating"], row["reason"], row["passage_ids"]) == ("useful", "", '["b326a2119299", "c326a2119299"]')


def test_the_database_is_durable(file: Path) -> None:
    database = Database(file)
    with database.session() as session:
        pragmas = [
            session.connection().exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        ]
    database.close()
    assert pragmas == ["wal", 2]


def test_the_same_feedback_sent_again_is_stored_once(client: TestClient, file: Path) -> None:
    sent = fields()
    for _ in range(3):
        assert client.post("/feedback", data=sent).status_code == 201
    assert len(rows(file)) == 1


def test_feedback_of_many_visitors_at_once_is_all_kept(file: Path) -> None:
    store = FeedbackStore(Database(file))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(store.add, [feedback() for _ in range(40)]))
    assert len(rows(file)) == 40


def test_an_old_database_is_brought_to_the_newest_schema_and_keeps_what_it_has(file: Path) -> None:
    first = Database(file)
    FeedbackStore(first).add(feedback())
    first.close()
    FeedbackStore(Database(file)).add(feedback())
    assert len(rows(file)) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"rating": "best"},
        {"rating": ""},
        {"reason": "ひみつ"},
        {"key": "x"},
        {"answer_id": "'; DROP TABLE feedback"},
        {"status": "fine"},
        {"index_version": "a" * 65},
        {"question": "計画の期間は"},
        {"passage": "<b>"},
    ],
    ids=str,
)
def test_what_this_server_did_not_write_is_refused_and_not_kept(
    client: TestClient, file: Path, changes: dict[str, str]
) -> None:
    response = client.post("/feedback", data=fields(**changes), headers={"Accept": "application/json"})
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "feedback_unclear"
    assert not file.exists() or rows(file) == []


def test_where_the_database_fails_the_answer_is_503_and_later_it_works_again(make_app: MakeApp, tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.write_text("in the way")
    with TestClient(make_app(no_assistant, database=folder / "web.sqlite3")) as client:
        sent = fields()
        page = client.post("/en/feedback", data=sent)
        assert page.status_code == 503
        assert "Feedback cannot be taken right now." in page.text
        assert client.get("/").status_code == 200
        folder.unlink()
        assert client.post("/feedback", data=sent).status_code == 201
        assert len(rows(folder / "web.sqlite3")) == 1


def test_a_damaged_database_is_an_error_of_its_own_kind(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(StorageUnavailableError):
        FeedbackStore(Database(file)).add(feedback())
    assert file.read_bytes() == b"no database" * 1000


def test_a_full_disk_stores_nothing_and_says_so(file: Path) -> None:
    database = Database(file)
    store = FeedbackStore(database)
    store.add(feedback())
    with database.session() as session:
        session.connection().exec_driver_sql("PRAGMA max_page_count = 1")
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar()
    assert pages

    def fill() -> None:
        for _ in range(2000):
            store.add(feedback())

    with pytest.raises(StorageUnavailableError, match="full"):
        fill()
    stored = len(rows(file))
    assert stored >= 1
