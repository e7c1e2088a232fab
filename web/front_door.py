"""What is refused before a body is read.

A name that is not the service's, all but help in danger while it is closed, and more open requests than memory is for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from web.errors import BUSY, CLOSED, TOO_MANY_AT_ONCE, WRONG_HOST, Problem
from web.gate import address_of
from web.notice import NoticeBoard
from web.view import WIDGET_PATH, view_of

# Bodies of 64 KiB at most are held for as many. It is far above what waits for an answer, so that the body of someone in
# danger is still read when no other question is taken.
MAX_OPEN_POSTS = 128
# Of one address: who sends many bodies that never end leaves room for all others.
MAX_OPEN_POSTS_OF_ONE = 32
PROBES = ("/livez", "/readyz")
STAYING_OPEN = ("/static/", "/staff")
OWN_NAMES = ("localhost", "127.0.0.1", "[::1]")


class FrontDoor:
    """Lets requests in by their Host header, while the service is open, and only so many that send something; pure ASGI.

    `hosts` are the names that the service goes by, besides this machine's own; with none, any name is taken. `asker` says of
    an address who shares `MAX_OPEN_POSTS_OF_ONE`, as `RateLimit.asker` does; empty for who shares only all places.
    """

    def __init__(
        self,
        app: ASGIApp,
        respond: Callable[[Request, Problem], Response],
        hosts: Sequence[str] = (),
        notices: NoticeBoard | None = None,
        asker: Callable[[str], str] = lambda address: "",
    ) -> None:
        self._app = app
        self._notices = notices or NoticeBoard()
        self._respond = respond
        self._hosts = frozenset(host.lower() for host in (*hosts, *OWN_NAMES)) if hosts else None
        self._asker = asker
        self._open_posts: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if self._hosts is not None and _name(request.headers.get("host", "")) not in self._hosts:
            await self._respond(request, WRONG_HOST)(scope, receive, send)
            return
        if self._notices.is_closed and not _is_open_while_closed(request):
            await self._respond(request, CLOSED)(scope, receive, send)
            return
        if scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        asker = self._asker(address_of(request))
        if self._open_posts.total() >= MAX_OPEN_POSTS:
            await self._respond(request, BUSY)(scope, receive, send)
            return
        if asker and self._open_posts[asker] >= MAX_OPEN_POSTS_OF_ONE:
            await self._respond(request, TOO_MANY_AT_ONCE)(scope, receive, send)
            return
        self._open_posts[asker] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open_posts[asker] -= 1
            if not self._open_posts[asker]:
                del self._open_posts[asker]


def _is_open_while_closed(request: Request) -> bool:
    """Probes, files of the notice's page, the staff who open again, and questions: one in danger asks one."""
    path = request.url.path
    if path in PROBES or path.startswith(STAYING_OPEN):
        return True
    return request.method == "POST" and (path == "/api/ask" or view_of(request).path in ("/", WIDGET_PATH))


def _name(host: str) -> str:
    """The name of a Host header without its port, in lower case."""
    name, colon, port = host.rpartition(":")
    return (name if colon and (port.isdecimal() or not port) else host).lower()
