"""Questions that only name something, made by rule: nouns of a plan, and nouns of others that it has not.

All that is judged is whether an answer is given, and whether its first sentence has the noun.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.assistant import Assistant, Found
from assistant.question import parse_question
from assistant.understand import understanding_of
from corpus.fold import fold
from evals.reader.plans import Plan, retriever_for
from index.lexical import noun_runs, surface_of, words

FRAMES = ("{}", "{}について教えてください", "{}のことは計画に書いてありますか", "{}についてどう述べていますか")
NUMBER = 40
MIN_CHARS, MAX_CHARS = 4, 12


@dataclass(frozen=True, slots=True)
class NamedFigures:
    """How often a plan's own and other plans' nouns are answered, of so many; `by_signs` without the rule for what is named.

    `with_it` counts the answers whose first sentence has the noun.
    """

    plan: str
    written: int
    written_answered: int
    with_it: int
    written_by_signs: int
    unwritten: int
    unwritten_answered: int
    unwritten_by_signs: int


def measure_named(assistant: Assistant, plan: Plan, others: Sequence[Plan], seed: int = 3) -> NamedFigures:
    """Ask for nouns of a plan, and for nouns of others that it has not; each plan gives `NUMBER` of both at most."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        retriever = retriever_for(plan, assistant.retriever.embeddings, Path(folder))
    there = replace(assistant, retriever=retriever, understanding=understanding_of(retriever.index))
    own = _nouns([plan])
    text = fold(plan.document.text)
    # Not one of its words: 「防災訓練」 is spoken of where 「総合防災訓練」 is.
    foreign = [noun for noun in _nouns(others) if not any(fold(word.surface) in text for word in words(noun))]
    asked_own, asked_foreign = (rng.sample(nouns, min(NUMBER, len(nouns))) for nouns in (own, foreign))
    found_own, found_foreign = (
        [there.find(parse_question(FRAMES[number % len(FRAMES)].format(noun))) for number, noun in enumerate(nouns)]
        for nouns in (asked_own, asked_foreign)
    )
    answered = _counter(lambda found: found.is_answered)
    by_signs = _counter(lambda found: _is_answered_by_signs(there, found))
    with_it = sum(
        found.is_answered and fold(noun) in fold(found.picks[0].sentence.text)
        for noun, found in zip(asked_own, found_own, strict=True)
    )
    return NamedFigures(
        plan.document.info.id,
        *(len(found_own), answered(found_own), with_it, by_signs(found_own)),
        *(len(found_foreign), answered(found_foreign), by_signs(found_foreign)),
    )


def _counter(wanted: Callable[[Found], bool]) -> Callable[[Iterable[Found]], int]:
    return lambda rows: sum(map(wanted, rows))


def _is_answered_by_signs(assistant: Assistant, found: Found) -> bool:
    if found.signs is None:
        return False
    weights = assistant.calibration.weights(read=found.picks[0].candidate.reading is not None)
    return weights.answer.probability(found.signs) >= weights.threshold


def _nouns(plans: Iterable[Plan]) -> list[str]:
    """The runs of nouns without figures in plans, each once, in a fixed order."""
    runs = {
        surface_of(run)
        for plan in plans
        for line in re.split("[。\n]", plan.document.text)
        for run in noun_runs(words(line))
        if run[0].is_noun
    }
    return sorted(noun for noun in runs if MIN_CHARS <= len(noun) <= MAX_CHARS and not re.search(r"\d", noun))
