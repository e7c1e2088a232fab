"""HTTP/1.1 by llhttp, in a third of the time that uvicorn's other parser takes, with bounds on headers that it lacks."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# An address and headers, trailers among them; h11's bound, which uvicorn has where it reads by h11.
MAX_HEAD_BYTES = 64 * 1024
# From the connection, or a request's first byte, to the end of its headers; a body has its own time (`web.gate`).
HEAD_TIMEOUT_S = 10.0


class BoundedHttp(HttpToolsProtocol):
    """A connection on which a request's headers have so many bytes and so much time; beyond that it is closed.

    llhttp hands each header over when it is whole, and httptools keeps what there is of it until then. The only connections
    that uvicorn has a time for are those that wait for a further request.
    """

    _head_bytes = 0
    _unread_bytes = 0
    _gets_on = False
    _in_head = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, on which something has to come."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._have_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; what has come without an end of anything counts as a header that does not end."""
        self._gets_on = False
        super().data_received(data)
        self._unread_bytes = 0 if self._gets_on else self._unread_bytes + len(data)
        if self._unread_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Invalid HTTP request received.")
        if self._in_head and self._timer is None:
            self._await_head()

    def on_message_begin(self) -> None:
        """Begin with a request."""
        self._head_bytes = 0
        self._in_head = True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        self._take(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer."""
        self._take(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Have all headers."""
        self._in_head = False
        self._have_head()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body; `web.gate` says how much of one is read."""
        self._gets_on = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._gets_on = True
        super().on_message_complete()

    def _take(self, length: int) -> None:
        self._gets_on = True
        self._head_bytes += length
        if self._head_bytes > MAX_HEAD_BYTES:
            # Within a callback any error makes uvicorn answer 400 and close.
            raise ValueError("too many bytes of headers")

    def _await_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_TIMEOUT_S, self._too_late)

    def _have_head(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        self.transport.close()
