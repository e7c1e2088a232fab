"""The encoder's 250,002 word pieces → those that Japanese and the other languages of the chat need."""

from __future__ import annotations

import re
from pathlib import Path

from sentencepiece import SentencePieceProcessor
from tokenizers import AddedToken, Regex, Tokenizer, normalizers
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing

SPECIAL = 4  # <s>, <pad>, </s>, <unk> come first and keep their numbers

# Japanese and Chinese, Korean, Latin with the letters of Vietnamese, digits, punctuation.
_NEEDED = re.compile(
    r"[\u0020-\u007e\u00a0-\u00ff\u0102\u0103\u0110\u0111\u0128\u0129\u0168\u0169\u01a0\u01a1\u01af\u01b0"
    r"\u0300-\u0323\u1ea0-\u1ef9\u2010-\u203b\u2100-\u22ff\u2460-\u24ff\u2500-\u266f\u3000-\u30ff\u3200-\u33ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef▁]+"
)
_LATIN = re.compile(r"▁?[A-Za-z\u00c0-\u024f\u1ea0-\u1ef9'’-]+")
# SentencePiece's `nmt_nfkc` is NFKC but for these (compared for all 1,112,064 code points).
_CONTROL_CHARS = "[\\x01-\\x08\\x0b\\x0e-\\x1f\\x7f\\x8f\\x9f]"
_SPACE_CHARS = "[\\t\\n\\x0c\\r\\u1680\\u200b-\\u200f\\u2028\\u2029\\u2581\\ufeff\\ufffd]"
# Log probability over a hundred languages. Above it stand some 25,000 Latin pieces, the frequent words of English and
# Vietnamese among them; rarer words are spelt in more pieces.
RAREST_LATIN = -13.0


def cut_vocabulary(source: Path, target: Path) -> list[int]:
    """Write a tokenizer with the needed pieces of `source`; returns the numbers that the kept pieces had.

    The pieces keep their order and their scores, so that a text whose pieces are all kept is cut as before. The reader
    needs to know where a token stands in the text, which `tokenizers` says and SentencePiece does not.

    Args:
        source: the SentencePiece model of XLM-RoBERTa.
        target: what `tokenizers` reads.
    """
    model = SentencePieceProcessor(model_file=str(source))
    pieces = [(model.id_to_piece(number), model.get_score(number)) for number in range(len(model))]
    kept = [number for number, (piece, score) in enumerate(pieces) if number < SPECIAL or _is_needed(piece, score)]
    tokenizer = Tokenizer(Unigram([pieces[number] for number in kept], unk_id=model.unk_id()))
    tokenizer.add_special_tokens([AddedToken(piece, normalized=False) for piece, _ in pieces[:SPECIAL]])
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(_CONTROL_CHARS), ""),
            normalizers.Replace(Regex(_SPACE_CHARS), " "),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = Metaspace(prepend_scheme="always")
    tokenizer.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    tokenizer.save(str(target), pretty=False)
    return kept


def _is_needed(piece: str, score: float) -> bool:
    if not _NEEDED.fullmatch(piece):
        return False
    return len(piece.strip("▁")) <= 1 or not _LATIN.fullmatch(piece) or score > RAREST_LATIN
