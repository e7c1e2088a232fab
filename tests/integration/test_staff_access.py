from __future__ import annotations

import datetime as dt
import http.cookiejar
import ipaddress
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from assistant.assistant import Assistant
from assistant.contacts import load_contacts
from assistant.settings import Settings
from index.errors import IndexUnavailableError
from web.app import create_app
from web.soak.schema import NOT_ASKED, describe
from web.staff import passwords
from web.staff.access import PREFIXES, Rule
from web.staff.options import StaffOptions
from web.staff.passwords import hash_password
from web.storage.accounts import ROLES, AccountStore
from web.storage.audit import latest_changes
from web.storage.database import Database

PASSWORD = "ながい合言葉です1234"
SECRET = "s" * 40


def no_assistant() -> Assistant:
    raise IndexUnavailableError("索引がありません。")


@pytest.fixture(scope="module")
def password_hash() -> str:
    return hash_password(PASSWORD)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("staff")


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[Database]:
    database = Database(folder / "web.sqlite3")
    yield database
    database.close()


@pytest.fixture(scope="module")
def accounts(database: Database, password_hash: str) -> AccountStore:
    """An account of each role, named like it, and some more to do things to."""
    accounts = AccountStore(database)
    for role in ROLES:
        accounts.add("test", role, role, password_hash)
    for name in ("target", "disable", "role", "password"):
        accounts.add("test", name, "editor", password_hash)
    return accounts


def app_with(settings: Settings, database: Database, options: StaffOptions | None) -> FastAPI:
    return create_app(no_assistant, load_contacts(settings.contacts), database, staff=options)


@pytest.fixture(scope="module")
def app(settings: Settings, database: Database, accounts: AccountStore) -> FastAPI:
    return app_with(settings, database, StaffOptions())


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, follow_redirects=False) as client:
        yield client


def sign_in(client: TestClient, name: str, password: str = PASSWORD, **headers: str) -> int:
    return client.post("/staff/sign-in", data={"name": name, "password": password}, headers=headers).status_code


def csrf(client: TestClient) -> str:
    return client.get("/staff").text.partition('name="csrf" content="')[2].partition('"')[0]


def all_routes(routes: Iterable[object]) -> Iterator[APIRoute]:
    """All routes of an application, those of included routers too, which FastAPI keeps folded."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            folded = getattr(route, "original_router", route)
            yield from all_routes(getattr(folded, "routes", ()))


def staff_routes(app: FastAPI) -> list[APIRoute]:
    return [route for route in all_routes(app.routes) if route.path.startswith(PREFIXES)]


def rule(route: APIRoute) -> Rule:
    found: Rule = route.endpoint.staff_rule  # type: ignore[attr-defined]
    return found


def address(route: APIRoute) -> str:
    """A route's address with its places filled in."""
    return route.path.replace("{", "").replace("}", "").replace(":path", "")


def test_every_staff_route_names_its_rule(app: FastAPI) -> None:
    ruled = [route for route in staff_routes(app) if isinstance(getattr(route.endpoint, "staff_rule", None), Rule)]
    assert ruled == staff_routes(app)
    opened = {route.path for route in staff_routes(app) if rule(route).role is None}
    assert opened == {"/staff/sign-in"}


def test_without_a_configuration_there_are_no_staff_pages(settings: Settings, app: FastAPI, database: Database) -> None:
    with TestClient(app_with(settings, database, None)) as client:
        for route in staff_routes(app):
            for method in route.methods:
                assert client.request(method, address(route)).status_code in (404, 405), route.path


@pytest.mark.parametrize("cookie", ["", "x" * 43, "\x7f"])
def test_no_route_answers_someone_who_has_not_signed_in(app: FastAPI, client: TestClient, cookie: str) -> None:
    for route in staff_routes(app):
        if rule(route).role:
            for method in route.methods:
                response = client.request(method, address(route), headers={"Cookie": f"staff={cookie}"} if cookie else {})
                assert response.status_code == 401, route.path
                assert response.headers["cache-control"] == "no-store"


def test_a_role_opens_its_own_routes_and_no_higher_ones(app: FastAPI, client: TestClient) -> None:
    for role in ROLES:
        client.cookies.clear()
        sign_in(client, role)
        for route in staff_routes(app):
            needed = rule(route).role
            if needed and ROLES.index(needed) > ROLES.index(role):
                for method in route.methods:
                    assert client.request(method, address(route)).status_code == 403, (role, route.path)


def test_no_change_is_made_without_the_pages_token(app: FastAPI, client: TestClient) -> None:
    sign_in(client, "admin")
    for route in staff_routes(app):
        if "POST" in route.methods and rule(route).role:
            for body in ({}, {"csrf": "0" * 64}):
                assert client.post(address(route), data=body).status_code == 403, route.path
            for kind in ("text/plain", "application/json"):
                assert client.post(address(route), content=b"csrf=", headers={"Content-Type": kind}).status_code == 403


