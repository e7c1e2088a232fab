"""Raw text → blocks: what an extraction tore apart is put together again, and nothing is made up.

Cleaning is for display: it removes what is no text (line breaks, doubled letters, copies of a window) and never changes a
letter, except where the document's reviewed corrections say so. Folding for matching is `corpus.fold`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import quantiles

from corpus.headings import parse_heading
from corpus.lines import tidy, undouble
from corpus.markdown import markdown_blocks
from corpus.model import Block, DocumentInfo
from corpus.read import RawDocument
from corpus.windows import merge_windows, split_windows

_SENTENCE_END = ("。", "．", "！", "？", "!", "?")
_CAPTION = re.compile(r"[（(][^（）()。]{2,40}[）)]")
_OPENS_BLOCK = re.compile(r"[※・●○◎◆◇■□▼▶①-⑳]|[-*•]\s|出所：|出典：|資料：|【|[^\s。、：]{1,12}：")
# Shorter lines are entries of a list or a form, not lines of running text that a page's edge has cut.
_MIN_WRAPPED_CHARS = 20
# A line is cut by the page's edge if it is nearly as long as the long lines are; headings and last lines are shorter.
_NEARLY_FULL = 0.7


def clean(raw: RawDocument) -> list[Block]:
    """Return the document's blocks in order, with no empty one.

    Headings carry their level; a heading under which nothing stands is the caption of a lost figure and becomes a
    `caption`, which goes with the paragraph before it.
    """
    if raw.is_markdown:
        return markdown_blocks(raw.text)
    return _captions_of_lost_figures(_level_headings(_blocks_of_lines(_clean_lines(raw), raw.info)))


def _clean_lines(raw: RawDocument) -> list[str]:
    """Tidy lines; an empty string stands for an empty line, in plain layout only."""
    source = re.split(r"\r\n|[\n\r\f\v\x85\u2028\u2029]", _correct(raw.text, raw.info))
    if raw.info.layout == "overlapping-windows":
        windows = [[undouble(tidy(line)) for line in window] for window in split_windows(source)]
        return merge_windows([[line for line in window if line] for window in windows])
    return [undouble(tidy(line)) for line in source]


def _correct(text: str, info: DocumentInfo) -> str:
    for correction in info.corrections:
        text = text.replace(correction.find, correction.replace)
    return text


def _blocks_of_lines(lines: Sequence[str], info: DocumentInfo) -> list[Block]:
    full = _full_width(lines)
    empty_lines_count = not _empty_lines_mean_nothing(lines, full)
    figures = {figure.heading for figure in info.figures}
    blocks: list[Block] = []
    in_figure = False
    open_paragraph = False  # the last block goes on in the next line
    for line in lines:
        if not line:
            open_paragraph = open_paragraph and not empty_lines_count
            continue
        heading = None if open_paragraph and not _ends_sentence(blocks[-1].text) else parse_heading(line)
        heading = heading or (parse_heading(line) if _is_strong_heading(line) else None)
        if heading:
            in_figure = line in figures
            blocks.append(Block("heading", line, heading.rank))
            open_paragraph = False
        elif in_figure:
            blocks.append(Block("figure", line))
        elif _CAPTION.fullmatch(line):
            blocks.append(Block("caption", line))
            open_paragraph = False
        elif open_paragraph and not _OPENS_BLOCK.match(line):
            blocks[-1] = Block("paragraph", _join(blocks[-1].text, line))
            open_paragraph = _goes_on(line, full)
        else:
            blocks.append(Block("paragraph", line))
            open_paragraph = _goes_on(line, full)
    return blocks


def _is_strong_heading(line: str) -> bool:
    """Marks that no running text begins a line with, so that they end a paragraph that was cut off."""
    heading = parse_heading(line)
    return heading is not None and heading.style in {"chapter", "number", "goal", "〇", "■", "○"}


def _join(before: str, after: str) -> str:
    """Join two lines of a paragraph: Japanese takes no space between them, two Latin words do."""
    between = " " if before[-1:].isascii() and after[:1].isascii() and before[-1:].isalnum() and after[:1].isalnum() else ""
    return before + between + after


def _ends_sentence(line: str) -> bool:
    return line.endswith(_SENTENCE_END)


def _full_width(lines: Sequence[str]) -> float:
    """About how many characters a full line has: the 90th percentile over lines that could be running text."""
    lengths = [len(line) for line in lines if len(line) >= _MIN_WRAPPED_CHARS]
    return quantiles(lengths, n=10)[-1] if len(lengths) > 1 else float(sum(lengths) or _MIN_WRAPPED_CHARS)


def _goes_on(line: str, full: float) -> bool:
    """Whether the paragraph may go on after `line`.

    A full line that ends with 。 may be followed by more of its paragraph; a shorter one ends it. A line that does not
    end a sentence goes on if it is long enough to have been cut by the page's edge.
    """
    if _ends_sentence(line):
        return len(line) >= full
    return (len(line) >= _MIN_WRAPPED_CHARS and len(line) >= _NEARLY_FULL * full) or line.endswith(("、", "，"))


def _empty_lines_mean_nothing(lines: Sequence[str], full: float) -> bool:
    """Whether the extraction put an empty line after every line, so that it says nothing about paragraphs."""
    cut = [here for here, line in enumerate(lines[:-1]) if line and not _ends_sentence(line) and _goes_on(line, full)]
    return len(cut) >= 3 and sum(not lines[here + 1] for here in cut) > len(cut) / 2


def _level_headings(blocks: Sequence[Block]) -> list[Block]:
    """Turn the ranks of heading marks into levels 1, 2, 3 … as they nest in this document."""
    levelled: list[Block] = []
    enclosing: list[int] = []
    for block in blocks:
        if block.kind == "heading":
            while enclosing and enclosing[-1] >= block.level:
                enclosing.pop()
            enclosing.append(block.level)
            block = Block("heading", block.text, len(enclosing))
        levelled.append(block)
    return levelled


def _captions_of_lost_figures(blocks: Sequence[Block]) -> list[Block]:
    """A ■ heading with nothing under it, after a paragraph, is all that is left of a figure: make it a caption."""
    result: list[Block] = []
    for here, block in enumerate(blocks):
        follower = blocks[here + 1] if here + 1 < len(blocks) else None
        is_empty = follower is None or (follower.kind == "heading" and follower.level <= block.level)
        follows_text = bool(result) and result[-1].kind != "heading"
        is_caption = block.kind == "heading" and block.text.startswith("■") and is_empty and follows_text
        result.append(Block("caption", block.text) if is_caption else block)
    return result
