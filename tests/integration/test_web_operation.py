from __future__ import annotations

import asyncio
import errno
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path

import anyio
import pytest
import uvicorn
from sqlalchemy import text
from starlette.testclient import TestClient

from assistant.answer import Answer, Language
from assistant.approved import ApprovedAnswer, Quote
from assistant.assistant import Assistant, Turn
from assistant.contacts import load_contacts
from assistant.errors import ConfigurationError
from assistant.reader import load_reader
from assistant.settings import Settings, load_settings
from assistant.wiring import assemble, load_index, with_current_index
from index.build import build_index
from index.errors import IndexUnavailableError, ModelError
from index.generation import load_generation, roll_back
from tests.conftest import REPOSITORY, MakeApp
from tests.fakes import BigramEmbeddings, answering_all
from tests.loops import in_a_loop_of_its_own
from web import front_door
from web.__main__ import Server, main
from web.admission import AHEAD, Admission, Place
from web.app import create_app
from web.catalogue import LANGUAGES
from web.errors import WebError
from web.instance import only_one
from web.notice import Notice, NoticeBoard, put_up, take_down
from web.service import Service
from web.staff.options import KeepingOptions, StaffOptions
from web.staff.passwords import hash_password
from web.storage.accounts import ROLES, AccountStore
from web.storage.answers import AnswerStore
from web.storage.audit import latest_changes
from web.storage.database import Database

READY_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
IN_DANGER = "もう死にたいです"
EVENTS = {"Accept": "text/event-stream"}
JSON = {"Accept": "application/json"}
QUESTION = "訓練の日はいつですか"
# Work beside the event loop has so many threads, by anyio.
THREADS = 40
PASSWORD = "ながい合言葉です1234"


class Library:
    """A folder of documents whose text changes, with an assistant over its index."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        (folder / "documents").mkdir()
        self.settings = settings.model_copy(update={"var": folder, "documents": folder / "documents", "reader": False})
        self._embeddings = BigramEmbeddings()

    def write(self, day: str, name: str = "drill") -> str:
        """Write the one document anew and build; returns the index's version."""
        for old in self.settings.documents.iterdir():
            old.unlink()
        plan = f"# 防災訓練\n\n防災訓練の日は{day}です。\n\n# 相談\n\n福祉相談課で相談できます。\n"
        (self.settings.documents / f"{name}.md").write_text(plan, encoding="utf-8")
        return build_index(self.settings.documents, self.settings.index, self._embeddings).generation.name

    def assistant(self) -> Assistant:
        return assemble(load_generation(self.settings.index, self._embeddings.identity), self._embeddings, self.settings)

    def renew(self, assistant: Assistant) -> Assistant:
        return with_current_index(assistant, self.settings)


@pytest.fixture
def library(settings: Settings, tmp_path: Path) -> Library:
    return Library(tmp_path, settings)


@pytest.fixture
def swapping(library: Library, settings: Settings) -> Iterator[tuple[TestClient, Service]]:
    library.write("九月一日")
    database = Database(library.settings.var / "web.sqlite3")
    app = create_app(library.assistant, load_contacts(settings.contacts), database, renew=library.renew)
    with TestClient(app) as client:
        assert app.state.service.wait(READY_TIMEOUT_S)
        yield client, app.state.service


def version(client: TestClient) -> str:
    return str(client.post("/api/ask", json={"question": QUESTION}).json()["index_version"])


def test_a_new_index_is_answered_from_without_a_restart_by_every_page(
    swapping: tuple[TestClient, Service], library: Library
) -> None:
    client, service = swapping
    new = library.write("十月二日", "newer")
    assert version(client) != new
    assert service.renew() == new
    assert version(client) == new
    assert "十月二日" in client.get("/documents/newer").text
    assert client.get("/documents/drill").status_code == 404
    assert "十月二日" in client.post("/documents/newer", data={"find": "十月二日"}).text
    assert "/documents/newer" in client.get("/documents").text
    assert client.get("/readyz").status_code == 200


