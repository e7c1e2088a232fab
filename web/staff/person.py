"""Who is at the staff's pages, and what such a person sends."""

from __future__ import annotations

from dataclasses import dataclass

from web.storage.accounts import ROLES, Role


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who has signed in. `csrf` is the token that this person's forms carry."""

    name: str
    role: Role
    csrf: str

    def may(self, role: Role) -> bool:
        """Whether a person has a role or a higher one."""
        return ROLES.index(self.role) >= ROLES.index(role)


@dataclass(frozen=True, slots=True)
class Form:
    """A form's fields in their order."""

    fields: tuple[tuple[str, str], ...]

    def __getitem__(self, name: str) -> str:
        """Return the last value of a field; empty where there is none."""
        return next((value for field, value in reversed(self.fields) if field == name), "")

    def numbers(self, name: str) -> list[int]:
        """Return the ids in a field, apart by commas; what is none, or longer than any id, is passed over."""
        return [number for part in self[name].split(",") if (number := number_in(part)) is not None]

    def all(self, name: str) -> list[str]:
        """Return all values of a field."""
        return [value for field, value in self.fields if field == name]


def number_in(text: str) -> int | None:
    """Return the id that a text is, or None. Longer digits would be no id, and more than the database can take."""
    return int(text) if text.isdecimal() and len(text) < 10 else None
