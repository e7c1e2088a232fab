"""A stretch of canonical text → its sentences, as spans. The one place that says where a sentence ends."""

from __future__ import annotations

from corpus.model import Sentence

_CLOSING = {"」": "「", "』": "『", "）": "（", ")": "(", "】": "【", "］": "［", "〕": "〔", "》": "《"}
_OPENING = set(_CLOSING.values())
_ENDS = set("。！？!?")


def split_sentences(text: str, start: int, end: int) -> tuple[Sentence, ...]:
    """Return the sentences of `text[start:end]`: together they hold every character that is not white space.

    A 。 inside a pair of brackets ends nothing: 「（平成２８年法律第１０４号。以下「再犯防止推進法」という。）」 is one
    piece. A bracket that is never closed, as an extraction may leave it, is taken for an ordinary character.
    """
    inside = _bracket_depths(text[start:end])
    sentences: list[Sentence] = []
    begin = start
    for here in range(start, end):
        last = here + 1 == end
        # ！？ run together and ・「。」 is followed by nothing of its own sentence.
        ends = text[here] in _ENDS and not inside[here - start] and (last or text[here + 1] not in _ENDS)
        if text[here] == "\n" or ends or last:
            sentences.extend(_trimmed(text, begin, here + 1))
            begin = here + 1
    return tuple(sentences)


def _trimmed(text: str, start: int, end: int) -> list[Sentence]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return [Sentence(start, end, text[start:end])] if start < end else []


def _bracket_depths(text: str) -> list[bool]:
    """For each character whether it stands inside a pair of brackets that is closed."""
    pairs: list[tuple[int, int]] = []
    open_brackets: list[tuple[str, int]] = []
    for here, char in enumerate(text):
        if char in _OPENING:
            open_brackets.append((char, here))
        elif char in _CLOSING:
            partner = next((i for i in range(len(open_brackets) - 1, -1, -1) if open_brackets[i][0] == _CLOSING[char]), None)
            if partner is not None:
                pairs.append((open_brackets[partner][1], here))
                del open_brackets[partner:]
    inside = [False] * len(text)
    for opened, closed in pairs:
        inside[opened : closed + 1] = [True] * (closed + 1 - opened)
    return inside
