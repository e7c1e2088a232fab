"""JaQuAD → examples to learn reading from: a question, a text, and what in it answers, or nothing.

JaQuAD: 31,748 questions on Japanese encyclopaedia paragraphs (So et al. 2022), CC BY-SA 3.0.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from assistant.reader import Text
from corpus.model import Sentence
from corpus.sentences import split_sentences
from evals.reader.examples import Example
from index.lexical import words

DEVELOPMENT_SHARE = 0.1
# A window of whole sentences as long as the plan's passages; a paragraph of the encyclopaedia would be twice as long.
WINDOW_CHARS = (40, 180)
VARIED_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Question:
    """A question of JaQuAD: `answer` is a span of its paragraph."""

    question: str
    answer: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of JaQuAD with its article's title and its questions."""

    title: str
    text: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Negatives:
    """The shares of the three kinds of texts that hold no answer; for each question one with and one without is made.

    `removed`: the text with the answering sentence taken out. `related`: another paragraph of the same article. What is
    left: any other paragraph.
    """

    removed: float = 0.55
    related: float = 0.35


def read_jaquad(path: Path) -> list[Paragraph]:
    """Read JaQuAD's lines; the first of several answers is taken."""
    paragraphs = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        questions = []
        for question in record["qas"]:
            answer = question["answers"][0]
            questions.append(Question(question["question"], (answer["start"], answer["start"] + len(answer["text"]))))
        paragraphs.append(Paragraph(record["title"], record["context"], tuple(questions)))
    return paragraphs


def split_by_title(paragraphs: Sequence[Paragraph], seed: int) -> tuple[list[Paragraph], list[Paragraph]]:
    """Return training and development paragraphs; no article is in both."""
    titles = sorted({paragraph.title for paragraph in paragraphs})
    random.Random(seed).shuffle(titles)
    held = set(titles[: round(len(titles) * DEVELOPMENT_SHARE)])
    return [p for p in paragraphs if p.title not in held], [p for p in paragraphs if p.title in held]


def jaquad_examples(paragraphs: Sequence[Paragraph], negatives: Negatives, rng: random.Random) -> Iterator[Example]:
    """Yield for each question a window that holds its answer and a text that does not."""
    of_title: dict[str, list[Paragraph]] = {}
    for paragraph in paragraphs:
        of_title.setdefault(paragraph.title, []).append(paragraph)
    for paragraph in paragraphs:
        sentences = split_sentences(paragraph.text, 0, len(paragraph.text))
        for question in paragraph.questions:
            home = next(
                (i for i, s in enumerate(sentences) if s.start <= question.answer[0] and question.answer[1] <= s.end), None
            )
            if home is None:
                continue
            asked = vary(question.question, rng) if rng.random() < VARIED_SHARE else question.question
            context = paragraph.title if rng.random() < 0.5 else ""
            yield _positive(asked, context, paragraph.text, sentences, home, question.answer, rng)
            answer = paragraph.text[slice(*question.answer)]
            kind = rng.random()
            text = ""
            if kind < negatives.removed:
                text = _without_sentence(paragraph.text, sentences, home, answer, rng)
            elif kind < negatives.removed + negatives.related:
                text = _related(question.question, answer, paragraph, of_title[paragraph.title], rng)
            else:
                other = rng.choice(paragraphs)
                if other.title != paragraph.title and answer not in other.text:
                    text = _window_around(other.text, rng)
            if text:
                yield Example(asked, Text(context, text))


def jaquad_pairs(paragraphs: Sequence[Paragraph], rng: random.Random) -> Iterator[Example]:
    """Yield pairs of questions: one with the same as residents may ask it, and one with another on the same paragraph."""
    for paragraph in paragraphs:
        for question in paragraph.questions:
            varied = vary(question.question, rng)
            if varied != question.question:
                one, other = rng.sample((question.question, varied), 2)
                yield Example(one, Text("", other), same=True)
            others = [other.question for other in paragraph.questions if other.answer != question.answer]
            if others:
                other = rng.choice(others)
                yield Example(question.question, Text("", vary(other, rng) if rng.random() < 0.5 else other), same=False)


