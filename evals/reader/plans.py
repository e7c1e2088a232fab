"""Invented plans with questions → examples of what the assistant's search brings the reader.

The plans of 44 cities that do not exist, in `plans/`, were written for this project, with some 400 questions each, a good
half of them answered by a sentence of the plan. No sentence and no question of a real plan is among them, so that what is
measured on a real one stays unseen.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assistant.reader import Text, windows
from assistant.retrieve import HybridRetriever
from assistant.understand import Query
from corpus.model import AnticipatedQuestion, Block, Document, DocumentInfo, Passage, Sentence
from corpus.passages import split_passages
from corpus.sections import place_blocks
from evals.cases import Case
from evals.reader.examples import Example
from index.build import index_passages
from index.embed import IdentifiedEmbeddings
from index.generation import load_generation

PLANS = Path(__file__).parent / "plans"

# Kept from training: what is measured, and what the decision between answering and declining is fitted on.
DEVELOPMENT = frozenset(
    """
    bousai-a chiiki-m chiiki-n1 chiiki-n3 fukushi-d fukushi-i fukushi-n3 hikikomori-n3 juusou-n3 konkyuu-n3
    """.split()
)

# Where a question's wrong texts come from: the windows that the search ranks first.
NEAREST = 6

# Pairs for each question: with others that ask the same, and with the most alike of those that do not.
PAIRS_SAME = 4
PAIRS_ALIKE = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence that answers, as its span in the document; `answer` is the shortest answer in it, None if all of it is."""

    sentence: tuple[int, int]
    answer: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class PlanQuestion:
    """A question on a plan; one without evidence is not answered anywhere in the plan."""

    question: str
    kind: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """An invented plan as a document, and its questions."""

    document: Document
    questions: tuple[PlanQuestion, ...]


def read_plans(folder: Path = PLANS) -> list[Plan]:
    """Read all plans of a folder, ordered by name."""
    return [read_plan(path) for path in sorted(folder.glob("*.jsonl"))]


def named_plan(name: str, folder: Path = PLANS) -> Plan:
    """Read the plan of a name.

    Raises:
        ValueError: there is none of this name; the message lists those that there are.
    """
    known = sorted(path.stem for path in folder.glob("*.jsonl"))
    if name not in known:
        raise ValueError(f"no plan {name!r}; there are: {' '.join(known)}")
    return read_plan(folder / f"{name}.jsonl")


def read_plan(path: Path) -> Plan:
    """Read one plan: lines of passages (`p`, `heading`, `s`: sentences), then of questions (`q`, `k`: kind, `e`: evidence).

    An entry of `e` is `passage.sentence`, or `passage.sentence:answer` with the answer's words.

    Raises:
        ValueError: a line is of neither form, or its evidence is not there.
    """
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    blocks: list[Block] = []
    block_of: dict[str, tuple[int, list[str]]] = {}
    above: list[str] = []
    for record in records:
        if "p" in record:
            path_of_headings: list[str] = record["heading"]
            same = next((i for i, (a, b) in enumerate(zip(above, path_of_headings, strict=False)) if a != b), len(above))
            blocks += [Block("heading", text, level + 1) for level, text in enumerate(path_of_headings) if level >= same]
            block_of[record["p"]] = (len(blocks), record["s"])
            blocks.append(Block("paragraph", "".join(record["s"])))
            above = path_of_headings
    document = place_blocks(DocumentInfo(id=path.stem, title=path.stem), blocks, "")

    def evidence(entry: str) -> Evidence:
        place, _, answer = entry.partition(":")
        name, _, number = place.rpartition(".")
        block, sentences = block_of[name]
        start = document.blocks[block].start + sum(map(len, sentences[: int(number)]))
        sentence = sentences[int(number)]
        at = start + sentence.index(answer)
        return Evidence((start, start + len(sentence)), (at, at + len(answer)) if answer else None)

    questions = [
        PlanQuestion(record["q"], record["k"], tuple(evidence(entry) for entry in record["e"]))
        for record in records
        if "q" in record
    ]
    return Plan(document, tuple(questions))


def plan_examples(
    question: PlanQuestion, query: Query, retriever: HybridRetriever, rng: random.Random, as_found: int = 0
) -> Iterator[Example]:
    """Yield what is learnt from one question.

    Each sentence that answers, with neighbours as chance will; for an answerable question the nearest text that does not
    answer and, one time in three, its own passage without what answers; for any other two of the nearest texts. Then
    `as_found` of the nearest texts as they are, whether they answer or not.
    """
    found = [
        (hit.candidate.passage, span)
        for hit in retriever.search(query.text, query.extra_terms)[: max(NEAREST, as_found)]
        for span in windows(hit.candidate.passage.sentences)
    ]
    nearest = found[:NEAREST]
    wrong = [window for window in nearest if not _answers(question, window[1])]
    for passage in retriever.index.passages:
        own = [s for s in passage.sentences if _answers(question, (s.start, s.end))]
        if own:
            yield _example(question, query, passage, _stretch(passage.sentences, rng.choice(own), rng))
            rest = [s for s in passage.sentences if s not in own]
            if rest and rng.random() < 1 / 3:
                yield Example(query.text, Text(passage.context, "".join(s.text for s in rest)))
    count = 1 if question.evidence else 2
    for passage, span in rng.sample(wrong[: 2 * count], min(count, len(wrong))):
        inside = [s for s in passage.sentences if span[0] <= s.start and s.end <= span[1]]
        part = _stretch(inside, rng.choice(inside), rng) if rng.random() < 0.5 else span
        yield _example(question, query, passage, part)
    for passage, span in found[:as_found]:
        yield _example(question, query, passage, span)


