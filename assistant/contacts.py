"""The operator's contacts: the only source of telephone numbers that the assistant may show."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.answer import Contact, Status
from assistant.errors import ConfigurationError


class Contacts(BaseModel):
    """Whom to ask in general, and where to turn when life or safety is at stake."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    general: Contact
    urgent: Contact

    def for_status(self, status: Status) -> Contact | None:
        """Return whom to ask after an answer of this status; None where nobody need be asked."""
        if status == "urgent":
            return self.urgent
        return self.general if status in ("not_in_plan", "personal", "out_of_scope") else None


def load_contacts(path: Path) -> Contacts:
    """Read a contacts file.

    Raises:
        ConfigurationError: it is missing or has a wrong key.
    """
    try:
        return Contacts.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigurationError(f"連絡先のファイルを読めません: {path}\n{error}") from error
