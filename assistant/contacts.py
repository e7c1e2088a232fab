"""The operator's file: whose city it is, and whom to ask: the one source of telephone numbers that may be shown."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.answer import Contact, Language, Status
from assistant.errors import ConfigurationError


class City(BaseModel):
    """What the pages say and look like for one city.

    `names` are the name in other languages; `colour` is for light, `colour_dark` for dark surroundings, both #rrggbb.
    `readings` are those of names that a dictionary does not know, in hiragana. `examples` are questions that the documents
    answer, shown on the first page in the language that they are for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(min_length=1)
    names: dict[Language, str] = Field(default_factory=dict)
    colour: str = Field("#14544f", pattern="^#[0-9a-f]{6}$")
    colour_dark: str = Field("#8fd3c9", pattern="^#[0-9a-f]{6}$")
    readings: dict[str, str] = Field(default_factory=dict)
    examples: dict[Language, tuple[str, ...]] = Field(default_factory=dict)

    def name_in(self, language: Language) -> str:
        """Return the city's name in a language, in Japanese where none is given."""
        return self.names.get(language, self.name)


class Contacts(BaseModel):
    """The city, whom to ask in general, and where to turn when life or safety is at stake."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    city: City
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