def pair_examples(plan: Plan, embeddings: IdentifiedEmbeddings, rng: random.Random) -> Iterator[Example]:
    """Yield pairs of the plan's questions that ask the same, and pairs that do not though they are alike.

    The same is asked by questions with the same short answer in the same sentences, or that want the same several sentences.
    Of two that the plan does not answer, and of two that one whole sentence answers, nobody knows.
    """
    asked = plan.questions
    vectors = np.array(embeddings.embed_documents([question.question for question in asked]))
    nearness = vectors @ vectors.T
    keys = [_asks_for(plan, question) for question in asked]
    for row, question in enumerate(asked):
        others = [other for other in np.argsort(-nearness[row]) if other != row]
        same = [other for other in others if keys[row] and keys[other] == keys[row]]
        different = [other for other in others if _differ(question, asked[other], keys[row], keys[other])]
        chosen = [(other, True) for other in rng.sample(same, min(PAIRS_SAME, len(same)))]
        chosen += [(other, False) for other in different[:PAIRS_ALIKE]]
        chosen += [(rng.choice(different), False)] if different else []
        for other, label in chosen:
            yield Example(question.question, Text("", asked[other].question), same=label)


def _asks_for(plan: Plan, question: PlanQuestion) -> tuple[object, ...]:
    """What tells that questions ask the same; empty where it cannot be told."""
    sentences = sorted(evidence.sentence for evidence in question.evidence)
    answers = sorted(plan.document.text[slice(*evidence.answer)] for evidence in question.evidence if evidence.answer)
    return (sentences, answers) if answers or len(sentences) > 1 else ()


def _differ(one: PlanQuestion, other: PlanQuestion, key: tuple[object, ...], other_key: tuple[object, ...]) -> bool:
    """Whether two questions surely ask for different things."""
    if bool(one.evidence) != bool(other.evidence):
        return True
    disjoint = not {e.sentence for e in one.evidence} & {e.sentence for e in other.evidence}
    return bool(one.evidence) and (disjoint or bool(key and other_key and key != other_key))


def _answers(question: PlanQuestion, span: tuple[int, int]) -> bool:
    return any(e.sentence[0] < span[1] and span[0] < e.sentence[1] for e in question.evidence)


def _example(question: PlanQuestion, query: Query, passage: Passage, span: tuple[int, int]) -> Example:
    """The window with what answers in it, relative to it."""
    start, end = span
    inside = [e for e in question.evidence if start <= e.sentence[0] and e.sentence[1] <= end]
    answer = next((e.answer for e in inside if e.answer), None)
    return Example(
        query.text,
        Text(passage.context, passage.text[start - passage.start : end - passage.start]),
        tuple((e.sentence[0] - start, e.sentence[1] - start) for e in inside),
        (answer[0] - start, answer[1] - start) if answer else None,
    )


def _stretch(sentences: Sequence[Sentence], own: Sentence, rng: random.Random) -> tuple[int, int]:
    """The sentence, with up to two of its neighbours on each side."""
    here = sentences.index(own)
    first, last = max(0, here - rng.randint(0, 2)), min(len(sentences) - 1, here + rng.randint(0, 1))
    return sentences[first].start, sentences[last].end


def retriever_for(
    plan: Plan, embeddings: IdentifiedEmbeddings, folder: Path, anticipated: Sequence[PlanQuestion] = ()
) -> HybridRetriever:
    """Index one plan under `folder`, as a city's would be, with what is anticipated; return its retriever."""
    questions = tuple(
        AnticipatedQuestion(asked.question, tuple(evidence.sentence for evidence in asked.evidence))
        for asked in anticipated
        if asked.evidence
    )
    document = replace(plan.document, questions=questions)
    index_passages([document], split_passages(document), folder, embeddings)
    return HybridRetriever(index=load_generation(folder, embeddings.identity), embeddings=embeddings)


def cases_of(plan: Plan) -> list[Case]:
    """Return the plan's questions as evaluation cases.

    A list or a comparison wants all of its sentences; elsewhere each of them answers by itself.
    """
    text = plan.document.text
    cases = []
    for number, question in enumerate(plan.questions, start=1):
        quotes = [text[slice(*evidence.sentence)] for evidence in question.evidence]
        groups = [[quote] for quote in quotes] if question.kind in ("list", "comparison") else [quotes] if quotes else []
        cases.append(
            Case(
                id=f"{plan.document.info.id}-{number}",
                category=question.kind if quotes else "unanswerable",
                question=question.question,
                answerable=bool(quotes),
                evidence=tuple(map(tuple, groups)),
            )
        )
    return cases
