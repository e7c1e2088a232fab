"""What kind of answer a question asks for (a date, a number, a place …) and where a sentence holds one."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal[
    "when",
    "how_many",
    "how_much",
    "where",
    "who",
    "contact",
    "definition",
    "law",
    "how_to",
    "place",
    "person",
    "name",
    "counted",
    "open",
]

_NUMBER = r"(?:[0-9]+(?:[,.][0-9]+)*|[一二三四五六七八九十百千]+)"
# What counts what: a question with one counter is answered by a number with the same, not by any number.
_COUNTERS: dict[str, str] = {
    "つ": "つ|個|か所|カ所|箇所|ヶ所|種類|本|項目|のゴール|のターゲット",
    "人": "人|名",
    "か所": "か所|カ所|箇所|ヶ所|つ",
    "年": "年|か年|カ年",
    "回": "回|度|往復",
    "台": "台",
    "件": "件",
    "歳": "歳|才",
    "割合": "%|パーセント|割",
    "世帯": "世帯",
    "時": "時|時間",
    "章": "章",
    "条": "条",
}
# Who asks for a number of these says so: nobody asks for an age, or how often, in words for something else.
_OF_ITS_OWN_KIND = frozenset(("人", "世帯", "台", "回", "歳", "時"))
_COMPARES = re.compile(
    "(?<![間人桁場])違(?:い(?!ない)|う|って)|(?<!ま)ちが(?:い(?!ない)|う)|比べ|くらべ|比較"
    "|ど(?:っち|ちら)(?:の方)?が(?:多|少|先|大き|高|低|長|短|よ|良|い(?![るま]))"
)
# 「1億8,400万円」, 「2万5,000人」. Looking behind keeps a search from starting anew at each place within one long number.
_OF_A_SUM = "0-9,.一二三四五六七八九十百千万億"
_MONEY = re.compile(
    rf"(?<![{_OF_A_SUM}])[{_OF_A_SUM}]+\s?円(?![形卓滑満融])|無料|無償|無利子|無報酬|無給|割負担|実費"
    r"|支給(?:され|し)ま?せん|かかりません"
)
_OFTEN = re.compile("毎[日週月年]|隔[週月]")
_DATE = re.compile(
    rf"(?:(?:令和|平成|昭和)(?:元|{_NUMBER})(?:\([0-9]{{4}}\))?年度?|[0-9]{{4}}年度?)(?:[0-9]{{1,2}}月)?(?:[0-9]{{1,2}}日)?"
)
_PERIOD = re.compile(rf"{_DATE.pattern}から{_DATE.pattern}(?:まで)?(?:の{_NUMBER}年間)?")
_UNTIL = re.compile(rf"{_DATE.pattern}(?=まで|を(?:期限|目途|目標年))")
# Looking behind keeps it from starting anew at each place within one long word or number.
_CONTACT = re.compile(
    r"[0-9]{2,4}[-(―‐][0-9]{2,4}[-)―‐][0-9]{3,4}|#[0-9]{4}|(?<![0-9])(?:1[0-9]{2}番|0[0-9]{9,10}(?![0-9]))"
    r"|(?<![\w.])[\w.]+@[\w.]+|https?://|(?<![0-9])[0-9]+(?:丁目|番地)|[一二三四五六七八九十]丁目|ダイヤル「?#?[0-9]{3,}"
)
_FORMS: dict[Kind, re.Pattern[str]] = {
    "how_to": re.compile(r"申し?込み?|申請|応募|手続|届け?出|窓口で|ご?予約"),
    "place": re.compile(r"[^\s、。「」]{1,12}(?:[0-9]丁目|[0-9]番地|駅|庁舎|階|館内|センター内|公民館で|市役所)"),
    "person": re.compile(r"[一-鿿]{2,6}(?:氏|さん)(?![一-鿿])"),
    "name": re.compile(r"「[^」]{2,30}」"),
}
_SENTENCE_ENDS = re.compile("[。！？!?\\n]+")
# 「いつも」, 「誰かが」, 「何かあれば」, 「どうぞ」, 「何卒」, 「などの」, 「こんなに」 and 「認知症なんです」 ask nothing.
_INTERROGATIVE = re.compile(
    "(?:何(?!卒|とぞ)|[誰幾]|(?<![なほ])ど[これのんうちなっ](?!ぞ)|いつ|だれ|(?<!ん)なに|(?<!な)なん(?!です|だ|で$)"
    "|いく[つら])(?!も|でも|か[がにをのはとあい])"
)
_ASKS_WHETHER = re.compile("(?:か|かな|かしら|(?<!な)の|っけ|かね|かの)$")
_REQUESTS = re.compile("教え|おしえ|知りた|お願い|ください|下さい|示され|伺|うかが|聞かせ|照会|回答|挙げ|あげて")
_CLOCK = re.compile(r"(?<![0-9])(?:[0-9]{1,2}|[一二三四五六七八九十]{1,3})(?:時|:[0-9]{2})")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks for. `counter` is what is counted or dated by, empty where any will do.

    `place` wants to know where something is, `where` which one or with whom (「どこに相談すれば」). `counted` is a number
    with a counter that the question itself names (「何平方メートル」).
    """

    kind: Kind
    counter: str = ""

    @property
    def needs_value(self) -> bool:
        """Whether only a sentence with a date, a number or an address of the right kind can answer."""
        return self.kind not in ("definition", "where", "who", "open")

    @property
    def is_of_its_own_kind(self) -> bool:
        """Whether who wants this says so in one of few ways: as with an age, not with a date, which many words ask for."""
        return self.is_plain_to_see or self.kind == "person"

    @property
    def is_plain_to_see(self) -> bool:
        """Whether the answer to it has a form that no other has, as a price has: what has none of it is no answer.

        Of 1,777 questions for such a value that the 44 invented plans answer, 4 are answered in another form (the forms were
        made complete by what these plans have).
        """
        return self.kind in ("how_much", "contact") or (
            self.kind in ("how_many", "when") and self.counter in _OF_ITS_OWN_KIND
        )

    @property
    def has_short_answer(self) -> bool:
        """Whether such a value answers by itself: a date does, a word for applying only shows that it is spoken of."""
        return self.kind in ("when", "how_many", "how_much", "counted", "law", "contact", "name")


