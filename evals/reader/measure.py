"""How well a reader reads: JaQuAD's own measures, and whether it sees that there is no answer."""

from __future__ import annotations

import random
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from rich.progress import Progress
from sklearn.metrics import roc_auc_score

from assistant.reader import Reading, Text, windows
from corpus.sentences import split_sentences
from evals.calibrate import Searched
from evals.reader.examples import Example
from evals.reader.jaquad import Negatives, Paragraph, jaquad_examples

Read = Callable[[str, list[Text]], list[Reading]]


# Half of JaQuAD's development questions and a thousand pairs of each kind: enough for an interval of ±0.02.
QUESTIONS_MEASURED = 1_500
PAIRS_MEASURED = 1_000
# Below any log odds that there are.
UNREAD = -1e9
NEGATIVES = {
    "sentence taken out": Negatives(removed=1.0, related=0.0),
    "same article": Negatives(removed=0.0, related=1.0),
    "any article": Negatives(removed=0.0, related=0.0),
}


def measure_reader(read: Read, paragraphs: Sequence[Paragraph], seed: int, progress: Progress) -> dict[str, float]:
    """Return F1 and exact match on JaQuAD's questions, and the AUC of telling texts that answer from each kind of others.

    Args:
        paragraphs: none that the reader was trained on.
    """
    chosen: list[Paragraph] = []
    count = 0
    for paragraph in paragraphs:
        if count < QUESTIONS_MEASURED:
            chosen.append(paragraph)
            count += len(paragraph.questions)
    task = progress.add_task("JaQuAD", total=count)
    f1, exact, questions = f1_and_exact(read, chosen, lambda: progress.advance(task))
    figures = {"questions": float(questions), "f1": f1, "exact": exact}
    for name, kind in NEGATIVES.items():
        examples = list(jaquad_examples(paragraphs, kind, random.Random(seed)))
        examples = random.Random(seed).sample(examples, min(PAIRS_MEASURED, len(examples)))
        figures[f"AUC, {name}"] = answerable_auc(read, progress.track(examples, description=name))
    return figures


def f1_and_exact(
    read: Read, paragraphs: Sequence[Paragraph], advance: Callable[[], None] = lambda: None
) -> tuple[float, float, int]:
    """Return mean character F1, share of exact answers, and the number of questions.

    As in JaQuAD (So et al. 2022, section 5): F1 over characters with their counts. The paragraph is read in windows, and
    the best span of all is the answer; that there is none is never said here.
    """
    f1s, exacts = [], []
    for paragraph in paragraphs:
        spans = windows(split_sentences(paragraph.text, 0, len(paragraph.text)))
        texts = [Text(paragraph.title, paragraph.text[slice(*span)]) for span in spans]
        for question in paragraph.questions:
            found = [
                (best[0] + reading.answerable, text.text[slice(*best[1])])
                for text, reading in zip(texts, read(question.question, texts), strict=True)
                if (best := reading.best_span())
            ]
            got = max(found)[1] if found else ""
            expected = paragraph.text[slice(*question.answer)]
            f1s.append(character_f1(expected, got))
            exacts.append(_plain(expected) == _plain(got))
            advance()
    return sum(f1s) / len(f1s), sum(exacts) / len(exacts), len(f1s)


def character_f1(expected: str, got: str) -> float:
    """Return the harmonic mean of precision and recall over characters, 0 to 1; 0 if one is empty.

    Compared after NFKC, without white space and brackets. Source: SQuAD's F1 (Rajpurkar et al. 2016), over characters.
    """
    wanted, found = Counter(_plain(expected)), Counter(_plain(got))
    common = (wanted & found).total()
    if not common:
        return 0.0
    precision, recall = common / found.total(), common / wanted.total()
    return 2 * precision * recall / (precision + recall)


def _plain(text: str) -> str:
    return "".join(
        char for char in unicodedata.normalize("NFKC", text) if not char.isspace() and char not in "「」『』()、。"
    )


def answerable_auc(read: Read, examples: Iterable[Example]) -> float:
    """Return how well `answerable` ranks texts that hold an answer above texts that do not, as area under the ROC curve."""
    scores, labels = [], []
    for example in examples:
        scores.append(read(example.question, [example.text])[0].answerable)
        labels.append(bool(example.evidence))
    return float(roc_auc_score(labels, scores))


def cases_auc(searched: Iterable[Searched]) -> float:
    """Return how well the best `answerable` of what is read for a case ranks those that the plan answers above the others.

    A case that nothing was read for ranks last.
    """
    scores, labels = [], []
    for one in searched:
        readings = [candidate.reading.answerable for candidate in one.read or () if candidate.reading]
        scores.append(max(readings, default=UNREAD))
        labels.append(one.case.answerable)
    return float(roc_auc_score(labels, scores))
