"""HTTP/1.1 by llhttp, in a third of the time that uvicorn's other parser takes, with the bound on headers that it lacks."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# An address and headers, trailers among them; h11's bound, which uvicorn has where it reads by h11.
MAX_HEAD_BYTES = 64 * 1024


class BoundedHttp(HttpToolsProtocol):
    """A connection on which one request has so many bytes of headers at most; with more it is told so and closed.

    llhttp hands each header over when it is whole, and httptools keeps what there is of it until then.
    """

    _head_bytes = 0
    _unread_bytes = 0
    _gets_on = False

    def data_received(self, data: bytes) -> None:
        """Read on; what has come without an end of anything counts as a header that does not end."""
        self._gets_on = False
        super().data_received(data)
        self._unread_bytes = 0 if self._gets_on else self._unread_bytes + len(data)
        if self._unread_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Invalid HTTP request received.")

    def on_message_begin(self) -> None:
        """Begin with a request."""
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        self._take(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer."""
        self._take(len(name) + len(value))
        super().on_header(name, value)

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