@pytest.mark.parametrize(
    "header",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
    ids=str,
)
def test_no_change_is_taken_from_another_site(client: TestClient, header: dict[str, str]) -> None:
    assert sign_in(client, "viewer", **header) == 403
    sign_in(client, "viewer")
    assert client.post("/staff/sign-out", data={"csrf": csrf(client)}, headers=header).status_code == 403
    assert client.get("/staff").status_code == 200


def test_a_sign_in_gives_a_new_token_of_which_only_the_hash_is_stored(client: TestClient, folder: Path) -> None:
    client.cookies.set("staff", "chosen-by-someone-else", domain="testserver.local", path="/")
    tokens = set()
    for _ in range(2):
        assert sign_in(client, "viewer") == 303
        tokens.add(next(cookie.value for cookie in client.cookies.jar if cookie.value != "chosen-by-someone-else"))
        client.cookies.clear()
    assert len(tokens) == 2
    stored = b"".join(path.read_bytes() for path in folder.iterdir())
    assert all(token and len(token) >= 43 and token.encode() not in stored for token in tokens)


def test_the_cookie_is_for_this_host_and_no_script(client: TestClient, app: FastAPI) -> None:
    sent = client.post("/staff/sign-in", data={"name": "viewer", "password": PASSWORD}).headers["set-cookie"].lower()
    assert "httponly" in sent
    assert "samesite=strict" in sent
    with TestClient(app, base_url="https://testserver", follow_redirects=False) as secure:
        sent = secure.post("/staff/sign-in", data={"name": "viewer", "password": PASSWORD}).headers["set-cookie"]
        assert sent.startswith("__Host-staff=")
        assert {"secure", "path=/"} <= {part.strip().lower() for part in sent.split(";")}
        assert "domain" not in sent.lower()
        assert secure.get("/staff").status_code == 200


def test_a_session_ends_with_sign_out_and_its_cookie_opens_nothing_again(client: TestClient) -> None:
    sign_in(client, "viewer")
    kept = http.cookiejar.CookieJar()
    for cookie in client.cookies.jar:
        kept.set_cookie(cookie)
    assert client.post("/staff/sign-out", data={"csrf": csrf(client)}).status_code == 303
    for cookie in kept:
        client.cookies.jar.set_cookie(cookie)
    assert client.get("/staff").status_code == 401


@pytest.mark.parametrize(
    ("used_every_minutes", "until_minutes", "still_in"),
    [(29, 58, True), (30, 30, False), (20, 700, True), (20, 720, False)],
)
def test_a_session_ends_when_it_lies_unused_or_is_too_old(
    database: Database, accounts: AccountStore, used_every_minutes: int, until_minutes: int, still_in: bool
) -> None:
    now = dt.datetime(2026, 4, 1, 8, 0)
    store = AccountStore(database, now=lambda: now)
    token = secrets.token_hex()
    store.begin_session("viewer", token)
    options = StaffOptions()
    account = None
    for minutes in range(used_every_minutes, until_minutes + 1, used_every_minutes):
        now = dt.datetime(2026, 4, 1, 8, 0) + dt.timedelta(minutes=minutes)
        account = store.of_session(token, options.idle, options.absolute)
    assert (account is not None) == still_in


def test_a_session_survives_a_clock_that_is_set_back(database: Database, accounts: AccountStore) -> None:
    now = dt.datetime(2026, 4, 1, 8, 0)
    store = AccountStore(database, now=lambda: now)
    store.begin_session("viewer", "back")
    now -= dt.timedelta(days=1)
    assert store.of_session("back", StaffOptions().idle, StaffOptions().absolute)


@pytest.mark.parametrize("change", ["disable", "role", "password"])
def test_a_changed_account_is_signed_out_everywhere(client: TestClient, accounts: AccountStore, change: str) -> None:
    name = change
    sign_in(client, name)
    assert client.get("/staff").status_code == 200
    match change:
        case "disable":
            accounts.set_active("test", name, False)
        case "role":
            accounts.set_role("test", name, "viewer")
        case _:
            accounts.set_password("test", name, "x")
    assert client.get("/staff").status_code == 401
    assert sign_in(client, name) == (303 if change == "role" else 401)


