"""Markdown → blocks, by a CommonMark parser: only what a reader would see, without the marks."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from corpus.lines import tidy
from corpus.model import Block
from corpus.visible import visible_markdown

_FRONT_MATTER = re.compile(r"\A---\s*\n.*?\n---\s*(?:\n|\Z)", re.DOTALL)


def markdown_blocks(text: str) -> list[Block]:
    """Return headings, paragraphs, list items and table rows in order. HTML and comments are left out, never run.

    A table row becomes one paragraph, its cells joined by 「、」 and each preceded by its column's title.
    """
    tokens = MarkdownIt("commonmark").enable("table").parse(visible_markdown(_FRONT_MATTER.sub("", text)))
    blocks: list[Block] = []
    level = 0
    titles: list[str] = []
    row: list[str] = []
    in_head = in_cell = False
    for token in tokens:
        match token.type:
            case "heading_open":
                level = int(token.tag[1:])
            case "heading_close":
                level = 0
            case "thead_open":
                in_head, titles = True, []
            case "thead_close":
                in_head = False
            case "tr_open":
                row = []
            case "th_open" | "td_open":
                in_cell = True
            case "th_close" | "td_close":
                in_cell = False
            case "tr_close":
                if in_head:
                    titles = row
                else:
                    blocks.append(Block("paragraph", _row_text(titles, row)))
            case "inline" if in_cell:
                row.append(tidy(_visible(token)))
            case "inline":
                blocks.extend(_lines_as_blocks(_visible(token), level))
            case "fence" | "code_block":
                blocks.extend(_lines_as_blocks(token.content, 0))
            case _:
                pass
    return [block for block in blocks if block.text]


def _visible(token: Token) -> str:
    parts = []
    for child in token.children or []:
        if child.type in ("text", "code_inline", "image"):
            parts.append(child.content)
        elif child.type == "hardbreak":
            parts.append("\n")
        elif child.type == "softbreak":
            parts.append("\v")
    # A soft break between two Latin words is a space; in Japanese it is nothing.
    return re.sub(r"(?<=[!-~])\v(?=[!-~])", " ", "".join(parts)).replace("\v", "")


def _lines_as_blocks(text: str, level: int) -> list[Block]:
    kind = "heading" if level else "paragraph"
    return [Block("heading" if kind == "heading" else "paragraph", tidy(line), level) for line in text.split("\n")]


def _row_text(titles: list[str], cells: list[str]) -> str:
    titles = titles + [""] * (len(cells) - len(titles))
    return "、".join(f"{title}：{cell}" if title else cell for title, cell in zip(titles, cells, strict=False) if cell)
