"""Passwords: argon2id, one at a time, so that a crowd of attempts takes neither the memory nor the processors."""

from __future__ import annotations

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

MIN_CHARS = 12
MAX_CHARS = 256

# OWASP's and ASVS's setting for argon2id: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
_ONE_AT_A_TIME = threading.Lock()
# Checked in place of an account that is not there: it takes as long, and no password is this.
_NOBODY = _HASHER.hash(secrets.token_hex(32))


class WeakPasswordError(ValueError):
    """A password is too short or too long to be one; the message says which lengths may be."""


def hash_password(password: str) -> str:
    """Return what is stored of a password.

    Raises:
        WeakPasswordError: it has fewer than 12 or more than 256 characters.
    """
    if not MIN_CHARS <= len(password) <= MAX_CHARS:
        raise WeakPasswordError(f"パスワードは{MIN_CHARS}文字以上{MAX_CHARS}文字以内にしてください。")
    with _ONE_AT_A_TIME:
        return _HASHER.hash(_bytes(password))


def is_password(password_hash: str | None, password: str) -> bool:
    """Whether a password is that of a hash; takes as long where there is no hash. An over-long one is never right."""
    with _ONE_AT_A_TIME:
        try:
            _HASHER.verify(password_hash or _NOBODY, _bytes(password[:MAX_CHARS]))
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None and len(password) <= MAX_CHARS


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