def test_a_wrong_password_and_an_unknown_name_are_refused_alike(client: TestClient) -> None:
    pages = []
    for name in ("viewer", "nobody"):
        response = client.post("/staff/sign-in", data={"name": name, "password": "wrong"})
        pages.append((response.status_code, response.text))
        assert "wrong" not in response.text.replace("staff_wrong", "")
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("name", "password"), [("viewer", "wrong"), ("nobody", "wrong"), ("viewer", "a" * 4096), ("nobody", ""), ("", "\x00")]
)
def test_every_refused_sign_in_costs_one_password_check_whoever_it_is_for(
    client: TestClient, name: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How long each takes is measured by `python -m web.staff.bench`."""
    expected = extract_parameters(hash_password(PASSWORD))
    checked = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            checked.append(extract_parameters(str(hash)))
            return super().verify(hash, password)

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    assert sign_in(client, name, password) == 401
    assert checked == [expected]


@pytest.mark.parametrize("password", ["", "a" * 73, "a" * 4096, "\x00", PASSWORD + "x"], ids=len)
def test_no_strange_password_opens_or_breaks_anything(client: TestClient, password: str) -> None:
    assert sign_in(client, "viewer", password) == 401


def test_a_password_that_is_no_text_is_refused(client: TestClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    response = client.post("/staff/sign-in", content=b"name=viewer&password=%ED%A0%80", headers=form)
    assert response.status_code == 400


@pytest.mark.usefixtures("still")
def test_200_wrong_passwords_are_soon_no_longer_looked_at_while_others_sign_in(client: TestClient) -> None:
    statuses = [sign_in(client, "target", "wrong password") for _ in range(200)]
    assert statuses[:10] == [401] * 10
    assert set(statuses[10:]) == {429}
    assert sign_in(client, "target") == 429
    assert sign_in(client, "editor") == 303


def test_where_to_go_after_signing_in_is_never_another_site(client: TestClient) -> None:
    for wanted, place in (
        ("/staff/changes", "/staff/changes"),
        ("//evil.example", "/staff"),
        ("https://evil.example", "/staff"),
        ("/staff/../x", "/staff"),
        ("/staff/sign-in", "/staff"),
    ):
        response = client.post("/staff/sign-in", data={"name": "admin", "password": PASSWORD, "wanted": wanted})
        assert response.headers["location"] == place


def test_every_sign_in_and_out_is_recorded(client: TestClient, database: Database) -> None:
    before = len(latest_changes(database, 10_000))
    sign_in(client, "admin")
    client.post("/staff/sign-out", data={"csrf": csrf(client)})
    sign_in(client, "admin")
    recorded = latest_changes(database, len(latest_changes(database, 10_000)) - before)
    assert [(change.who, change.action) for change in reversed(recorded)] == [
        ("admin", "session.begin"),
        ("admin", "session.end"),
        ("admin", "session.begin"),
    ]
    assert "サインアウト" in client.get("/staff/changes").text


PROXY = StaffOptions(way="proxy", proxies=(ipaddress.ip_network("10.0.0.1/32"),), proxy_secret=SECRET)


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("10.0.0.1", [("X-Remote-User", "Viewer"), ("X-Staff-Proxy-Secret", SECRET)], 200),
        ("10.0.0.2", [("X-Remote-User", "viewer"), ("X-Staff-Proxy-Secret", SECRET)], 401),
        ("10.0.0.2", [("X-Remote-User", "viewer"), ("X-Staff-Proxy-Secret", SECRET), ("X-Forwarded-For", "10.0.0.1")], 401),
        ("10.0.0.1", [("X-Remote-User", "viewer")], 401),
        ("10.0.0.1", [("X-Remote-User", "viewer"), ("X-Staff-Proxy-Secret", "wrong")], 401),
        ("10.0.0.1", [("X-Remote-User", "nobody"), ("X-Staff-Proxy-Secret", SECRET)], 401),
        ("10.0.0.1", [("X-Remote-User", "viewer"), ("X-Remote-User", "admin"), ("X-Staff-Proxy-Secret", SECRET)], 401),
        ("10.0.0.1", [("X-Staff-Proxy-Secret", SECRET)], 401),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_name_in_a_header_is_believed_of_the_trusted_proxy_only(
    settings: Settings,
    database: Database,
    accounts: AccountStore,
    peer: str,
    headers: list[tuple[str, str]],
    status: int,
) -> None:
    with TestClient(app_with(settings, database, PROXY), client=(peer, 1)) as client:
        assert client.get("/staff", headers=headers).status_code == status
        assert client.get("/staff/changes", headers=headers).status_code in (401, 403)
        assert sign_in(client, "viewer") == 404


def test_a_header_names_nobody_where_staff_have_accounts(client: TestClient) -> None:
    assert client.get("/staff", headers={"X-Remote-User": "admin", "X-Staff-Proxy-Secret": ""}).status_code == 401


def test_the_soak_makes_requests_for_all_of_the_staffs_addresses_but_those_that_would_end_its_session(
    app: FastAPI, settings: Settings, tmp_path: Path
) -> None:
    described = describe(settings, tmp_path)["paths"]
    assert {path for path in described if path.startswith(PREFIXES)} == {r.path for r in staff_routes(app)} - set(NOT_ASKED)
    assert described["/staff/review/done"]["post"]["requestBody"]
    assert [place["name"] for place in described["/staff/answers/{number}/state"]["post"]["parameters"]] == ["number"]
