"""Questions, by rule, for the aims that an invented plan's headings name: its authors asked of its sentences only."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from corpus.fold import fold
from corpus.model import Sentence
from corpus.passages import split_passages
from evals.reader.plans import Evidence, Plan, PlanQuestion

_AIM = re.compile(r"(?P<kind>\D+?)[\s　]*(?P<number>[0-9０-９]+)[\s　]+(?P<name>[^（(]+)")
_OF_ONE = (
    "{kind}{number}は何ですか。",
    "{kind}{number}の名前を教えてください",
    "{kind}の{number}番目って何だっけ",
    "{kind}{number} 名称",
    "「{name}」は{kind}の何番ですか",
    "この計画の{kind}{number}は、何を掲げていますか？",
)
_OF_ALL = (
    "この計画の{kind}を全部挙げてください。",
    "{kind}をすべて教えて",
    "{kind}は何と何と何？",
    "{kind} 一覧",
    "計画では、どんな{kind}が立てられていますか。",
    "{kind}の名前をひとつ残らず知りたいです",
)
QUESTIONS_OF_ONE = 2
QUESTIONS_OF_ALL = 3


@dataclass(frozen=True, slots=True)
class _Aim:
    """Where an aim is said: `numbered` are the sentences that give its number with its name."""

    kind: str
    number: str
    name: str
    said: tuple[Evidence, ...]
    numbered: tuple[Evidence, ...]


def aim_questions(plan: Plan, rng: random.Random) -> list[PlanQuestion]:
    """Return questions for each named aim, and for all of a kind; none for a plan whose headings name no aim."""
    found: list[PlanQuestion] = []
    kinds: dict[str, list[_Aim]] = {}
    for aim in _aims(plan):
        kinds.setdefault(aim.kind, []).append(aim)
        for form in rng.sample(_OF_ONE, QUESTIONS_OF_ONE):
            asked = form.format(kind=aim.kind, number=aim.number, name=aim.name)
            found.append(PlanQuestion(asked, "fact", aim.numbered))
    for kind, aims in kinds.items():
        evidence = tuple(dict.fromkeys(one for aim in aims for one in aim.said))
        found += [PlanQuestion(form.format(kind=kind), "list", evidence) for form in rng.sample(_OF_ALL, QUESTIONS_OF_ALL)]
    return found


def _aims(plan: Plan) -> Iterator[_Aim]:
    """The aims that make a passage of their own."""
    sentences = [sentence for passage in split_passages(plan.document) for sentence in passage.sentences]
    headings = {block.start for block in plan.document.blocks if block.kind == "heading"}
    for heading in sentences:
        match = _AIM.fullmatch(heading.text) if heading.start in headings else None
        if match:
            said = [one for one in sentences if fold(match["name"]) in fold(one.text)]
            numbered = [one for one in said if fold(match["kind"] + match["number"]) in fold(one.text)]
            yield _Aim(match["kind"], match["number"], match["name"], _evidence(said), _evidence(numbered))


def _evidence(sentences: Iterable[Sentence]) -> tuple[Evidence, ...]:
    return tuple(Evidence((one.start, one.end), None) for one in sentences)
