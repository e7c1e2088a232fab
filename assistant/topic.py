"""Questions that only name something, and so ask what the plan says of it: 「再犯防止」, 「児童館について教えて」."""

from __future__ import annotations

import re
from collections.abc import Sequence

from corpus.fold import fold
from corpus.headings import names_an_aim, parse_heading
from index.lexical import Word, words

# What may stand around the thing that is named: 「この計画では…について何か書いてありますか」.
_PLAN = (
    r"(?:(?:この|本|その|今の|[^ 、の]{0,6}[市区町村]の)?(?:地域福祉)?計画(?:書)?(?:の中)?(?:では|には|に|で|は)[、 ]?"
    r"|これ(?:には|では)[、 ]?)"
)
_BEFORE = re.compile(f"^{_PLAN}")
_AFTER = re.compile(
    r"(?:について|に関して|に関する|に関連|のこと|関連|という言葉)?(?:の(?:こと|記載|記述|説明|内容))?"
    rf"(?:は|を|が|って|も|に(?=触れ|言及)|、| )*{_PLAN}?"
    r"(?:"
    r"(?:何[かがをとて]|なんて|なにか|なんと|どう|どのように|どんなこと[がを]|どんな[ふ風]うに|詳しく|くわしく|もっと|、| )*"
    r"(?:書い|書か|載っ|載せ|触れ|述べ|記載|記述|言及|出て|言って|扱|位置[づ付]け|教え|おしえ|知り|説明|聞きた|調べ|お願い|ありま|ある)"
    r"[ぁ-ん]*"
    r")?[?!。、 ]*$"
)
_MEANING = re.compile(
    r"「?(?P<term>[^「」]{1,40}?)」?(?:という言葉)?"
    r"(?:(?:と|って|て)(?:は|いうのは)?、?(?:いったい|一体)?(?:何|なに|なん|どういう|どんな)[^一-鿿]{0,6}(?:意味|もの|物|こと|事)?[ぁ-ん]*"
    r"|とは|って|の(?:意味|定義|説明)[ぁ-ん]*(?:教え[ぁ-ん]*|知り[ぁ-ん]*|何[ぁ-ん]*)?|は?何の(?:略|略称)[ぁ-ん]*)[?!。 ]*"
)
# What every plan is about says nothing of what is asked for; nor does a place's name alone.
_EVERYTHING = re.compile("計画書?|地域福祉計画|内容|概要|説明|情報|質問|回答|資料|文書|全部|例|市|.{1,6}[市区町村県]")
# Nouns that say how something is asked, not what about: an answer need not hold them.
FRAME_TERMS = frozenset(
    (
        "名前 名称 意味 説明 内容 違い 種類 場所 所 方 人 時 物 理由 例 具体 的 全部 何 質問 情報 仕組み 取り組み 取組"
        " 対応 影響 数 年間 途中 方法 手段 関係 計画 市 行事 手伝い 教え 今 今後 以外 他 外 中 間 後 前 目 図 度"
    ).split()
)
# Whether a plan speaks of a thing does not turn on these either: they may be asked of anything.
GENERAL_PARTS = FRAME_TERMS | frozenset(
    (
        "支援 対策 活動 事業 施策 役割 状況 現状 課題 目的 推進 サービス 制度 相談 サポート 助成 補助 連携 協力 地域 福祉"
        " ちがい 定義 内訳 推移 一覧 割合 回数 人数 詳細 具体例 位置づけ 者 市民 住民"
    ).split()
)
# What joins the things that are named; anything else that is no noun asks more about them than this.
_JOINS = frozenset(("の", "と", "へ", "や", "・", "、", " ", "及び", "および", "または", "又は", "/", "「", "」"))
# A dictionary takes 見守り and 支え合い for verbs, in a form that goes on only where no particle follows.
_VERBAL_NOUN = re.compile("[一-鿿][一-鿿ぁ-ん]{0,4}[いきぎしちにびみりえけせてべめれ]")
# A number that stands for one thing among several of its kind; other numbers may be written in another way.
_PARTICULAR_NUMBER = re.compile(r"第\d+\D|(?:19|20)\d\d|(?:目標|方針|施策)\d+")
# An aim by its number, or several: 「基本目標１」, 「施策２と３」, 「目標1~3」.
_KIND_OF_AIM = "目標|方針|施策"
_AIMS = re.compile(
    rf"(?P<kind>{_KIND_OF_AIM})(?P<numbers>\d{{1,2}}(?:(?:と|や|及び|および|から|[・、,~-])(?:[^\d、。]{{0,2}}(?:{_KIND_OF_AIM}))?\d{{1,2}})*)(?!\d)"
)
_OTHERS = re.compile("以外|ほか|他の|次の|前の")
# So short a word is held only where it stands by itself: 「人口減少」 says nothing of 「人口」.
_SHORT = 2


