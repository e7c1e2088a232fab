"""How many questions one address may ask a minute. An address is known here only as a keyed hash, under a key of the day."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from web.errors import TOO_MANY_QUESTIONS, WebError

DAY_S = 86_400
# Behind a proxy on this machine that is not listed, every resident has one of these: one bucket would shut all of them out.
THIS_MACHINE = ("127.0.0.1", "::1", "")


class Pseudonyms:
    """Keyed hashes under a key that only this process knows, and only for a day."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._key_until = time.monotonic() + DAY_S

    def of_address(self, address: str) -> str:
        """Return what stands for an address; all of one IPv6 household have the same."""
        return self.of_text(_household(address))

    def of_text(self, text: str) -> str:
        """Return what stands for a text."""
        if time.monotonic() > self._key_until:
            self._key = secrets.token_bytes(32)
            self._key_until = time.monotonic() + DAY_S
        return hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


class RateLimit:
    """A moving minute for each address. A city hall's or a carrier's shared address is one address: keep the limit high.

    Counted in windows of the clock, of which the last two weigh in: `limits`' exact window keeps something of every address
    for ever, and when the clock is set back it shuts out until the old time has come again whoever had asked much.
    """

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._pseudonyms = Pseudonyms()

    def asker(self, address: str) -> str:
        """Return what stands for an address while its questions are worked on; empty for this machine's own."""
        return "" if _is_this_machine(address) else self._pseudonyms.of_address(address)

    def take(self, address: str) -> None:
        """Count one question.

        Args:
            address: as the server sees the client; this machine's own are not counted.

        Raises:
            WebError: 429, the minute's questions of this address are used up.
        """
        asker = self.asker(address)
        if asker and not self._limiter.hit(self._item, asker):
            raise WebError(TOO_MANY_QUESTIONS)


def _is_this_machine(address: str) -> bool:
    parsed = _parsed(address)
    return (str(parsed) if parsed else address) in THIS_MACHINE


def _household(address: str) -> str:
    """An IPv4 address; of an IPv6 address the half that one household or office has to itself."""
    parsed = _parsed(address)
    if parsed is None:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, or None where it is none. An IPv4 address in the form of an IPv6 one is that IPv4 address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if isinstance(parsed, ipaddress.IPv6Address) else parsed
