"""What is acknowledged is kept: whatever becomes of the process, the disk, and the files."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from assistant.assistant import Assistant
from index.errors import IndexUnavailableError
from tests.conftest import TIMES, MakeApp
from web.__main__ import DATABASE_FILE, main
from web.storage import database as database_module
from web.storage.backup import BackupError, back_up, check, restore
from web.storage.database import Database, StorageUnavailableError
from web.storage.feedback import Feedback, FeedbackStore

JSON = {"Accept": "application/json"}


def feedback() -> Feedback:
    return Feedback(uuid.uuid4().hex, "a" * 32, "answered", "useful", "", (), "8fe6e6e99d0cdb85")


def form() -> dict[str, str]:
    given = feedback()
    names = ("key", "answer_id", "status", "rating", "index_version")
    return {name: str(getattr(given, name)) for name in names}


def keys(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [row[0] for row in connection.execute("SELECT key FROM feedback ORDER BY id")]


def no_assistant() -> Assistant:
    raise IndexUnavailableError("索引がありません。")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / DATABASE_FILE


def test_a_write_ahead_log_that_is_torn_at_any_place_loses_only_its_end(file: Path, tmp_path: Path) -> None:
    database = Database(file)
    store, written = FeedbackStore(database), [feedback() for _ in range(30)]
    for given in written:
        store.add(given)
    log = file.with_name(file.name + "-wal").read_bytes()
    main_file = file.read_bytes()
    chance = random.Random(0)
    kept = []
    for number in range(40 * TIMES):
        torn = bytearray(log)
        place = chance.randrange(len(torn))
        if number % 2:
            torn[place] ^= 1 << chance.randrange(8)
        else:
            del torn[place:]
        copy = tmp_path / str(number) / DATABASE_FILE
        copy.parent.mkdir()
        copy.write_bytes(main_file)
        copy.with_name(copy.name + "-wal").write_bytes(torn)
        again = Database(copy)
        FeedbackStore(again).add(feedback())
        again.close()
        rows = keys(copy)[:-1]
        assert rows == [given.key for given in written][: len(rows)]
        kept.append(len(rows))
    database.close()
    assert min(kept) < max(kept)


def test_a_migration_that_breaks_off_has_changed_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*args: object, **kwargs: object) -> None:
        raise OSError("the power is gone")

    with monkeypatch.context() as broken:
        broken.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", die)
        with pytest.raises(StorageUnavailableError):
            Database(file).check()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'feedback'").fetchall() == []
    FeedbackStore(Database(file)).add(feedback())
    assert len(keys(file)) == 1


def test_a_damaged_file_is_refused_before_anything_is_written_with_the_command_that_mends_it(file: Path) -> None:
    database = Database(file)
    for _ in range(200):
        FeedbackStore(database).add(feedback())
    database.close()
    damaged = bytearray(file.read_bytes())
    damaged[4096 * 3 : 4096 * 5] = random.Random(0).randbytes(4096 * 2)
    file.write_bytes(damaged)
    with pytest.raises(StorageUnavailableError, match="python -m web restore"):
        Database(file).check()
    assert file.read_bytes() == damaged


def test_while_another_holds_the_database_pages_are_there_and_feedback_is_refused_and_later_taken(
    make_app: MakeApp, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_MS", 50)
    with TestClient(make_app(no_assistant, database=file)) as client:
        assert client.post("/feedback", data=form(), headers=JSON).status_code == 201
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            sent = form()
            refused = client.post("/feedback", data=sent, headers=JSON)
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "feedback_unavailable")
            assert client.get("/").status_code == 200
            other.execute("ROLLBACK")
        assert client.post("/feedback", data=sent, headers=JSON).status_code == 201
    assert sent["key"] in keys(file)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_on_a_full_and_on_a_read_only_disk_no_feedback_is_lost_that_was_acknowledged(
    make_app: MakeApp, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    file, acknowledged = disk / DATABASE_FILE, []
    with small_disk(disk, "400k"):
        with TestClient(make_app(no_assistant, database=file)) as client:
            (disk / "filler").write_bytes(b"x" * 150_000)
            for _ in range(400):
                sent = form()
                status = client.post("/feedback", data=sent, headers=JSON).status_code
                if status != 201:
                    break
                acknowledged.append(sent["key"])
            assert status == 503
            assert acknowledged
            assert client.get("/").status_code == 200
            (disk / "filler").unlink()
            assert client.post("/feedback", data=sent, headers=JSON).status_code == 201
            acknowledged.append(sent["key"])
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with TestClient(make_app(no_assistant, database=file)) as client:
            sent = form()
            assert client.post("/feedback", data=sent, headers=JSON).status_code == 503
            assert client.get("/").status_code == 200
            subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
            assert client.post("/feedback", data=sent, headers=JSON).status_code == 201
        found = keys(file)
        assert set(found) >= {*acknowledged, sent["key"]}
        assert len(found) == len(set(found))


def test_a_backup_of_a_database_in_use_has_all_that_was_acknowledged_and_can_be_put_back(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_VAR", str(file.parent))
    store, acknowledged, stop = FeedbackStore(Database(file)), list[str](), threading.Event()

    def write() -> None:
        while not stop.is_set():
            given = feedback()
            store.add(given)
            acknowledged.append(given.key)

    writer = threading.Thread(target=write)
    writer.start()
    while len(acknowledged) < 20:
        pass
    before = list(acknowledged)
    copy = tmp_path / "copy.sqlite3"
    assert main(["backup", str(copy)]) == 0
    stop.set()
    writer.join()
    saved = keys(copy)
    assert set(saved) >= set(before)
    assert main(["backup", str(copy)]) == 1
    assert "上書きはしません" in capsys.readouterr().err

    assert main(["restore", str(copy)]) == 0
    assert keys(file) == saved
    (kept,) = file.parent.glob(f"{DATABASE_FILE}.before-*[0-9]")
    assert keys(kept) == acknowledged
    FeedbackStore(Database(file)).add(feedback())
    assert len(keys(file)) == len(saved) + 1


def test_a_damaged_backup_is_not_put_back_and_the_database_stays(file: Path, tmp_path: Path) -> None:
    database = Database(file)
    FeedbackStore(database).add(feedback())
    database.close()
    before = file.read_bytes()
    for content in (b"", b"no database" * 500, before[: len(before) // 2]):
        damaged = tmp_path / "damaged"
        damaged.write_bytes(content)
        with pytest.raises(BackupError):
            restore(damaged, file)
    with pytest.raises(BackupError):
        restore(tmp_path / "none", file)
    assert file.read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_there_is_no_backup_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="データベースがありません"):
        back_up(tmp_path / "none", tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def test_a_backup_that_the_disk_has_no_place_for_leaves_nothing_behind(file: Path, tmp_path: Path) -> None:
    database = Database(file)
    for _ in range(100):
        FeedbackStore(database).add(feedback())
    database.close()
    disk = tmp_path / "disk"
    with small_disk(disk, "16k"):
        with pytest.raises(BackupError):
            back_up(file, disk / "copy")
        assert list(disk.iterdir()) == []
    assert check(file) > 0
