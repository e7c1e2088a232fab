"""The encoder's 250,002 word pieces → those that Japanese and the other languages of the chat need."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tokenizers import Tokenizer

SPECIAL = 4  # <s>, <pad>, </s>, <unk> come first and keep their numbers

# Japanese and Chinese, Korean, Latin with the letters of Vietnamese, digits, punctuation.
_NEEDED = re.compile(
    r"[\u0020-\u007e\u00a0-\u00ff\u0102\u0103\u0110\u0111\u0128\u0129\u0168\u0169\u01a0\u01a1\u01af\u01b0"
    r"\u0300-\u0323\u1ea0-\u1ef9\u2010-\u203b\u2100-\u22ff\u2460-\u24ff\u2500-\u266f\u3000-\u30ff\u3200-\u33ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef▁]+"
)
_LATIN = re.compile(r"▁?[A-Za-z\u00c0-\u024f\u1ea0-\u1ef9'’-]+")
# Log probability over a hundred languages. Above it stand some 25,000 Latin pieces, the frequent words of English and
# Vietnamese among them; rarer words are spelt in more pieces.
RAREST_LATIN = -13.0


def cut_vocabulary(source: Path, target: Path) -> list[int]:
    """Write the tokenizer of `source` with the needed pieces only; returns the numbers that the kept pieces had.

    The pieces keep their order and their scores, so that a text whose pieces are all kept is cut as before.
    """
    tokenizer = json.loads(source.read_text(encoding="utf-8"))
    pieces = tokenizer["model"]["vocab"]
    kept = [number for number, (piece, score) in enumerate(pieces) if number < SPECIAL or _is_needed(piece, score)]
    tokenizer["model"]["vocab"] = [pieces[number] for number in kept]
    tokenizer["added_tokens"] = [token for token in tokenizer["added_tokens"] if token["id"] < SPECIAL]
    target.write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    Tokenizer.from_file(str(target))
    return kept


def _is_needed(piece: str, score: float) -> bool:
    if not _NEEDED.fullmatch(piece):
        return False
    return len(piece.strip("▁")) <= 1 or not _LATIN.fullmatch(piece) or score > RAREST_LATIN
