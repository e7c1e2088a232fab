"""The texts of the interface, a reviewed file a language. Knows no page; a text that is missing stops the start."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from assistant.answer import Language
from assistant.errors import ConfigurationError

FOLDER = Path(__file__).parent / "catalogues"
LANGUAGES: tuple[Language, ...] = get_args(Language)

# What `lang` and `hreflang` say. Plain Japanese is Japanese to a screen reader and to a browser's choice of letters.
LANGUAGE_TAGS: Mapping[Language, str] = {"ja": "ja", "easy": "ja", "en": "en", "zh": "zh-Hans", "ko": "ko", "vi": "vi"}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All texts of one language, by `<table>.<key>`."""

    language: Language
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its places filled in; an unknown key is a KeyError, that is a defect."""
        return self.texts[key].format(**values)


def load_catalogues() -> dict[Language, Catalogue]:
    """Read all catalogues.

    Raises:
        ConfigurationError: one cannot be read, or has other keys than the Japanese one; the message names them.
    """
    catalogues = {language: Catalogue(language, read_texts(FOLDER / f"{language}.toml")) for language in LANGUAGES}
    for language, catalogue in catalogues.items():
        wrong = sorted(catalogue.texts.keys() ^ catalogues["ja"].texts.keys())
        if wrong:
            raise ConfigurationError(f"画面の文言がそろっていません: {language}: {', '.join(wrong)}")
    return catalogues


def saying_what_is_kept(catalogues: Mapping[Language, Catalogue], days: int) -> dict[Language, Catalogue]:
    """Return the catalogues of a server that keeps the texts of questions for some days: visitors are told so."""
    kept = {}
    for language, catalogue in catalogues.items():
        told = (("chat.privacy", "chat.privacy_kept"), ("about.data_1", "about.data_1_kept"))
        said = {key: catalogue(kept_key, days=days) for key, kept_key in told}
        kept[language] = Catalogue(language, {**catalogue.texts, **said})
    return kept


def read_texts(path: Path) -> dict[str, str]:
    """Read one file of texts, by `<table>.<key>`.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"画面の文言を読めません: {path}\n{error}") from error
    return {f"{table}.{key}": text for table, keys in tables.items() for key, text in keys.items()}
