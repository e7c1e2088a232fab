"""Hits → the fewest verbatim sentences that answer, best first. Decides nothing about whether they answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from assistant.asked import find_value
from assistant.calibration import Calibration, Logistic
from assistant.reader import Reader, Reading, Text, windows
from assistant.topic import aim_of, aims_asked, holds
from assistant.understand import Query
from corpus.fold import fold
from corpus.model import Passage, Sentence
from index.fusion import Hit

PASSAGES_SEARCHED = 10
# A reading is the dearest step, and costs by the length of what is read: the two best passages, and as many more as stay
# within these characters, are as good as the best four for three fifths of the time (`evals/ABLATIONS.md`).
PASSAGES_ALWAYS_READ = 2
PASSAGES_READ = 6
CHARS_READ = 500
MAX_SENTENCES = 3
FAR_BEHIND = 6.0


@dataclass(frozen=True, slots=True)
class SentenceReading:
    """What the reader makes of a sentence in its passage; all but `span` are log odds.

    `evidence` that the sentence answers, `answerable` that anything that was read together with it does, `span_odds` that
    its own words at `span` (start and end in the sentence) are the shortest answer.
    """

    evidence: float
    answerable: float
    span_odds: float
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class SentenceSigns:
    """What speaks for a sentence. What is `behind` is how far it is from the best of the sentences found; never above 0."""

    cosine: float
    cosine_behind: float
    overlap: float
    overlap_behind: float
    passage: float  # the fused score of its passage, a z-score
    passage_behind: float
    value: float  # 1 if a date, a number … is asked for and it has one of the kind
    asked: float = 0.0  # cosine of the nearest question that it is known to answer, or its own if that is higher
    asked_behind: float = 0.0
    evidence: float = 0.0
    evidence_behind: float = 0.0
    answerable: float = 0.0
    span: float = 0.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that could be quoted. `value` is the span in it of a date, a number … that was asked for.

    `asked` is the cosine of the nearest anticipated question that it answers, or its own `cosine` if that is higher.
    """

    hit: Hit
    sentence: Sentence
    cosine: float
    overlap: float
    value: tuple[int, int] | None
    asked: float
    reading: SentenceReading | None = None

    @property
    def passage(self) -> Passage:
        """The passage that it stands in."""
        return self.hit.candidate.passage


@dataclass(frozen=True, slots=True)
class Pick:
    """A candidate with its signs and the log odds that it answers."""

    candidate: Candidate
    signs: SentenceSigns
    log_odds: float

    @property
    def sentence(self) -> Sentence:
        """What would be quoted."""
        return self.candidate.sentence

    @property
    def passage(self) -> Passage:
        """The passage that it stands in."""
        return self.candidate.passage


def choose(ranked: Sequence[Pick], calibration: Calibration) -> list[Pick]:
    """Return the best sentence, and up to two more that answer as well and say something else; none of none.

    Where two of them name aims of one list, the list is what answers: all of it that there is room for, and nothing else.
    """
    chosen: list[Pick] = []
    for pick in ranked:
        is_new = fold(pick.sentence.text) not in {fold(other.sentence.text) for other in chosen}
        if not chosen or (is_new and pick.log_odds >= calibration.further_log_odds):
            chosen.append(pick)
        if len(chosen) == MAX_SENTENCES:
            break
    return _whole_list(chosen, ranked) or chosen


def _whole_list(chosen: Sequence[Pick], ranked: Sequence[Pick]) -> list[Pick]:
    """The aims of the list that several of the chosen sentences name, best first; none without one, or of a longer one."""
    lists = Counter(_list_of(pick) for pick in chosen)
    own = next((which for which, count in lists.items() if which and count > 1), None)
    aims = {aim_of(pick.sentence.text): pick for pick in reversed(ranked) if own and _list_of(pick) == own}
    return list(aims.values())[::-1] if len(aims) <= MAX_SENTENCES else []


def _list_of(pick: Pick) -> tuple[str, ...] | None:
    """Which list an aim's name stands in: its document, the headings above it and its kind; None for other sentences."""
    aim = aim_of(pick.sentence.text)
    return (pick.passage.document_id, *pick.passage.section, aim[0]) if aim else None


def rank_sentences(query: Query, hits: Sequence[Hit], reader: Reader | None, calibration: Calibration) -> list[Pick]:
    """Return all sentences of the best passages that can be quoted, best first.

    Where a reader has time, it reads those passages that look best without it, and what it has not read is left out.
    """
    unread = rank(find_candidates(query, hits), calibration.without_reader.sentence)
    read = read_best(query, unread, reader) if reader else None
    return unread if read is None else rank(read, calibration.with_reader.sentence)


def asked_for_first(query: Query, ranked: Sequence[Pick]) -> list[Pick]:
    """Return the sentences with those ahead that say just what is asked for, else in their order.

    What only names it all goes not before a sentence that answers far better: 「前期計画の３つの基本目標」 asks for aims.
    """
    best = max((pick.log_odds for pick in ranked), default=0.0)
    return sorted(
        ranked,
        key=lambda pick: not (explains(pick, query) or (speaks_of(pick, query) and best - pick.log_odds <= FAR_BEHIND)),
    )


