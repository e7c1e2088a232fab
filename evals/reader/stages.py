"""The two stages of the training: which examples each has. Needs the search and its dictionary."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from assistant.question import parse_question
from assistant.reader import Text
from assistant.understand import understanding_of
from corpus.sentences import split_sentences
from evals.reader.aims import aim_questions
from evals.reader.examples import Example
from evals.reader.jaquad import Negatives, Paragraph, jaquad_examples, jaquad_pairs
from evals.reader.plans import Plan, pair_examples, plan_examples, retriever_for
from evals.reader.recipe import Recipe
from evals.reader.rewording import as_residents_ask
from index.embed import IdentifiedEmbeddings

# Pairs that ask the same are few, one in twenty.
SAME_REPEATED = 4
# A text that answers nothing is worth cutting less often: what is left answers nothing, too.
CUT_WITHOUT_EVIDENCE = 0.15


def reading_examples(paragraphs: Sequence[Paragraph], recipe: Recipe) -> list[Example]:
    """Return what the first stage reads: JaQuAD's questions."""
    return _drawn(paragraphs, recipe, recipe.jaquad, recipe.draw)


def plans_examples(
    plans: Sequence[Plan], paragraphs: Sequence[Paragraph], embeddings: IdentifiedEmbeddings, recipe: Recipe
) -> list[Example]:
    """Return what the second stage reads: questions on invented plans with texts that the search brings, pairs, JaQuAD's."""
    rng = random.Random(recipe.draw)
    found = list(_search_examples(plans, embeddings, recipe.draw, recipe.as_found))
    if recipe.of_plans:
        found = rng.sample(found, min(recipe.of_plans, len(found)))
    found = [as_residents_ask(one, rng) if rng.random() < recipe.reworded else one for one in found]
    pairs = [pair for plan in plans for pair in pair_examples(plan, embeddings, rng)]
    pairs = [pair for pair in pairs for _ in range(SAME_REPEATED if pair.same else 1)]
    pairs = rng.sample(pairs, min(recipe.plan_pairs, len(pairs)))
    other_pairs = list(jaquad_pairs(paragraphs, rng)) if recipe.jaquad_pairs else []
    return [
        *found,
        *cut_anew(found, recipe.cuttings, rng),
        *pairs,
        *rng.sample(other_pairs, min(recipe.jaquad_pairs, len(other_pairs))),
        *_drawn(paragraphs, recipe, recipe.repeated, recipe.draw + 1),
    ]


def cut_anew(examples: Iterable[Example], times: int, rng: random.Random) -> Iterator[Example]:
    """Yield parts of the texts, whole sentences each, with as much of the answer as is left: all, some or nothing."""
    for example in examples:
        text = example.text.text
        sentences = split_sentences(text, 0, len(text))
        for _ in range(times if example.evidence else int(times > 0 and rng.random() < CUT_WITHOUT_EVIDENCE)):
            first = rng.randrange(len(sentences))
            last = rng.randrange(first, len(sentences))
            if last - first + 1 < len(sentences):
                yield _part(example, sentences[first].start, sentences[last].end)


def _part(example: Example, start: int, end: int) -> Example:
    """The example with the text from `start` to `end` only."""
    evidence = tuple((s - start, e - start) for s, e in example.evidence if start <= s and e <= end)
    answer = example.answer and (example.answer[0] - start, example.answer[1] - start)
    is_left = answer and any(s <= answer[0] and answer[1] <= e for s, e in evidence)
    text = Text(example.text.context, example.text.text[start:end])
    return Example(example.question, text, evidence, answer if is_left else None)


def _search_examples(
    plans: Sequence[Plan], embeddings: IdentifiedEmbeddings, seed: int, as_found: int = 0
) -> Iterator[Example]:
    """Yield the examples of all questions, with the texts that the search brings for them in their own plan."""
    for plan in plans:
        rng = random.Random(f"{seed} {plan.document.info.id}")
        with tempfile.TemporaryDirectory() as folder:
            retriever = retriever_for(plan, embeddings, Path(folder))
        understanding = understanding_of(retriever.index)
        for question in (*plan.questions, *aim_questions(plan, rng)):
            query = understanding.understand(parse_question(question.question))
            yield from plan_examples(question, query, retriever, rng, as_found)


def _drawn(paragraphs: Sequence[Paragraph], recipe: Recipe, count: int, seed: int) -> list[Example]:
    """That many of JaQuAD's examples, drawn at random; all if there are no more."""
    negatives = Negatives(recipe.removed, recipe.related)
    pool = [
        example
        for making in range(recipe.jaquad_draws if count else 0)
        for example in jaquad_examples(paragraphs, negatives, random.Random(recipe.seed + making))
    ]
    return random.Random(seed).sample(pool, min(count, len(pool)))
