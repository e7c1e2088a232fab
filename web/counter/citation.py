"""A quote with 【出典】 as official letters give it: issuer, 「title」, edition, headings, the page where it is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from corpus.model import DocumentInfo


@dataclass(frozen=True, slots=True)
class Quoted:
    """Words of a document and where they stand; `page` is None where it is not known."""

    info: DocumentInfo
    section: tuple[str, ...]
    text: str
    page: int | None = None


def source_line(info: DocumentInfo, section: Sequence[str], page: int | None, page_form: str) -> str:
    """Return one source line.

    >>> source_line(DocumentInfo(id="a", title="計画", issuer="市"), ["１ 背景", "○市の取組"], 4, "{page}ページ")
    '【出典】市「計画」　「１ 背景」－「○市の取組」　4ページ'

    Args:
        info: of the document.
        section: its headings, outermost first.
        page: of the printed document, if known.
        page_form: how a page is written, with `{page}`.
    """
    path = "－".join(f"「{heading}」" for heading in section)
    parts = [f"{info.issuer}「{info.title}」{info.edition}", path, page_form.format(page=page) if page else ""]
    return "【出典】" + "　".join(part for part in parts if part)


def with_sources(quotes: Iterable[Quoted], page_form: str, notice: str = "") -> str:
    """Return quotes as plain text for a letter: each verbatim with its source line; one line serves quotes of one place.

    Args:
        quotes: in the order in which they are to stand.
        page_form: as `source_line` takes it.
        notice: what a reader must know beside them, or empty.
    """
    blocks: list[tuple[str, list[str]]] = []
    for quote in quotes:
        line = source_line(quote.info, quote.section, quote.page, page_form)
        if blocks and blocks[-1][0] == line:
            blocks[-1][1].append(quote.text)
        else:
            blocks.append((line, [quote.text]))
    text = "\n\n".join("\n".join([*texts, line]) for line, texts in blocks)
    return f"{text}\n\n※{notice}\n" if notice else f"{text}\n"
