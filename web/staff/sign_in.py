"""Signing in and out. Attempts are counted for each account and each address, and one password is checked at a time."""

from __future__ import annotations

import logging
import secrets

from anyio import CapacityLimiter, to_thread
from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from web.errors import BUSY, NOT_FOUND, Problem, WebError
from web.gate import address_of
from web.rate_limit import Pseudonyms
from web.request_log import note_outcome
from web.staff.access import TOKEN_BYTES, StaffRoutes, cookie_name
from web.staff.pages import own_page
from web.staff.passwords import is_password
from web.staff.person import Form, Person
from web.storage.accounts import Account

log = logging.getLogger("web.staff")

WRONG_PASSWORD = Problem(401, "staff_wrong_password")
TOO_MANY_ATTEMPTS = Problem(429, "staff_too_many_attempts", retry_after_s=900)

FAILURES_OF_ACCOUNT = RateLimitItemPerMinute(10, multiples=15)
FAILURES_OF_ADDRESS = RateLimitItemPerHour(60)
MAX_WAITING = 20


class Attempts:
    """Counts the wrong passwords of each account and each address. An address is known as a keyed hash only.

    This machine's own address is counted as any other: behind a proxy that is not listed, all staff share its limit.
    """

    def __init__(self) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._pseudonyms = Pseudonyms()

    def check(self, name: str, address: str) -> None:
        """Refuse a further attempt where too many have failed.

        Raises:
            WebError: 429.
        """
        of_account = self._limiter.test(FAILURES_OF_ACCOUNT, "account", self._pseudonyms.of_text(name))
        of_address = self._limiter.test(FAILURES_OF_ADDRESS, "address", self._pseudonyms.of_address(address))
        if not (of_account and of_address):
            raise WebError(TOO_MANY_ATTEMPTS)

    def fail(self, name: str, address: str) -> None:
        """Count one wrong password."""
        self._limiter.hit(FAILURES_OF_ACCOUNT, "account", self._pseudonyms.of_text(name))
        self._limiter.hit(FAILURES_OF_ADDRESS, "address", self._pseudonyms.of_address(address))


def add_sign_in(routes: StaffRoutes) -> None:
    """Add the pages to sign in and out; where a proxy names the staff there is nothing to sign in to."""
    accounts, pages = routes.access.accounts, routes.pages
    attempts, turn = Attempts(), CapacityLimiter(1)

    @routes.open_get("/staff/sign-in")
    async def show(request: Request, person: Person | None) -> Response:
        _only_with_accounts(routes)
        return RedirectResponse("/staff", 303) if person else pages.sign_in(request)

    @routes.open_post("/staff/sign-in")
    async def sign_in(request: Request, person: Person | None, form: Form) -> Response:
        _only_with_accounts(routes)
        name, address = form["name"].strip().lower()[:64], address_of(request)

        def check() -> Account | None:
            # Here it is this attempt's turn: those that waited see what the ones before them have counted.
            attempts.check(name, address)
            account = accounts.find(name)
            if is_password(account.password_hash if account else None, form["password"]):
                return account
            attempts.fail(name, address)
            return None

        if turn.statistics().tasks_waiting >= MAX_WAITING:
            raise WebError(BUSY)
        try:
            account = await to_thread.run_sync(check, limiter=turn)
        except WebError as error:
            return _refused(request, form, error.problem)
        if not account:
            return _refused(request, form, WRONG_PASSWORD)
        if old := routes.access.token(request):
            await to_thread.run_sync(accounts.end_session, account.name, old)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        await to_thread.run_sync(accounts.begin_session, account.name, token)
        note_outcome(request, "staff_signed_in")
        response = RedirectResponse(own_page(form["wanted"]), 303)
        secure = request.url.scheme == "https"
        response.set_cookie(cookie_name(request), token, path="/", httponly=True, secure=secure, samesite="strict")
        return response

    @routes.post("/staff/sign-out", "viewer")
    async def sign_out(request: Request, person: Person, form: Form) -> Response:
        _only_with_accounts(routes)
        await to_thread.run_sync(accounts.end_session, person.name, routes.access.token(request))
        response = RedirectResponse("/staff/sign-in", 303)
        secure = request.url.scheme == "https"
        response.delete_cookie(cookie_name(request), path="/", httponly=True, secure=secure, samesite="strict")
        # What the browser still shows of these pages goes as well; its storage holds no more than a font size.
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    def _refused(request: Request, form: Form, problem: Problem) -> Response:
        note_outcome(request, problem.code)
        message = pages.text(f"errors.{problem.code}")
        response = pages.sign_in(request, message, status=problem.status, wanted=form["wanted"])
        if problem.retry_after_s:
            response.headers["Retry-After"] = str(problem.retry_after_s)
        return response


def _only_with_accounts(routes: StaffRoutes) -> None:
    if routes.access.options.way != "accounts":
        raise WebError(NOT_FOUND)
