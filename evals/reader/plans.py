"""Invented plans with questions → examples of what the assistant's search brings the reader.

The plans of 44 cities that do not exist, in `plans/`, were written for this project, with some 400 questions each, a good
half of them answered by a sentence of the plan. No sentence and no question of a real plan is among them, so that what is
measured on a real one stays unseen.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.question import parse_question
from assistant.reader import Text, windows
from assistant.retrieve import HybridRetriever
from assistant.understand import Query, understanding_of
from corpus.model import Block, Document, DocumentInfo, Passage, Sentence
from corpus.passages import split_passages
from corpus.sections import place_blocks
from evals.cases import Case
from evals.reader.examples import Example
from index.build import index_passages
from index.embed import IdentifiedEmbeddings
from index.generation import load_generation

PLANS = Path(__file__).parent / "plans"

# Kept from training: what is measured, and what the decision between answering and declining is fitted on.
DEVELOPMENT = frozenset(("bousai-a", "chiiki-m", "chiiki-n1", "fukushi-d", "fukushi-i"))

# Where a question's wrong texts come from: the windows that the search ranks first.
NEAREST = 6


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


def plan_examples(question: PlanQuestion, query: Query, retriever: HybridRetriever, rng: random.Random) -> Iterator[Example]:
    """Yield what is learnt from one question.

    Each sentence that answers, with neighbours as chance will; for an answerable question the nearest text that does not
    answer and, one time in three, its own passage without what answers; for any other two of the nearest texts.
    """
    nearest = [
        (hit.candidate.passage, span)
        for hit in retriever.search(query.text, query.extra_terms)[:NEAREST]
        for span in windows(hit.candidate.passage.sentences)
    ][:NEAREST]
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


def retriever_for(plan: Plan, embeddings: IdentifiedEmbeddings, folder: Path) -> HybridRetriever:
    """Index one plan under `folder`, as a city's plan would be, and return its retriever."""
    index_passages([plan.document], split_passages(plan.document), folder, embeddings)
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


def search_examples(plans: Sequence[Plan], embeddings: IdentifiedEmbeddings, seed: int) -> Iterator[Example]:
    """Yield the examples of all questions, with the texts that the search brings for them in their own plan."""
    for plan in plans:
        rng = random.Random(f"{seed} {plan.document.info.id}")
        with tempfile.TemporaryDirectory() as folder:
            retriever = retriever_for(plan, embeddings, Path(folder))
        understanding = understanding_of(retriever.index.vocabulary)
        for question in plan.questions:
            query = understanding.understand(parse_question(question.question))
            yield from plan_examples(question, query, retriever, rng)


def write_examples(examples: Iterable[Example], path: Path) -> None:
    """Write examples as JSON lines; the file appears when it is whole."""
    partly = path.with_suffix(".part")
    with partly.open("w", encoding="utf-8") as file:
        for example in examples:
            file.write(json.dumps(asdict(example), ensure_ascii=False) + "\n")
    partly.replace(path)


def read_examples(path: Path) -> list[Example]:
    """Read what `write_examples` wrote."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        evidence = tuple((start, end) for start, end in record["evidence"])
        answer = tuple(record["answer"]) if record["answer"] else None
        found.append(Example(record["question"], Text(**record["text"]), evidence, answer))
    return found
