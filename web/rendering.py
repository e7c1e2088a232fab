"""Templates → pages and fragments in a language, with the headers of a resident's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from assistant.answer import Language
from assistant.assistant import today_in_japan
from assistant.contacts import Contacts
from assistant.question import MAX_CHARS
from assistant.wordings import Wordings
from web.assets import Assets
from web.catalogue import LANGUAGE_TAGS, LANGUAGES, Catalogue
from web.errors import Problem
from web.furigana import Furigana
from web.headers import content_security_policy
from web.notice import NoticeBoard
from web.ruby import add_ruby
from web.view import View

_FOLDER = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Renderer:
    """Everything that a page is made of beside its content. `widget_sites` may show the chat in a frame."""

    assets: Assets
    contacts: Contacts
    catalogues: Mapping[Language, Catalogue]
    wordings: Mapping[Language, Wordings]
    furigana: Furigana
    widget_sites: Sequence[str]
    environment: Environment
    notices: NoticeBoard = field(default_factory=NoticeBoard)

    def page(self, name: str, view: View, *, status: int = 200, **values: object) -> HTMLResponse:
        """Render a whole page."""
        ancestors = ["'self'", *self.widget_sites] if view.embedded else ["'none'"]
        frames = "'self'" if name == "widget_test.html" else "'none'"
        return HTMLResponse(
            # A visitor can type a lone surrogate into a form; it is shown as �, not as an error.
            self.html(name, view, **values).encode("utf-8", "replace"),
            status_code=status,
            headers={
                "Cache-Control": "no-store",
                "Content-Language": view.tag,
                "Content-Security-Policy": content_security_policy(ancestors, frames),
            },
        )

    def html(self, name: str, view: View, **values: object) -> str:
        """Render a template, with furigana over its Japanese where the address asks for them."""
        markup = self.environment.get_template(name).render(
            t=self.catalogues[view.language],
            view=view,
            city=self.contacts.city.name_in(view.language),
            contacts=self.contacts,
            asset=self.assets.url,
            catalogues=self.catalogues,
            languages=LANGUAGES,
            tags=LANGUAGE_TAGS,
            date=self.wordings[view.language].date,
            today=today_in_japan(),
            max_chars=MAX_CHARS,
            notice=self.notices.current,
            **values,
        )
        return add_ruby(markup, self.furigana, view.tag) if view.furigana else markup

    def message(self, problem: Problem, view: View) -> str:
        """Return what is said about a problem in the page's language."""
        texts = self.catalogues[view.language]
        named: dict[str, str] = {"kind": texts(f"identifiers.{problem.identifier}")} if problem.identifier else {}
        return texts(f"errors.{problem.code}", **named)


def environment() -> Environment:
    """Return the templates' environment: everything escaped, an unknown name an error."""
    return Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
