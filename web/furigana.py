"""Japanese text → stretches with their readings, by SudachiPy. Knows no HTML; changes no letter of the text."""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sudachipy import SplitMode, Tokenizer

from index.lexical import dictionary

_SHIPPED = Path(__file__).parent / "furigana.toml"
_KANJI = re.compile("[々〆\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_RUNS = re.compile("([々〆\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)")
_AFTER_NUMBER = re.compile("[0-9０-９]$")
# A writer has given the reading already: 朝霞（あさか）. The dictionary may take both as one word.
_READING_GIVEN = re.compile("（[ぁ-ゖー 　]+）")
_TO_HIRAGANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
# SudachiPy refuses input beyond 49,149 bytes.
_MAX_CHARS = 10_000


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a text; `reading` is in hiragana, or empty where none is wanted. The parts together are the text."""

    text: str
    reading: str = ""


class Furigana:
    """Readings for Japanese text. Safe to use from several threads: each has its own tokenizer over one dictionary."""

    def __init__(self, city_readings: Mapping[str, str]) -> None:
        """Read the lists; `city_readings` go before the shipped ones, and those before the dictionary."""
        shipped = tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))
        self._counters: dict[str, str] = shipped["counters"]
        self._readings: dict[str, str] = {**shipped["readings"], **city_readings}
        self._known = re.compile("|".join(re.escape(word) for word in sorted(self._readings, key=len, reverse=True)))
        self._of_thread = threading.local()

    def annotate(self, text: str) -> list[Part]:
        """Return the text in parts; every word with kanji has a reading but a counter after a number that has several."""
        parts: list[Part] = []
        for start in range(0, len(text), _MAX_CHARS):
            parts += self._annotate(text[start : start + _MAX_CHARS])
        return parts

    def _annotate(self, text: str) -> Iterator[Part]:
        at = 0
        for known in self._known.finditer(text):
            yield from self._words(text, at, known.start())
            given = _READING_GIVEN.match(text, known.end())
            yield from [Part(known[0])] if given else _over_kanji(known[0], self._readings[known[0]])
            at = known.end()
        yield from self._words(text, at, len(text))

    def _words(self, text: str, start: int, end: int) -> Iterator[Part]:
        """Readings of the words between two places of a text, by the dictionary."""
        skip_to = start
        # 〇 is a numeral to the dictionary and a bullet to a writer; ○ is a bullet to both.
        for word in self._tokenizer().tokenize(text[start:end].replace("〇", "○")):
            begin, stop = start + word.begin(), start + word.end()
            if begin < skip_to or begin == stop:
                continue
            if _AFTER_NUMBER.search(text[max(0, begin - 1) : begin]) and not text[begin].isdigit():
                counter = self._counter_at(text, begin, end)
                if counter:
                    yield from _over_kanji(counter, self._counters[counter])
                    skip_to = begin + len(counter)
                    if skip_to < stop:
                        yield from self._words(text, skip_to, stop)
                        skip_to = stop
                    continue
                yield Part(text[begin:stop])
                continue
            reading = word.reading_form().translate(_TO_HIRAGANA)
            if (
                not _KANJI.search(text[begin:stop])
                or _READING_GIVEN.search(text, begin, stop)
                or _READING_GIVEN.match(text, stop)
                or _KANJI.search(reading)
            ):
                yield Part(text[begin:stop])
            else:
                yield from _over_kanji(text[begin:stop], reading)

    def _counter_at(self, text: str, begin: int, end: int) -> str | None:
        """The longest known counter that stands here."""
        found = [counter for counter in self._counters if text.startswith(counter, begin) and begin + len(counter) <= end]
        return max(found, key=len, default=None)

    def _tokenizer(self) -> Tokenizer:
        if not hasattr(self._of_thread, "tokenizer"):
            self._of_thread.tokenizer = dictionary().tokenizer(SplitMode.A)
        tokenizer: Tokenizer = self._of_thread.tokenizer
        return tokenizer


def _over_kanji(word: str, reading: str) -> Iterator[Part]:
    """A word's reading put over its kanji alone (支え合い → 支 ささ, え, 合 あ, い); over all where that is not clear."""
    runs = [run for run in _RUNS.split(word) if run]
    pattern = "".join("(.+?)" if _KANJI.match(run) else re.escape(run.translate(_TO_HIRAGANA)) for run in runs)
    found = re.fullmatch(pattern, reading)
    if not reading or not found:
        yield Part(word, reading)
        return
    readings = iter(found.groups())
    for run in runs:
        yield Part(run, next(readings)) if _KANJI.match(run) else Part(run)
