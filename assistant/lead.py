"""Whether the first of the sentences found surely answers a question: what reading it again, in other ways, says to that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import log

from assistant.compose import Pick
from assistant.reader import Reader, Text
from assistant.understand import Query
from corpus.fold import fold

# Beyond these odds a probability says no more; 1,000 to 1.
_NEARLY_SURE = 0.999
_KANJI = re.compile("[一-鿿]")


@dataclass(frozen=True, slots=True)
class LeadSigns:
    """What speaks for it that a sentence answers; all but the last are log odds.

    `answered` that it is an answer, as that was decided, `alone` that it answers by itself, without its passage, and `least`
    the lowest of three readings: an answer is one however it is read. `in_kana` is 1 for a question that was typed without
    any kanji, of which a dictionary and a reader of written Japanese make less.
    """

    answered: float
    alone: float
    least: float
    in_kana: float


def read_lead(query: Query, lead: Pick, probability: float, reader: Reader) -> LeadSigns | None:
    """Return the signs of a sentence that has been read once; None if it has not, or the reader has no time.

    The first reading was of the question with the plan's words behind it, which make a text look more like an answer than
    it is. So the question as it was asked is read with the passage whole, and with the sentence alone.

    Args:
        query: what is asked.
        lead: the sentence that comes first.
        probability: that it answers, 0 to 1.
        reader: which reads.
    """
    first, passage = lead.candidate.reading, lead.passage
    texts = [Text(passage.context, passage.text), Text(passage.context, lead.sentence.text)]
    readings = reader.read(fold(query.standalone), texts) if first else None
    if readings is None or first is None:
        return None
    bounded = min(max(probability, 1 - _NEARLY_SURE), _NEARLY_SURE)
    in_passage, alone = (one.answerable for one in readings)
    return LeadSigns(
        answered=log(bounded / (1 - bounded)),
        alone=alone,
        least=min(first.answerable, in_passage, alone),
        in_kana=float(not _KANJI.search(query.question.text)),
    )
