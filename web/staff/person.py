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

    def all(self, name: str) -> list[str]:
        """Return all values of a field."""
        return [value for field, value in self.fields if field == name]