def explains(pick: Pick, query: Query) -> bool:
    """Whether a sentence says what the term means whose meaning is asked for."""
    sentence, document = pick.sentence, pick.passage.document_id
    return any(document == e.document_id and sentence.start <= e.start and e.end <= sentence.end for e in query.explained)


def speaks_of(pick: Pick, query: Query) -> bool:
    """Whether a sentence with its headings holds all that a question only names, and some of it itself.

    What stands under a heading that holds several things together, such as 「計画策定の背景」, need name none of them again.
    """
    sentence = pick.sentence.text
    if len(query.named) > 1 and holds("".join(pick.passage.section[-1:]), query.named):
        return True
    around = "\n".join([sentence, *pick.passage.section])
    return holds(around, query.named) and any(holds(sentence, [names]) for names in query.named)


def find_candidates(query: Query, hits: Sequence[Hit]) -> list[Candidate]:
    """Return all sentences of the best passages that can be quoted, unread.

    Who asks for one aim by its number is not given the names of the others.
    """
    aims = aims_asked(query.question.text)
    return [
        Candidate(
            hit,
            found.sentence,
            found.cosine,
            found.overlap,
            find_value(query.asked, found.sentence.text),
            max(found.cosine, found.asked),
        )
        for hit in hits[:PASSAGES_SEARCHED]
        if hit.candidate.passage.quotable
        for found in hit.candidate.sentences
        if not _is_another_aim(found.sentence.text, aims)
    ]


def _is_another_aim(sentence: str, asked: Collection[tuple[str, int]]) -> bool:
    """Whether a sentence is the name of an aim, and others of its kind are asked for."""
    aim = aim_of(sentence) if asked else None
    return aim is not None and aim not in asked and any(kind == aim[0] for kind, _ in asked)


def rank(candidates: Sequence[Candidate], weights: Logistic) -> list[Pick]:
    """Return the candidates with their signs, best first."""
    best_cosine = max((c.cosine for c in candidates), default=0.0)
    best_overlap = max((c.overlap for c in candidates), default=0.0)
    best_passage = max((c.hit.score for c in candidates), default=0.0)
    best_asked = max((c.asked for c in candidates), default=0.0)
    best_evidence = max((c.reading.evidence for c in candidates if c.reading), default=0.0)
    picks = []
    for c in candidates:
        signs = SentenceSigns(
            cosine=c.cosine,
            cosine_behind=c.cosine - best_cosine,
            overlap=c.overlap,
            overlap_behind=c.overlap - best_overlap,
            passage=c.hit.score,
            passage_behind=c.hit.score - best_passage,
            value=float(c.value is not None),
            asked=c.asked,
            asked_behind=c.asked - best_asked,
            evidence=c.reading.evidence if c.reading else 0.0,
            evidence_behind=c.reading.evidence - best_evidence if c.reading else 0.0,
            answerable=c.reading.answerable if c.reading else 0.0,
            span=c.reading.span_odds if c.reading else 0.0,
        )
        picks.append(Pick(c, signs, weights.log_odds(signs)))
    return sorted(picks, key=lambda pick: -pick.log_odds)


def read_best(query: Query, ranked: Sequence[Pick], reader: Reader) -> list[Candidate] | None:
    """Return the sentences of the best passages with what the reader makes of them; None where it has no time."""
    spans = [(passage, span) for passage in _worth_reading(ranked) for span in windows(passage.sentences)]
    texts = [Text(p.context, p.text[start - p.start : end - p.start]) for p, (start, end) in spans]
    readings = reader.read(query.text, texts)
    if readings is None:
        return None
    read_of: dict[str, list[tuple[tuple[int, int], Reading]]] = {}
    for (passage, span), reading in zip(spans, readings, strict=True):
        read_of.setdefault(passage.id, []).append((span, reading))
    found = []
    for pick in ranked:
        of_sentence = _reading_of(pick.sentence, read_of.get(pick.passage.id, ()))
        if of_sentence:
            found.append(replace(pick.candidate, reading=of_sentence))
    return found


def _worth_reading(ranked: Sequence[Pick]) -> list[Passage]:
    """The passages of the best sentences that are read, best first."""
    chosen: list[Passage] = []
    chars = 0
    for passage in list({pick.passage.id: pick.passage for pick in ranked}.values())[:PASSAGES_READ]:
        chars += passage.end - passage.start
        if len(chosen) >= PASSAGES_ALWAYS_READ and chars > CHARS_READ:
            break
        chosen.append(passage)
    return chosen


def _reading_of(sentence: Sentence, read: Sequence[tuple[tuple[int, int], Reading]]) -> SentenceReading | None:
    """The best of the readings that a sentence is in; None if it is in none, or behind what was cut off."""
    best = None
    for (start, end), reading in read:
        if start <= sentence.start and sentence.end <= end:
            here = sentence.start - start, sentence.end - start
            evidence, span = reading.evidence_odds(*here), reading.best_span(*here)
            if evidence is not None and span and (best is None or evidence > best.evidence):
                odds, (left, right) = span
                best = SentenceReading(evidence, reading.answerable, odds, (left - here[0], right - here[0]))
    return best
