"""Examples whose question is put as residents put theirs, by rule."""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import replace

from evals.reader.examples import Example
from index.lexical import words

_BEFORE = (
    "すみません、",
    "ちょっと聞きたいんですが、",
    "よく分からないので教えてください。",
    "初めて質問します。",
    "確認させてください。",
    "窓口で聞かれました。",
    "来庁者から聞かれたのですが、",
    "レポートに書くので、",
    "宿題です！",
    "自治会の集まりで話すので、",
    "議会の資料に使います。",
    "母のことで調べています。",
    "孫に説明したいので、",
    "引っ越してきたばかりです。",
)
_AFTER = ("", "、教えて", "って計画に書いてありますか", "？ 急いでます", "、知りたいです", "でしたっけ", "、お願いします")
_POLITE_END = re.compile("(ですか|ますか|でしょうか)[。？?]?$")
_PLAIN_ENDS = ("？", "の？", "か教えてほしい", "んだっけ", "？知りたい")


def as_residents_ask(example: Example, rng: random.Random) -> Example:
    """Return an example with its question in another form, by rule: with an occasion, as keywords, plainer, unpunctuated."""
    return replace(example, question=_reworded(example.question, rng))


def _reworded(question: str, rng: random.Random) -> str:
    way = rng.random()
    if way < 0.35:
        return rng.choice(_BEFORE) + question
    if way < 0.55:
        return _keywords(question)
    if way < 0.65:
        return rng.choice(_BEFORE) + question.rstrip("？?。") + rng.choice(_AFTER)
    if way < 0.8:
        return re.sub("[、。？?！「」]", "", question)
    if way < 0.9:
        return _POLITE_END.sub(lambda _: rng.choice(_PLAIN_ENDS), question)
    return unicodedata.normalize("NFKC", question)


def _keywords(question: str) -> str:
    """The question's nouns, each compound whole; the question itself where it has fewer than two."""
    parts = [""]
    for word in words(question):
        if word.is_in_name:
            parts[-1] += word.surface
        elif parts[-1]:
            parts.append("")
    kept = [part for part in parts if part]
    return " ".join(kept) if len(kept) > 1 else question
