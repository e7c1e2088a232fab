"""Text → Japanese terms, and BM25 over them. A white-space tokenizer would match nothing in Japanese."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import bm25s
import numpy as np
import numpy.typing as npt
from bm25s.tokenization import Tokenized
from sudachipy import Dictionary, Morpheme, SplitMode, Tokenizer

# Which words a term is made of depends on both, so both are in an index's manifest.
TOKENIZER_VERSION = f"sudachipy {version('sudachipy')}, sudachidict_core {version('sudachidict_core')}"

_NO_TERMS = {"助詞", "助動詞", "補助記号", "空白", "代名詞", "感動詞"}
_OF_NAMES = {"名詞", "接頭辞", "接尾辞"}
# Verbs and nouns that any sentence may hold (「する」「こと」): they say nothing of what a text is about.
_EMPTY_TERMS = frozenset(
    (
        "為る 有る 居る 成る 出来る 言う 下さい 因る 於く 就く 事 こと 物 もの 為 ため 様 の さん 等 御"
        " 其の 此の 何の どの 幾つ 幾 つ"
    ).split()
)

_STEM_VOWEL = str.maketrans("うくぐすつぬぶむる", "いきぎしちにびみり")
MIN_VERB_CHARS = 3  # 見る and 行く make no noun of their own

_of_thread = threading.local()


@cache
def dictionary() -> Dictionary:
    """Return the one dictionary of this process: each that is loaded takes 100 MB."""
    return Dictionary(dict="core")


def _tokenizer() -> Tokenizer:
    """One tokenizer a thread: two threads in one would raise, and a tokenizer costs little beside the dictionary."""
    if not hasattr(_of_thread, "tokenizer"):
        _of_thread.tokenizer = dictionary().tokenizer(SplitMode.C)
    tokenizer: Tokenizer = _of_thread.tokenizer
    return tokenizer


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: as it stands there, its terms (whole, then parts; none for particles), how it is read.

    `reading` is in katakana. `is_noun` includes proper nouns (`is_name`), and leaves out numerals and interrogatives.
    `is_of_one` says that a proper noun is a place's or a person's, not one of a make of things (ベビーカー). `is_in_name`
    says whether it can be a part of a name: nouns of all kinds, prefixes and suffixes.
    """

    surface: str
    terms: tuple[str, ...]
    reading: str
    is_noun: bool
    is_name: bool
    is_of_one: bool
    is_in_name: bool


def words(text: str) -> list[Word]:
    """Return the words of a text in order, after NFKC and in lower case."""
    found = [_word(morpheme) for morpheme in _tokenizer().tokenize(unicodedata.normalize("NFKC", text).lower())]
    # A dictionary takes 「何章」 for somebody's name.
    asking = {here + after for here, word in enumerate(found) if word.surface == "何" for after in (0, 1)}
    return [replace(word, is_name=False, is_of_one=False) if here in asking else word for here, word in enumerate(found)]


def terms(text: str) -> list[str]:
    """Return the terms of a text in order: normalised forms of words, long units as a whole and in their parts.

    >>> terms("民生委員の活動")
    ['民生委員', '民生', '委員', '活動']
    """
    return [term for word in words(text) for term in word.terms]


def noun_runs(found: Iterable[Word]) -> list[list[Word]]:
    """Return the words that stand together as one name, without a particle or a sign between them."""
    runs: list[list[Word]] = [[]]
    for word in found:
        if word.is_in_name:
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    return runs if runs[-1] else runs[:-1]


def surface_of(found: Iterable[Word]) -> str:
    """Return words as they stand in their text, one after the other."""
    return "".join(word.surface for word in found)


def _word(morpheme: Morpheme) -> Word:
    kind = morpheme.part_of_speech()
    found: list[str] = []
    if kind[0] not in _NO_TERMS:
        parts = morpheme.split(SplitMode.A)
        found = [_term(morpheme), *(_term(part) for part in parts if len(parts) > 1), _as_noun(morpheme)]
    return Word(
        surface=morpheme.surface(),
        terms=tuple(term for term in found if term and term not in _EMPTY_TERMS),
        reading=morpheme.reading_form(),
        is_noun=kind[0] == "名詞" and kind[1] != "数詞" and kind[2] != "助数詞可能",
        is_name=kind[1] == "固有名詞",
        is_of_one=kind[2] in ("地名", "人名"),
        is_in_name=kind[0] in _OF_NAMES,
    )


def _as_noun(word: Morpheme) -> str:
    """The noun that a verb's stem makes (見直す → 見直し, 見守る → 見守り), so that both find each other; else nothing."""
    kind = word.part_of_speech()
    plain: str = word.normalized_form()
    if kind[0] != "動詞" or kind[1] != "一般" or len(plain) < MIN_VERB_CHARS:
        return ""
    if kind[4].startswith("五段"):
        return plain[:-1] + plain[-1].translate(_STEM_VOWEL)
    return plain[:-1] if kind[4].startswith(("上一段", "下一段")) else ""


def _term(word: Morpheme) -> str:
    normal: str = word.normalized_form()
    return normal if any(char.isalnum() for char in normal) else ""


class BM25:
    """BM25 (Lucene's variant, k1 = 1.5, b = 0.75) over texts that are already terms. A score is ≥ 0; 0 is no match."""

    def __init__(self, engine: bm25s.BM25, size: int) -> None:
        self._engine = engine
        self._size = size

    @classmethod
    def build(cls, texts: Sequence[Sequence[str]]) -> BM25:
        """Index texts given as their terms; a text may be empty, the collection may not."""
        engine = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
        # Numbered in their order, so that the same texts give the same files, byte for byte, in each process.
        vocabulary = {term: number for number, term in enumerate(sorted({"", *chain(*texts)}))}
        numbered = Tokenized(ids=[[vocabulary[term] for term in text] for text in texts], vocab=vocabulary)
        # The mean length of texts without any term is 0, by which the library divides.
        with np.errstate(invalid="ignore"):
            engine.index(numbered, show_progress=False)
        return cls(engine, len(texts))

    def scores(self, query: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return each text's score, shape (number of texts,); zeros when no term of the query is known."""
        known = [term for term in query if term in self._engine.vocab_dict]
        if not known:
            return np.zeros(self._size, dtype=np.float32)
        return np.asarray(self._engine.get_scores(known), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write arrays and vocabulary into `folder`, without pickle."""
        self._engine.save(folder, show_progress=False, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, size: int) -> BM25:
        """Read what `save` wrote; `size` is the number of texts."""
        return cls(bm25s.BM25.load(folder, show_progress=False, allow_pickle=False), size)