def test_a_damaged_or_outrun_index_is_not_loaded_and_the_old_one_goes_on(
    swapping: tuple[TestClient, Service], library: Library
) -> None:
    client, service = swapping
    old = version(client)
    new = library.write("十月二日")
    (library.settings.index / new / "passages.jsonl").write_text("[]", encoding="utf-8")
    with pytest.raises(IndexUnavailableError, match=r"passages\.jsonl"):
        service.renew()
    assert (version(client), service.failed_loads) == (old, 1)
    library.write("十一月三日")
    (library.settings.documents / "drill.md").write_text("変わりました。", encoding="utf-8")
    with pytest.raises(IndexUnavailableError, match="文書が索引を作ったときから変わっています"):
        service.renew()
    assert version(client) == old
    assert client.get("/readyz").status_code == 200


@pytest.fixture
def desk(library: Library, settings: Settings) -> Iterator[tuple[TestClient, Service, Database]]:
    """A server with an account of each role."""
    library.write("九月一日")
    database = Database(library.settings.var / "web.sqlite3")
    accounts = AccountStore(database)
    for role in ROLES:
        accounts.add("test", role, role, hash_password(PASSWORD))
    contacts = load_contacts(settings.contacts)
    app = create_app(library.assistant, contacts, database, renew=library.renew, staff=StaffOptions())
    # An address of this machine, which no limit is for.
    with TestClient(app, client=("127.0.0.1", 1)) as client:
        assert app.state.service.wait(READY_TIMEOUT_S)
        yield client, app.state.service, database


def as_administrator(client: TestClient) -> dict[str, str]:
    """Sign in; returns the form of the button that exchanges the index."""
    client.post("/staff/sign-in", data={"name": "admin", "password": PASSWORD})
    return {"csrf": client.get("/staff/index").text.partition('name="csrf" content="')[2].partition('"')[0]}


def test_an_administrator_exchanges_the_index_without_the_servers_shell_and_is_told_how_it_went(
    desk: tuple[TestClient, Service, Database], library: Library
) -> None:
    client, service, database = desk
    client.post("/staff/sign-in", data={"name": "editor", "password": PASSWORD})
    assert client.get("/staff/index").status_code == 403
    form = as_administrator(client)
    assert service.index_version in client.get("/staff/index").text
    assert "もう最新です" in client.post("/staff/index", data=form).text
    new = library.write("十月二日", "newer")
    page = client.post("/staff/index", data=form).text
    assert "入れ替えました" in page
    assert "newer" in page
    assert version(client) == new
    broken = library.write("十一月三日")
    (library.settings.index / broken / "passages.jsonl").write_text("[]", encoding="utf-8")
    response = client.post("/staff/index", data=form)
    assert (response.status_code, "読み込めませんでした" in response.text) == (503, True)
    assert 'role="alert" class="error"' in response.text
    assert "<title>エラー" in response.text
    assert str(library.settings.var) not in response.text
    assert version(client) == new
    changes = [(change.who, change.action, change.target) for change in latest_changes(database, 9)]
    assert [change for change in changes if change[1] == "index.renew"] == [("admin", "index.renew", new)]


def test_an_index_that_was_exchanged_but_not_recorded_is_not_said_to_be_unchanged(
    desk: tuple[TestClient, Service, Database], library: Library
) -> None:
    client, _, database = desk
    form = as_administrator(client)
    new = library.write("十月二日", "newer")
    with database.session() as session:
        session.execute(text("DROP TABLE audit"))
    page = client.post("/staff/index", data=form).text
    assert "記録には残せませんでした" in page
    assert "変更はされていません" not in page
    assert version(client) == new


