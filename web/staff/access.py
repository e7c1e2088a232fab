"""Who a request comes from and whether a route lets that person in. Closed by default: each route names its rule."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from assistant.errors import InvalidQuestionError
from web.errors import Problem, WebError, question_problem
from web.gate import read_fields
from web.request_log import note_outcome
from web.staff.options import StaffOptions
from web.staff.pages import StaffPages
from web.staff.person import Form, Person
from web.storage.accounts import ROLES, Account, AccountStore, Role
from web.storage.database import StorageUnavailableError

log = logging.getLogger("web.staff")

SIGN_IN = Problem(401, "staff_sign_in")
FORBIDDEN = Problem(403, "staff_forbidden")
FOREIGN_REQUEST = Problem(403, "staff_foreign_request")
STORAGE_UNAVAILABLE = Problem(503, "staff_storage", retry_after_s=60)

PREFIXES = ("/staff", "/counter")
SECRET_HEADER = "X-Staff-Proxy-Secret"
TOKEN_BYTES = 32
# The sentences and the wordings of an answer's form, and its texts.
MAX_FIELDS = 100

Show = Callable[[Request, Person], Awaitable[Response]]
Change = Callable[[Request, Person, Form], Awaitable[Response]]
OpenShow = Callable[[Request, Person | None], Awaitable[Response]]
OpenChange = Callable[[Request, Person | None, Form], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may use a route: everyone with a role or a higher one; with None, who has not signed in yet as well."""

    role: Role | None

    def allows(self, person: Person | None) -> bool:
        """Whether a person, or someone unknown, may use the route."""
        return self.role is None or (person is not None and ROLES.index(person.role) >= ROLES.index(self.role))


class Access:
    """Finds out who sends a request: by a session's cookie, or by what a trusted proxy says."""

    def __init__(self, options: StaffOptions, accounts: AccountStore) -> None:
        self.options = options
        self.accounts = accounts
        self._key = secrets.token_bytes(32)

    async def person(self, request: Request) -> Person | None:
        """Return who sends a request, or None.

        Raises:
            StorageUnavailableError: it cannot be known now.
        """
        if self.options.way == "proxy":
            return await self._named_by_proxy(request)
        token = self.token(request)
        if not token:
            return None
        options = self.options
        account = await to_thread.run_sync(self.accounts.of_session, token, options.idle, options.absolute)
        return _person(account, csrf_of(token)) if account else None

    def token(self, request: Request) -> str:
        """Return the session's token in a request's cookie; empty where there is none."""
        return request.cookies.get(cookie_name(request), "")

    async def _named_by_proxy(self, request: Request) -> Person | None:
        secret = request.headers.get(SECRET_HEADER, "")
        name = request.headers.get(self.options.identity_header, "").lower()
        # Both, and the headers only once: a second value could be the visitor's own.
        once = all(len(request.headers.getlist(header)) == 1 for header in (SECRET_HEADER, self.options.identity_header))
        by_secret = hmac.compare_digest(secret.encode("latin-1"), self.options.proxy_secret.encode())
        if not (name and once and by_secret and self._is_trusted(_peer(request))):
            return None
        account = await to_thread.run_sync(self.accounts.find, name)
        return _person(account, hmac.new(self._key, name.encode(), hashlib.sha256).hexdigest()) if account else None

    def _is_trusted(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self.options.proxies)


