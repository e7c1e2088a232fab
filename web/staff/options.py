"""What an operator has set for the staff's pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from assistant.errors import ConfigurationError
from assistant.settings import Settings

MIN_SECRET_CHARS = 32


@dataclass(frozen=True, slots=True)
class StaffOptions:
    """How staff come in. By `accounts` of this server, or named by a trusted `proxy`, which signs with `proxy_secret`."""

    way: Literal["accounts", "proxy"] = "accounts"
    proxies: Sequence[IPv4Network | IPv6Network] = ()
    identity_header: str = "X-Remote-User"
    proxy_secret: str = ""
    idle: dt.timedelta = dt.timedelta(minutes=30)
    absolute: dt.timedelta = dt.timedelta(hours=12)
    # How long the counter may lie unused before it warns and clears itself; 0 is for ever.
    counter_idle_minutes: int = 5


@dataclass(frozen=True, slots=True)
class KeepingOptions:
    """What is kept of questions, and who is served what staff approved. By default no text, and staff alone."""

    texts: bool = False
    text_days: int = 90
    approved_for_residents: bool = False


NOTHING_KEPT = KeepingOptions()


def keeping_options(settings: Settings) -> KeepingOptions:
    """Return the options as they are set."""
    return KeepingOptions(settings.log_questions, settings.log_days, settings.approved_for_residents)


def staff_options(settings: Settings) -> StaffOptions | None:
    """Return the options, or None where the staff's pages are off.

    Raises:
        ConfigurationError: the way by proxy lacks the proxy's address or a secret that is long enough.
    """
    if settings.staff == "off":
        return None
    secret = settings.staff_proxy_secret.get_secret_value()
    if settings.staff == "proxy" and (not settings.staff_proxies or len(secret) < MIN_SECRET_CHARS):
        raise ConfigurationError(
            "設定に誤りがあります: staff: proxyには、staff_proxies（プロキシのアドレス）と"
            f"staff_proxy_secret（{MIN_SECRET_CHARS}文字以上）が必要です。"
        )
    return StaffOptions(
        way=settings.staff,
        proxies=settings.staff_proxies,
        identity_header=settings.staff_identity_header,
        proxy_secret=secret,
        idle=dt.timedelta(minutes=settings.staff_idle_minutes),
        absolute=dt.timedelta(hours=settings.staff_session_hours),
        counter_idle_minutes=settings.counter_idle_minutes,
    )