# Endings of questions, most polite first: what a resident who types on a phone leaves away.
_ENDING = re.compile(
    r"(?:は|って)?(?:何|なん|どこ|いつ|誰|だれ|どれ|いくつ)?(?:の(?:こと|事))?(?:に(?:なり|あたり)ます|でしょう|であります|であった|でした|です|ます|だった)?"
    r"(?:の(?:です|でしょう)?)?か?[?？。]*$"
)
_ASKING = re.compile(r"(何|なに|なん|どこ|いつ|誰|だれ|どれ|どの|どんな|いくつ|どう|なぜ)")


def vary(question: str, rng: random.Random) -> str:
    """Return the question as a resident may ask it: keywords, a bare stem, without a mark, or politer; meaning the same."""
    match rng.randrange(4):
        case 0:
            kept = [word.surface for word in words(question) if word.terms and not _ASKING.fullmatch(word.surface)]
            return " ".join(kept) if len(kept) > 1 else question
        case 1:
            stem = _ENDING.sub("", question)
            return f"{stem}は？" if len(stem) > 5 and not _ASKING.search(stem) else question.rstrip("?？。")
        case 2:
            stem = _ENDING.sub("", question)
            asks = rng.choice(("を教えてください", "を教えて", "について知りたいです", "が知りたい"))
            return stem + asks if len(stem) > 5 and not _ASKING.search(stem) else f"すみません、{question}"
        case _:
            return question.rstrip("?？。")


def _positive(
    question: str,
    context: str,
    text: str,
    sentences: Sequence[Sentence],
    home: int,
    answer: tuple[int, int],
    rng: random.Random,
) -> Example:
    start, end = _window(sentences, home, rng.randint(*WINDOW_CHARS), rng)
    evidence = (sentences[home].start - start, sentences[home].end - start)
    return Example(question, Text(context, text[start:end]), (evidence,), (answer[0] - start, answer[1] - start))


def _window(sentences: Sequence[Sentence], home: int, chars: int, rng: random.Random) -> tuple[int, int]:
    """The span of whole sentences around one, as long as `chars` allows, the one at any place in it."""
    first = last = home
    while first > 0 or last + 1 < len(sentences):
        go_left = first > 0 and (last + 1 == len(sentences) or rng.random() < 0.5)
        wider = (first - 1, last) if go_left else (first, last + 1)
        if sentences[wider[1]].end - sentences[wider[0]].start > chars:
            break
        first, last = wider
    return sentences[first].start, sentences[last].end


def _without_sentence(text: str, sentences: Sequence[Sentence], home: int, answer: str, rng: random.Random) -> str:
    """The text near a sentence without it; empty if nothing is left or the answer stands there as well."""
    chars = rng.randint(*WINDOW_CHARS)
    left = _window(sentences[:home], home - 1, chars // 2, rng) if home else (0, 0)
    right = _window(sentences[home + 1 :], 0, chars // 2, rng) if home + 1 < len(sentences) else (0, 0)
    rest = text[slice(*left)] + text[slice(*right)]
    return "" if answer in rest else rest


def _related(question: str, answer: str, own: Paragraph, others: Sequence[Paragraph], rng: random.Random) -> str:
    """The part of the article's other paragraphs that is most like the question without holding the answer's words."""
    best = max(
        (other for other in others if other is not own and answer not in other.text),
        key=lambda other: _likeness(question, other.text),
        default=None,
    )
    if not best:
        return ""
    sentences = split_sentences(best.text, 0, len(best.text))
    home = max(range(len(sentences)), key=lambda i: _likeness(question, sentences[i].text))
    return best.text[slice(*_window(sentences, home, rng.randint(*WINDOW_CHARS), rng))]


def _window_around(text: str, rng: random.Random) -> str:
    sentences = split_sentences(text, 0, len(text))
    return text[slice(*_window(sentences, rng.randrange(len(sentences)), rng.randint(*WINDOW_CHARS), rng))]


@cache
def _bigrams(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))


def _likeness(question: str, text: str) -> float:
    """How much of the question's pairs of characters the text holds, 0 to 1."""
    asked = _bigrams(question)
    return len(asked & _bigrams(text)) / max(1, len(asked))
