"""Which plan is spoken of: this one, the one before it, an earlier one, or the one to come."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from corpus.fold import fold

Period = Literal["earlier", "past", "next", ""]

# 「前期高齢者」 is an age, 「名前の計画」 no former one; 「第4次の」, 「目次の」, 「年次の」, 「次のうち」, 「次の家」 speak
# of nothing to come.
_FORMER = "(?<![名事手駅])前"
_COMING = "(?<![0-9一二三四五六七八九十目年順逐高])次"
_PAST = re.compile(f"前期(?!高齢)|{_FORMER}の(?:計画|期(?![間限待日]))|前回|昔の計画|これまでの計画")
_NOT_TO_COME = "うち|中|よう|とおり|ページ|(?:家|人|方|日|朝|週|月|駅)(?:[にをはがともへの、。 ]|$)"
_NEXT = re.compile(f"{_COMING}(?:期|回|の(?!{_NOT_TO_COME}))|今度の|新しい計画")
# The plan itself, and nothing else of another time: 「今度の計画」 may be this one, 「前回」 a survey's. Who says only
# 「この計画では」 may ask for what it says of the former.
_PLAN = "[^ 、のはがをに]{0,8}計画"
_PLAN_ASKED_FOR = {
    "earlier": re.compile(f"前[々前]期|{_FORMER}の前の{_PLAN}|[2二]つ前の{_PLAN}"),
    "past": re.compile(f"前期(?!高齢){_PLAN}|{_FORMER}(?:の|回の){_PLAN}|{_FORMER}計画"),
    "next": re.compile(f"{_COMING}(?:期|の(?!うち|中|よう)|回の){_PLAN}"),
    "present": re.compile(f"(?:今の|今回の|現在の|現行の?){_PLAN}の(?!中)"),
}
# What a sentence on such a plan has, itself or in its headings; any numbered plan may be the former.
_SAID = {
    "earlier": re.compile("前[々前]期"),
    "past": re.compile("前期|前計画|前の計画|前回|第[0-9]+[期次]"),
    "next": re.compile("次期|次の計画|次回"),
}
_OF_FORMER = re.compile("前期(?!高齢)|前計画|前の計画|前回")


def period_of(text: str) -> Period:
    """Return the time that a cleaned question speaks of by a word: of the plan, survey or meeting before, or to come.

    The plan before the former one is earlier than that.
    """
    if _PLAN_ASKED_FOR["earlier"].search(text):
        return "earlier"
    return "past" if _PAST.search(text) else "next" if _NEXT.search(text) else ""


def is_of_another_plan(question: str, sentences: Sequence[str], headings: Sequence[str]) -> bool:
    """Return whether a cleaned question asks for one plan, and sentences of this one speak of another.

    Args:
        question: what is asked.
        sentences: that would answer it, best first.
        headings: what stands above each of them, at least one.
    """
    said = fold("\n".join([*sentences, *headings]))
    # What stands first under a heading on the former plan is of that, whatever comes behind it.
    first = fold(f"{sentences[0]}\n{headings[0]}")
    if _PLAN_ASKED_FOR["next"].search(question) and _OF_FORMER.search(fold(headings[0])) and not _SAID["next"].search(first):
        return True
    if _PLAN_ASKED_FOR["present"].search(question) and all(_SAID["past"].search(fold(above)) for above in headings):
        return True
    return any(_PLAN_ASKED_FOR[period].search(question) and not signs.search(said) for period, signs in _SAID.items())
