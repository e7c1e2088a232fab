"""HTML of this server's own templates → the same with `<ruby>` over its Japanese text.

For visitors without JavaScript; with it, `static/js/furigana.js` does the same to the page that is open. The markup is
well-formed and escaped by the templates, so that `<[^>]*>` is a tag and all between two tags is text.
"""

from __future__ import annotations

import html
import re

from web.furigana import Furigana

_TAG = re.compile(r"(<[^>]*>)")
_NAME = re.compile(r"<\s*([a-zA-Z][\w-]*)")
_LANG = re.compile(r'\slang="([^"]*)"')
_KANJI = re.compile("[々〆\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
# Text that is no flowing text, or that a script reads letter by letter.
_PLAIN = {"title", "script", "style", "textarea", "option"}
_NO_RUBY = "data-plain"


def add_ruby(markup: str, furigana: Furigana, language: str) -> str:
    """Return markup with readings over its Japanese.

    Args:
        markup: a whole page or a fragment, well-formed.
        furigana: the source of readings.
        language: the language of what stands in no element with `lang`.
    """
    out: list[str] = []
    # Of each open element: its name, its language, whether its text stays as it is.
    open_elements: list[tuple[str, str, bool]] = [("", language, False)]
    for piece in _TAG.split(markup):
        if piece.startswith("<"):
            out.append(piece)
            _follow(piece, open_elements)
        else:
            _, spoken, plain = open_elements[-1]
            wanted = spoken == "ja" and not plain and _KANJI.search(piece)
            out.append(_with_readings(html.unescape(piece), furigana) if wanted else piece)
    return "".join(out)


def _follow(tag: str, open_elements: list[tuple[str, str, bool]]) -> None:
    """Keep account of the open elements over one tag."""
    if tag.startswith("</"):
        if len(open_elements) > 1:
            open_elements.pop()
        return
    name = _NAME.match(tag)
    if not name or name[1].lower() in _VOID or tag.endswith("/>"):
        return
    _, language, plain = open_elements[-1]
    given = _LANG.search(tag)
    open_elements.append(
        (name[1], given[1] if given else language, plain or name[1].lower() in _PLAIN or f" {_NO_RUBY}" in tag)
    )


def _with_readings(text: str, furigana: Furigana) -> str:
    return "".join(
        f"<ruby>{html.escape(part.text)}<rp>（</rp><rt>{part.reading}</rt><rp>）</rp></ruby>"
        if part.reading
        else html.escape(part.text)
        for part in furigana.annotate(text)
    )
