"""Markdown with HTML in it → the text that a reader would see: what is hidden, scripted or only an address is left out."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

_NEVER_SEEN = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "head"})
_NO_END = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_NEW_LINE = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article"})
_HIDING_STYLE = re.compile(
    r"(?:display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|(?:font-size|opacity)\s{0,9}:\s{0,9}0(?![.\d]))"
)
# A link whose address the Markdown parser refuses (javascript:, data:) stays as text there; its label is what is meant.
_LEFT_OVER_LINK = re.compile(
    r"!?\[([^\[\]]{0,200})\]\(\s{0,9}(?:javascript|data|vbscript|file):[^\n]{0,500}?\)+", re.IGNORECASE
)
_IMAGE = re.compile(r"!\[([^\[\]]{0,200})\]\([^()\n]{0,500}\)")


def visible_markdown(text: str) -> str:
    """Return Markdown without HTML: no comment, no hidden element, no tag, of an image its description alone."""
    reader = _VisibleText()
    reader.feed(text)
    reader.close()
    return _IMAGE.sub(r"\1", _LEFT_OVER_LINK.sub(r"\1", "".join(reader.parts)))


class _VisibleText(HTMLParser):
    def __init__(self) -> None:
        # References such as &lt; are left to the Markdown parser: a written-out tag must not become one.
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self._hidden: list[str] = []
        # How many of each stand in `_hidden`: ends of what never began are found out without a walk through all that did.
        self._open: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _NEW_LINE and not self._hidden:
            self.parts.append("\n")
        if tag not in _NO_END and (self._hidden or tag in _NEVER_SEEN or _hides(dict(attrs))):
            self._hidden.append(tag)
            self._open[tag] += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _NEW_LINE and not self._hidden:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        while self._open[tag]:
            closed = self._hidden.pop()
            self._open[closed] -= 1
            if closed == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)

    def parse_html_declaration(self, i: int) -> int:
        """Pass over 「<![…>」 as HTML 5 does; Python's own reader asserts that a section with a name begins there."""
        if self.rawdata.startswith("<![", i):
            return self.parse_bogus_comment(i)
        return super().parse_html_declaration(i)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")


def _hides(attributes: dict[str, str | None]) -> bool:
    return "hidden" in attributes or bool(_HIDING_STYLE.search((attributes.get("style") or "").lower()))