def test_where_the_model_cannot_be_loaded_an_administrator_sees_the_index_and_that_nothing_is_answered(
    library: Library, settings: Settings
) -> None:
    def build() -> Assistant:
        raise ModelError("none")

    loaded = library.write("九月一日")
    database = Database(library.settings.var / "web.sqlite3")
    AccountStore(database).add("test", "admin", "admin", hash_password(PASSWORD))
    contacts = load_contacts(settings.contacts)
    app = create_app(build, contacts, database, load_index=lambda: load_index(library.settings), staff=StaffOptions())
    with TestClient(app) as client:
        assert app.state.service.wait(READY_TIMEOUT_S)
        as_administrator(client)
        page = client.get("/staff/index").text
    assert loaded in page
    assert "言葉での検索だけができます" in page
    assert "いまは索引がありません" not in page


def test_a_fault_that_nobody_expects_is_told_to_the_administrator_on_the_page_too(
    desk: tuple[TestClient, Service, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, service, _ = desk

    def fail() -> str:
        raise MemoryError

    form = as_administrator(client)
    monkeypatch.setattr(service, "renew", fail)
    response = client.post("/staff/index", data=form)
    assert (response.status_code, "読み込めませんでした" in response.text) == (503, True)


def test_however_often_the_button_is_pressed_questions_are_answered_meanwhile(
    desk: tuple[TestClient, Service, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, service, _ = desk
    begun, end = threading.Semaphore(0), threading.Event()

    def renew() -> str:
        begun.release()
        end.wait(READY_TIMEOUT_S)
        return service.index_version

    form = as_administrator(client)
    monkeypatch.setattr(service, "renew", renew)
    # All come from one address here.
    monkeypatch.setattr(front_door, "MAX_OPEN_POSTS_OF_ONE", front_door.MAX_OPEN_POSTS)
    with ThreadPoolExecutor(THREADS + 6) as pool:
        pressed = [pool.submit(client.post, "/staff/index", data=form) for _ in range(THREADS + 5)]
        assert begun.acquire(timeout=READY_TIMEOUT_S)
        # The others come to their turn, or to a wait for it.
        time.sleep(1)
        try:
            assert pool.submit(version, client).result(READY_TIMEOUT_S / 2)
        finally:
            end.set()
        assert {response.result().status_code for response in pressed} == {200}


def test_an_index_that_was_gone_back_to_is_served_although_the_documents_are_newer(
    swapping: tuple[TestClient, Service], library: Library
) -> None:
    client, service = swapping
    old = version(client)
    library.write("十月二日")
    service.renew()
    roll_back(library.settings.index)
    assert service.renew() == old
    assert version(client) == old


def test_a_question_keeps_the_index_that_it_began_with(library: Library, make_app: MakeApp) -> None:
    library.write("九月一日", "old")
    found = library.assistant()
    # Whatever is found is answered with.
    before = answering_all(found)
    began, renewed = threading.Event(), threading.Event()

    class Slow(Assistant):
        def ask(self, question: str, history: Sequence[Turn] = (), page: Language = "ja") -> Answer:
            began.set()
            assert renewed.wait(READY_TIMEOUT_S)
            return before.ask(question, history)

    slow = Slow(**{field.name: getattr(before, field.name) for field in fields(before)})
    app = make_app(lambda: slow)
    with TestClient(app) as client:
        service: Service = app.state.service
        assert service.wait(READY_TIMEOUT_S)

        def swap() -> None:
            assert began.wait(READY_TIMEOUT_S)
            library.write("十月二日", "newer")
            service._assistant = library.renew(before)
            renewed.set()

        swapper = threading.Thread(target=swap)
        swapper.start()
        page = client.post("/", data={"question": QUESTION})
        swapper.join()
        assert page.status_code == 200
        assert "九月一日" in page.text
        assert "/documents/old" in page.text


def test_a_question_of_the_former_index_suspends_no_answer_that_was_approved_over_the_new_one(
    library: Library, settings: Settings
) -> None:
    library.write("九月一日")
    database = Database(library.settings.var / "web.sqlite3")
    keeping = KeepingOptions(approved_for_residents=True)
    contacts = load_contacts(settings.contacts)
    app = create_app(library.assistant, contacts, database, renew=library.renew, keeping=keeping)
    service: Service = app.state.service
    service.start()
    assert service.wait(READY_TIMEOUT_S)
    former = service.accept(QUESTION, "")
    library.write("十月二日", "newer")
    service.renew()
    index = service.index()
    passage = next(passage for passage in index.passages if "十月二日" in passage.text)
    one = passage.sentences[0]
    quote = Quote(passage.document_id, one.start, one.end, one.text)
    store = AnswerStore(database)
    store.approve("hanako", "editor", ApprovedAnswer(0, QUESTION, (), (quote,)), index.version)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(anyio.run, service.ask, former, ()).result()
    for thread in threading.enumerate():
        if thread.name == "approved-answers":
            thread.join()
    assert len(store.list("active")) == 1
    database.close()


def test_under_load_the_reader_is_left_out() -> None:
    assert not Place(waiting=0, waited_s=0.1).is_hurried
    assert Place(waiting=1, waited_s=0.0).is_hurried
    assert Place(waiting=0, waited_s=0.3).is_hurried


class Standing(Admission):
    """Admission where things always stand the same."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._standing = place

    def _place(self, began: float) -> Place:
        return self._standing


@pytest.mark.parametrize(("waiting", "is_read"), [(0, True), (9, False)])
def test_a_hurried_question_is_asked_without_the_reader(
    library: Library, make_app: MakeApp, waiting: int, is_read: bool
) -> None:
    library.write("九月一日")
    assistant = replace(library.assistant(), reader=load_reader(1))
    asked: list[bool] = []

    class Noting(Assistant):
        def ask(self, question: str, history: Sequence[Turn] = (), page: Language = "ja") -> Answer:
            asked.append(self.reader is not None)
            return replace(assistant, reader=None).ask(question)

    noting = Noting(**{field.name: getattr(assistant, field.name) for field in fields(assistant)})
    app = make_app(lambda: noting)
    with TestClient(app) as client:
        assert app.state.service.wait(READY_TIMEOUT_S)
        app.state.service._admission = Standing(Place(waiting, 0.0))
        assert client.post("/api/ask", json={"question": QUESTION}).status_code == 200
    assert asked == [is_read]


@in_a_loop_of_its_own
async def test_those_that_wait_are_told_at_once_when_the_server_stops_and_what_runs_is_finished() -> None:
    admission, until, said = Admission(running=1, waiting=5), threading.Event(), list[str]()

    async def ask() -> None:
        try:
            await admission.do(lambda _: until.wait())
            said.append("answered")
        except WebError as error:
            said.append(error.problem.code)

    async with anyio.create_task_group() as tasks:
        for _ in range(3 + AHEAD):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        admission.stop()
        await anyio.wait_all_tasks_blocked()
        assert said == ["restarting"] * 2
        await ask()
        assert said == ["restarting"] * 3
        until.set()
    assert said[3:] == ["answered"] * (1 + AHEAD)


@pytest.fixture
def notice_file(tmp_path: Path) -> Path:
    return tmp_path / "notice.json"


@pytest.fixture
def noticed(library: Library, settings: Settings, notice_file: Path, tmp_path: Path) -> Iterator[TestClient]:
    library.write("九月一日")
    app = create_app(
        library.assistant,
        load_contacts(settings.contacts),
        Database(tmp_path / "web.sqlite3"),
        notices=NoticeBoard(notice_file),
    )
    with TestClient(app) as client:
        assert app.state.service.wait(READY_TIMEOUT_S)
        yield client


PAGES = [path for name in LANGUAGES for path in ("/" if name == "ja" else f"/{name}/",)] + [
    "/widget",
    "/documents",
    "/about",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_closed_service_says_so_with_whom_to_call_on_every_page(noticed: TestClient, notice_file: Path, path: str) -> None:
    put_up(notice_file, "closed", "点検のため<b>休止</b>しています。")
    page = noticed.get(path)
    assert page.status_code == 503
    assert int(page.headers["retry-after"]) > 0
    assert "点検のため&lt;b&gt;休止&lt;/b&gt;しています。" in page.text
    assert 'href="tel:119"' in page.text
    assert "福祉相談課" in page.text


def test_a_closed_service_answers_no_question_but_helps_in_danger(noticed: TestClient, notice_file: Path) -> None:
    put_up(notice_file, "closed", "")
    refused = noticed.post("/api/ask", json={"question": QUESTION})
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "closed")
    assert noticed.post("/", data={"question": QUESTION}, headers=EVENTS).json()["error"]["code"] == "closed"
    form = noticed.post("/", data={"question": QUESTION})
    assert (form.status_code, QUESTION in form.text, 'href="tel:119"' in form.text) == (503, True, True)
    assert noticed.post("/feedback", data={"rating": "useful"}, headers=JSON).status_code == 503
    assert "0120-279-338" in noticed.post("/api/ask", json={"question": IN_DANGER}).text
    assert noticed.post("/", data={"question": IN_DANGER}).status_code == 200
    assert [noticed.get(path).status_code for path in ("/livez", "/readyz")] == [200, 200]
    style = re.search('href="(/static/[^"]{1,200}css)"', form.text)
    assert style
    assert noticed.get(style[1]).status_code == 200


def test_a_notice_comes_and_goes_while_the_service_runs(noticed: TestClient, notice_file: Path) -> None:
    assert noticed.get("/").status_code == 200
    put_up(notice_file, "banner", "台風のため窓口を閉めています。")
    page = noticed.get("/en/")
    assert page.status_code == 200
    assert '<p lang="ja">台風のため窓口を閉めています。</p>' in page.text
    assert noticed.post("/api/ask", json={"question": QUESTION}).status_code == 200
    put_up(notice_file, "closed", "")
    assert noticed.get("/").status_code == 503
    take_down(notice_file)
    assert noticed.get("/").status_code == 200


def test_a_notice_that_cannot_be_read_changes_nothing(noticed: TestClient, notice_file: Path) -> None:
    put_up(notice_file, "closed", "")
    assert noticed.get("/").status_code == 503
    notice_file.write_text('{"kind": "open"', encoding="utf-8")
    assert noticed.get("/").status_code == 503


def test_a_notice_is_put_up_by_a_command_with_who_and_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASSISTANT_VAR", str(tmp_path))
    monkeypatch.setenv("SUDO_USER", "hanako")
    assert main(["notice", "on", "--text", "点検中です。"]) == 0
    assert "サービスを閉じています" in capsys.readouterr().out
    notice = Notice.model_validate_json((tmp_path / "notice.json").read_bytes())
    assert (notice.kind, notice.text, notice.by, notice.since.tzinfo is not None) == (
        "closed",
        "点検中です。",
        "hanako",
        True,
    )
    assert main(["notice", "banner"]) == 1
    assert "--text" in capsys.readouterr().err
    assert main(["notice", "off"]) == 0
    assert "サービスは開いています" in capsys.readouterr().out


def test_a_notice_that_finds_the_disk_full_leaves_what_holds_and_no_half_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_up(tmp_path / "notice.json", "banner", "台風が来ます。")
    monkeypatch.setenv("ASSISTANT_VAR", str(tmp_path))
    write_bytes = Path.write_bytes

    def full(path: Path, *_: object, **__: object) -> None:
        write_bytes(path, b"{")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_text", full)
    assert main(["notice", "on"]) == 1
    assert "お知らせを書けません" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["notice.json"]
    assert NoticeBoard(tmp_path / "notice.json").current == Notice.model_validate_json(
        (tmp_path / "notice.json").read_bytes()
    )


def test_figures_stand_on_their_own_port_and_hold_no_question(library: Library, make_app: MakeApp) -> None:
    version = library.write("九月一日")
    app = make_app(library.assistant)
    with TestClient(app) as client:
        assert app.state.service.wait(READY_TIMEOUT_S)
        client.post("/api/ask", json={"question": QUESTION})
        client.get("/秘密のページ")
        port = app.state.metrics.serve("127.0.0.1", 0)
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        assert client.get("/metrics").status_code == 404
    assert 'assistant_requests_total{method="POST",route="/api/ask",status="200"} 1.0' in text
    assert 'assistant_requests_total{method="GET",route="none",status="404"} ' in text
    assert 'assistant_request_seconds_count{route="/api/ask"} 1.0' in text
    assert f'assistant_index{{version="{version}"}} 1.0' in text
    assert "assistant_queue 0.0" in text
    assert "assistant_ready 1.0" in text
    assert "訓練" not in text
    assert "秘密" not in text
    assert "testclient" not in text


def test_figures_are_nowhere_unless_a_port_is_set() -> None:
    assert load_settings().metrics_port is None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_data_folder_has_one_server_also_where_nothing_can_be_written(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(ConfigurationError, match="ASSISTANT_VAR"), only_one(tmp_path):
        pytest.fail("there were two")
    assert list(tmp_path.iterdir()) == []
    with only_one(tmp_path):
        pass


class Stopping:
    """A service that notes that it was told to stop."""

    told = 0

    def stop(self) -> None:
        self.told += 1


@in_a_loop_of_its_own
async def test_a_server_that_is_told_to_stop_refuses_at_once_and_closes_when_what_came_meanwhile_was_read() -> None:
    service = Stopping()
    server = Server(uvicorn.Config("web.app:app"), service)  # type: ignore[arg-type]
    server._loop = asyncio.get_running_loop()
    server.handle_exit(signal.SIGTERM, None)
    assert (service.told, server.should_exit) == (1, False)
    with anyio.fail_after(STOP_TIMEOUT_S):
        while not server.should_exit:
            await anyio.sleep(0.01)


@in_a_loop_of_its_own
async def test_a_server_that_is_told_twice_closes_at_once() -> None:
    server = Server(uvicorn.Config("web.app:app"), Stopping())  # type: ignore[arg-type]
    server._loop = asyncio.get_running_loop()
    server.handle_exit(signal.SIGTERM, None)
    server.handle_exit(signal.SIGTERM, None)
    assert server.should_exit


def fetch(port: int, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=STOP_TIMEOUT_S)) as connection:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()


def test_a_server_without_an_index_lives_through_a_reload_refuses_a_second_one_and_stops_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    environment = {**os.environ, "ASSISTANT_VAR": str(tmp_path)}
    command = [sys.executable, "-m", "web", "--port", str(port)]
    server = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE, text=True)
    assert server.stderr
    try:
        lines = [next(server.stderr)]
        while "Uvicorn running" not in lines[-1]:
            lines.append(next(server.stderr))
        assert fetch(port, "GET", "/livez")[0] == 200
        assert fetch(port, "GET", "/readyz")[0] == 503
        asked = json.dumps({"question": IN_DANGER})
        assert "0120-279-338" in fetch(port, "POST", "/api/ask", asked, **{"Content-Type": "application/json"})[1]
        monkeypatch.setenv("ASSISTANT_VAR", str(tmp_path))
        assert main(["--port", str(free_port())]) == 1
        assert "動いているサーバーが使っています" in capsys.readouterr().err
        server.send_signal(signal.SIGHUP)
        while "could not be renewed" not in lines[-1]:
            lines.append(next(server.stderr))
        assert fetch(port, "GET", "/livez")[0] == 200
        assert all(json.loads(line)["message"] for line in lines)
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=STOP_TIMEOUT_S)