class StaffRoutes:
    """The staff's routes. Each is made with its rule, and none can be reached but through it.

    A page is `show(request, person)`, a change is `change(request, person, form)`: it has been checked to come from this
    server's own page. A change that is sent as JSON brings its token in the header `X-CSRF-Token`; its form is empty.
    """

    def __init__(self, access: Access, pages: StaffPages) -> None:
        self.access = access
        self.pages = pages
        self.router = APIRouter()

    def get(self, path: str, role: Role) -> Callable[[Show], Show]:
        """Add a page for a role and those above it."""

        def add(show: Show) -> Show:
            async def known(request: Request, person: Person | None, form: Form) -> Response:
                assert person
                return await show(request, person)

            self._add(path, "GET", Rule(role), known)
            return show

        return add

    def post(self, path: str, role: Role) -> Callable[[Change], Change]:
        """Add a change for a role and those above it."""

        def add(change: Change) -> Change:
            async def known(request: Request, person: Person | None, form: Form) -> Response:
                assert person
                return await change(request, person, form)

            self._add(path, "POST", Rule(role), known)
            return change

        return add

    def open_get(self, path: str) -> Callable[[OpenShow], OpenShow]:
        """Add a page for everyone, such as the one to sign in."""

        def add(show: OpenShow) -> OpenShow:
            async def anyone(request: Request, person: Person | None, form: Form) -> Response:
                return await show(request, person)

            self._add(path, "GET", Rule(None), anyone)
            return show

        return add

    def open_post(self, path: str) -> Callable[[OpenChange], OpenChange]:
        """Add a change for everyone; someone who has not signed in has no token to bring."""

        def add(change: OpenChange) -> OpenChange:
            self._add(path, "POST", Rule(None), change)
            return change

        return add

    def _add(self, path: str, method: str, rule: Rule, handle: OpenChange) -> None:
        assert path.startswith(PREFIXES)

        async def guarded(request: Request) -> Response:
            return await self._respond(request, rule, handle)

        guarded.staff_rule = rule  # type: ignore[attr-defined]
        self.router.add_api_route(path, guarded, methods=[method], response_model=None)

    async def _respond(self, request: Request, rule: Rule, handle: OpenChange) -> Response:
        person = None
        try:
            person = await self.access.person(request)
            if not rule.allows(person):
                raise WebError(FORBIDDEN if person else SIGN_IN)
            form = await _checked_form(request, person if rule.role else None) if request.method == "POST" else Form(())
            response = await handle(request, person, form)
        except WebError as error:
            response = self._refuse(request, person, error.problem)
        except InvalidQuestionError as error:
            response = self._refuse(request, person, question_problem(error))
        except StorageUnavailableError as error:
            log.error("the staff's database cannot be used: %s", error)
            response = self._refuse(request, person, STORAGE_UNAVAILABLE)
        response.headers["Cache-Control"] = "no-store"
        # Under the residents' `no-referrer` a browser says `Origin: null` even of this server's own forms.
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    def _refuse(self, request: Request, person: Person | None, problem: Problem) -> Response:
        note_outcome(request, problem.code)
        return self.pages.refusal(request, person, problem, may_sign_in=self.access.options.way == "accounts")


async def _checked_form(request: Request, person: Person | None) -> Form:
    """Read a change's form, after it is known to come from a page of this server.

    Raises:
        WebError: 403, it does not.
    """
    _refuse_other_sites(request)
    by_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    form = Form(tuple(await read_fields(request, MAX_FIELDS))) if by_form else Form(())
    given = request.headers.get("x-csrf-token", "") or form["csrf"]
    if person and not hmac.compare_digest(given.encode("utf-8", "replace"), person.csrf.encode()):
        raise WebError(FOREIGN_REQUEST)
    return form


def _refuse_other_sites(request: Request) -> None:
    """Believe what the browser says about where a request comes from; an old one says less, and has the token only."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not own or site not in (None, "same-origin"):
        raise WebError(FOREIGN_REQUEST)


def csrf_of(token: str) -> str:
    """Return what a session's forms carry: made of its token, it ends with the session and need not be stored."""
    return hashlib.sha256(b"csrf:" + token.encode()).hexdigest()


def cookie_name(request: Request) -> str:
    """Return the session cookie's name; over https a browser keeps its prefix from being set by anyone else."""
    return "__Host-staff" if request.url.scheme == "https" else "staff"


def remember_peer(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Wrap an ASGI application so that a request keeps the address that it came from, whatever its headers say."""

    async def remembering(scope: dict[str, object], receive: object, send: object) -> None:
        if scope["type"] == "http":
            state = scope.setdefault("state", {})
            assert isinstance(state, dict)
            state["peer"] = scope.get("client")
        await app(scope, receive, send)

    return remembering


def _peer(request: Request) -> str:
    """The address that the request's connection comes from."""
    client = request.scope.get("state", {}).get("peer") or request.scope.get("client")
    return str(client[0]) if client else ""


def _person(account: Account, csrf: str) -> Person:
    return Person(account.name, account.role, csrf)
