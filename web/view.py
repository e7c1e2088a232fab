"""How one request wants its pages: the language of the address, with furigana or not, inside a frame or not."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import Request

from assistant.answer import Language
from web.catalogue import LANGUAGE_TAGS, LANGUAGES

WIDGET_PATH = "/widget"


@dataclass(frozen=True, slots=True)
class View:
    """A page's language and form. `path` is the page's address without the language, such as `/documents`.

    `furigana` is only for visitors without JavaScript: for the others it is a setting of their browser.
    """

    language: Language = "ja"
    path: str = "/"
    furigana: bool = False

    @property
    def tag(self) -> str:
        """The language as `lang` says it."""
        return LANGUAGE_TAGS[self.language]

    @property
    def embedded(self) -> bool:
        """Whether the page is made for a frame on another site."""
        return self.path == WIDGET_PATH

    def url(self, path: str) -> str:
        """Return the address of a page in this language; `path` is as in `path` above, with query and fragment if any."""
        prefix = "" if self.language == "ja" else f"/{self.language}"
        address, hash_sign, fragment = f"{prefix}{path}".partition("#")
        if self.furigana:
            address += ("&" if "?" in address else "?") + "furigana=on"
        return address + hash_sign + fragment

    def speak(self, language: Language) -> View:
        """Return the same page in another language."""
        return replace(self, language=language)

    def with_furigana(self) -> View:
        """Return the same page with furigana."""
        return replace(self, furigana=True)


def view_of(request: Request) -> View:
    """Return how a request wants its pages, from nothing but its address."""
    first, _, rest = request.url.path.removeprefix("/").partition("/")
    language = next((name for name in LANGUAGES if name == first and name != "ja"), None)
    path = f"/{rest}" if language else request.url.path
    return View(language or "ja", path, request.query_params.get("furigana") == "on")
