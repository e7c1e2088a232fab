"""The staff's pages: the residents' templates, files and Japanese texts, with the staff's own beside them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from web.catalogue import Catalogue, read_texts
from web.error_pages import with_retry_after
from web.errors import Problem
from web.rendering import Renderer
from web.request_log import request_id
from web.staff.person import Person
from web.storage.accounts import Role
from web.storage.audit import JAPAN
from web.view import View

WEB = Path(__file__).parent.parent
TEXTS = (WEB / "staff/texts.toml", WEB / "counter/texts.toml")
# Where someone may be sent after signing in: pages of the staff's only.
_OWN_PAGE = re.compile(r"/(?:staff|counter)(?:/[a-z0-9-]{1,40}){0,4}")

# The address, its name in the texts, and who sees it in the navigation.
NAVIGATION: tuple[tuple[str, str, Role], ...] = (
    ("/staff", "staff.nav_home", "viewer"),
    ("/counter", "counter.nav", "viewer"),
    ("/staff/answers", "staff.nav_answers", "viewer"),
    ("/staff/review", "staff.nav_review", "editor"),
    ("/staff/proposals", "staff.nav_proposals", "editor"),
    ("/staff/charts", "staff.nav_charts", "viewer"),
    ("/staff/index", "staff.nav_index", "admin"),
    ("/staff/changes", "staff.nav_changes", "admin"),
)


class StaffPages:
    """Renders the staff's templates, which lie in `templates/staff` and extend `staff/base.html`."""

    def __init__(self, renderer: Renderer) -> None:
        texts = dict(renderer.catalogues["ja"].texts)
        for path in TEXTS:
            texts |= read_texts(path)
        self._renderer = replace(renderer, catalogues={**renderer.catalogues, "ja": Catalogue("ja", texts)})

    def page(self, name: str, request: Request, person: Person | None, *, status: int = 200, **values: object) -> Response:
        """Render a page for a person; None is someone who has not signed in."""
        navigation = [(path, key) for path, key, role in NAVIGATION if person and person.may(role)]
        view = View(path=request.url.path)
        return self._renderer.page(
            name, view, status=status, person=person, navigation=navigation, local=local_time, **values
        )

    def fragment(self, name: str, **values: object) -> str:
        """Render a part of a page, for its script."""
        return self._renderer.html(name, View(), **values)

    def text(self, key: str, **values: object) -> str:
        """Return one of the texts."""
        return self._renderer.catalogues["ja"](key, **values)

    def message(self, problem: Problem) -> str:
        """Return what is said about a problem."""
        return self._renderer.message(problem, View())

    def refusal(self, request: Request, person: Person | None, problem: Problem, *, may_sign_in: bool) -> Response:
        """Say what is wrong: to a program as JSON; to someone who has to sign in with the page for it."""
        message = self.message(problem)
        found_id = request_id(request)
        if "application/json" in request.headers.get("accept", ""):
            body = {"error": {"code": problem.code, "message": message, "request_id": found_id}}
            return with_retry_after(JSONResponse(body, status_code=problem.status), problem)
        if problem.status == 401 and may_sign_in:
            return self.sign_in(request, "" if request.method == "GET" else message, status=401)
        response = self.page(
            "staff/error.html", request, person, status=problem.status, message=message, request_id=found_id
        )
        return with_retry_after(response, problem)

    def sign_in(self, request: Request, message: str = "", *, status: int = 200, wanted: str = "") -> Response:
        """Render the page to sign in, which leads back to the page that was asked for."""
        return self.page(
            "staff/sign_in.html", request, None, status=status, message=message, wanted=own_page(wanted or request.url.path)
        )


def local_time(at: dt.datetime) -> str:
    """Return a time as staff read it: that of Japan, to the minute."""
    return at.astimezone(JAPAN).strftime("%Y-%m-%d %H:%M")


def own_page(path: str) -> str:
    """Return a path if it is one of the staff's pages, else their first."""
    return path if _OWN_PAGE.fullmatch(path) and not path.startswith("/staff/sign-") else "/staff"