class _Ask(BaseModel):
    """One rule of `asked.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Kind
    counter: str = ""
    pattern: re.Pattern[str]


@cache
def _rules() -> tuple[_Ask, ...]:
    rules = tomllib.loads((Path(__file__).parent / "asked.toml").read_text(encoding="utf-8"))["asks"]
    return tuple(_Ask.model_validate(rule) for rule in rules)


def asking_part(text: str) -> str:
    """Return the sentence of a cleaned question that asks, the last of several; what is told before or thanked for is none.

    Where no sentence asks for more than an answer, all of it asks (「相談先を教えてください」).
    """
    sentences = [part.strip() for part in _SENTENCE_ENDS.split(text) if part.strip()]
    return next((one for one in reversed(sentences) if _asks(one)), text)


def _asks(sentence: str) -> bool:
    """Whether a sentence asks by a word or a form, or requests a kind of thing: 「名前を教えて」, not 「教えて」."""
    if _INTERROGATIVE.search(sentence) or _ASKS_WHETHER.search(sentence):
        return True
    return bool(_REQUESTS.search(sentence)) and what_is_asked(sentence).kind != "open"


def compares(text: str) -> bool:
    """Return whether a cleaned question asks how several things differ, or which of them is more."""
    return bool(_COMPARES.search(text))


def what_is_asked(text: str) -> Asked:
    """Return what a cleaned question asks for; `open` where no rule of the reviewed file says more."""
    lowered = text.lower()
    rule = next((rule for rule in _rules() if rule.pattern.search(lowered)), None)
    if rule is None:
        return Asked("open")
    match = rule.pattern.search(lowered)
    named = match.groupdict().get("counter") if match else None
    return Asked(rule.kind, named or rule.counter)


def find_value(asked: Asked, sentence: str) -> tuple[int, int] | None:
    """Return the span in `sentence` of the first value of the asked kind, the longest form of it; None if there is none.

    Kinds without a value of a form of their own (definition, who, where, open) have none.
    """
    patterns = _value_patterns(asked)
    if not patterns:
        return None
    folded, origin = _narrow(sentence)
    for pattern in patterns:
        match = pattern.search(folded)
        if match and match.group():
            return origin[match.start()], origin[match.end() - 1] + 1
    return None


def _value_patterns(asked: Asked) -> tuple[re.Pattern[str], ...]:
    if asked.kind == "when":
        return {"時": (_CLOCK,), "まで": (_PERIOD, _UNTIL, _DATE)}.get(asked.counter, (_PERIOD, _DATE))
    if asked.kind == "contact":
        return (_CONTACT,)
    if asked.kind in _FORMS:
        return (_FORMS[asked.kind],)
    if asked.kind == "counted":
        return (re.compile(f"{_NUMBER}{re.escape(asked.counter)}"),)
    if asked.kind == "how_much":
        return (_MONEY,)
    if asked.kind in ("how_many", "law"):
        counters = _COUNTERS[asked.counter]
        if asked.counter == "年":
            return (_PERIOD, re.compile(rf"{_NUMBER}年(?:間|計画)"))
        counted = re.compile(rf"(?<![{_OF_A_SUM}])第?[{_OF_A_SUM}]+\s?(?:{counters})目?")
        return (counted, _OFTEN) if asked.counter == "回" else (counted,)
    return ()


def _narrow(text: str) -> tuple[str, list[int]]:
    """NFKC letter by letter, with the position in `text` of each resulting letter."""
    letters: list[str] = []
    origin: list[int] = []
    for here, char in enumerate(text):
        for letter in unicodedata.normalize("NFKC", char):
            letters.append(letter)
            origin.append(here)
    return "".join(letters), origin
