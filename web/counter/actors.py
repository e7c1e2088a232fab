"""Who acts in a passage: the city, its council of social welfare (社協), both, or the plan does not say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from corpus.model import Passage

Actor = Literal["city", "council"]
Basis = Literal["heading", "text", "unsaid"]

_COUNCIL = "(?:社協|社会福祉協議会)"
_CITY = "(?:本市|当市|市|町|村|区)"
# 「○市の取組」, 「社協の取り組み」, 「市と社協が取り組むこと」: what is done by whom stands as a heading of its own.
_HEADING = re.compile(
    f"^[○〇●◯■・◆ 　]{{0,3}}(?P<who>{_CITY}|{_COUNCIL}|{_CITY}[とや・及び]{{1,2}}{_COUNCIL})"
    "[のがで](?:取組|取り組|役割|事業|活動)"
)
# The subject of a sentence: at its beginning or after a comma, so that 国では and 市町村は are no city.
_CITY_SUBJECT = re.compile(f"(?:^|[、。」）・ 　]){_CITY}(?:では|は|が|も|[とや・及び]{{1,2}}{_COUNCIL}(?:では|は|が|も))")
_COUNCIL_SUBJECT = re.compile(f"{_COUNCIL}(?:では|は|が|も)")


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts: none, one or both, and what says so. `basis` is `unsaid` exactly where there is nobody."""

    actors: frozenset[Actor]
    basis: Basis


def who_acts(passage: Passage) -> Acting:
    """Return who acts in a passage: by the innermost heading that says so, else by the subjects of its sentences."""
    for heading in reversed(passage.section):
        match = _HEADING.match(heading)
        if match:
            return Acting(_named(match["who"]), "heading")
    actors = frozenset(_subjects(sentence.text for sentence in passage.sentences))
    return Acting(actors, "text" if actors else "unsaid")


def _named(who: str) -> frozenset[Actor]:
    council = re.search(_COUNCIL, who)
    rest = who.replace(council[0], "") if council else who
    return frozenset([*(["council"] if council else []), *(["city"] if rest else [])])  # type: ignore[list-item]


def _subjects(sentences: Iterable[str]) -> Iterable[Actor]:
    for text in sentences:
        if _CITY_SUBJECT.search(text):
            yield "city"
        if _COUNCIL_SUBJECT.search(text):
            yield "council"