def topic_of(text: str) -> tuple[str, ...]:
    """Return the things that a cleaned question names if it asks no more than that; none if it asks more.

    >>> topic_of("弁護士会との協定について教えてください")
    ('弁護士会', '協定')
    """
    found = words(_AFTER.sub("", _BEFORE.sub("", text), count=1))
    # 「…とは」 asks what it means.
    parts = () if found and found[-1].surface == "と" else _parts(found)
    return () if all(map(_EVERYTHING.fullmatch, parts)) else parts


def terms_meant(text: str) -> tuple[str, ...]:
    """Return the terms whose meaning a cleaned question asks for; none where it asks for something else.

    >>> terms_meant("自助・共助って何ですか")
    ('自助', '共助')
    """
    match = _MEANING.fullmatch(_BEFORE.sub("", text))
    return _parts(words(match["term"])) if match else ()


def particular_numbers(text: str) -> list[str]:
    """Return the numbers in a text that stand for one thing among several: a 第５期, a year, an aim; folded, in order."""
    return _PARTICULAR_NUMBER.findall(fold(text))


def aims_asked(text: str) -> frozenset[tuple[str, int]]:
    """Return the aims that a cleaned question asks for by their numbers, as kind and number; none where it asks for others.

    >>> sorted(aims_asked("基本目標１～３の名前は何ですか"))
    [('目標', 1), ('目標', 2), ('目標', 3)]
    """
    folded = fold(text)
    found: set[tuple[str, int]] = set()
    for match in () if _OTHERS.search(folded) else _AIMS.finditer(folded):
        numbers = [int(number) for number in re.findall(r"\d+", match["numbers"])]
        if re.search("[~-]|から", match["numbers"]):
            numbers = list(range(min(numbers), max(numbers) + 1))
        found |= {(match["kind"], number) for number in numbers}
    return frozenset(found)


def aim_of(text: str) -> tuple[str, int] | None:
    """Return the kind and the number of the aim that a text names, and nothing else; None where it names none."""
    heading = parse_heading(text) if names_an_aim(text) else None
    kind = re.search(_KIND_OF_AIM, text)
    return (kind.group(), heading.number) if heading and heading.number and kind else None


def holds(text: str, named: Sequence[Sequence[str]]) -> bool:
    """Whether a text holds each of the things word for word, under one of its names; never for none."""
    folded = fold(text)
    return bool(named) and all(any(_holds_one(folded, fold(name)) for name in names) for names in named)


def _parts(found: Sequence[Word]) -> tuple[str, ...]:
    parts = [""]
    for here, word in enumerate(found):
        if word.surface in _JOINS:
            parts.append("")
        elif word.is_in_name or (_VERBAL_NOUN.fullmatch(word.surface) and _ends(found[here + 1 :])):
            parts[-1] += word.surface
        else:
            return ()
    return tuple(filter(None, parts))


def _ends(rest: Sequence[Word]) -> bool:
    """Whether a name ends before what is left."""
    return not rest or rest[0].surface in _JOINS


def _holds_one(text: str, part: str) -> bool:
    if len(part) > _SHORT:
        return part in text
    return bool(re.search(rf"(?<![一-鿿]){re.escape(part)}(?![一-鿿])", text))
