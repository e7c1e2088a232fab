"""Picks → citations, each proved to be the text at its span. Nothing leaves without."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from assistant.answer import AnswerSentence, Citation
from assistant.compose import Pick
from assistant.errors import UnverifiedAnswerError
from corpus.headings import names_an_aim, who_acts
from corpus.model import Document, Passage

_NUMBER = re.compile(r"^[0-9０-９]{1,2}[.．、]?[\s　]+")


def cite(picks: Sequence[Pick], documents: Mapping[str, Document]) -> tuple[list[AnswerSentence], list[Citation]]:
    """Return the sentences with their citations, numbered in the order of the sentences.

    Sentences that follow one another in a passage share one citation, whose quote runs from the first to the last of them,
    and are put in the passage's order. Names of aims come in the document's order.

    Raises:
        UnverifiedAnswerError: a sentence is not the document's text at its span.
    """
    runs: list[list[Pick]] = []
    for pick in picks:
        run = next((run for run in runs if _adjoins(run, pick)), None)
        if run is None:
            runs.append([pick])
        else:
            run.append(pick)
            run.sort(key=lambda member: member.sentence.start)
    if all(names_an_aim(pick.sentence.text) for pick in picks):
        runs.sort(key=lambda run: (run[0].passage.document_id, run[0].sentence.start))
    sentences: list[AnswerSentence] = []
    citations: list[Citation] = []
    for number, run in enumerate(runs, start=1):
        citations.append(_citation(number, run, documents))
        sentences.extend(AnswerSentence(text=pick.sentence.text, citations=(number,)) for pick in run)
    return under_headings(sentences, citations), citations


def under_headings(sentences: Sequence[AnswerSentence], citations: Sequence[Citation]) -> list[AnswerSentence]:
    """Return the sentences with the headings above them that say who acts, each heading once for those that follow it.

    Above the name of an aim stands the heading around it: it may say that the aim is the former plan's.
    """
    found, above = [], ""
    for sentence in sentences:
        section = citations[sentence.citations[0] - 1].section
        heading = _NUMBER.sub("", "".join(section[-1:])) if names_an_aim(sentence.text) else who_acts(section)
        found.append(sentence.model_copy(update={"heading": "" if heading == above else heading}))
        above = heading
    return found


def text_of(sentences: Sequence[AnswerSentence]) -> str:
    """Return sentences as lines, each with its markers, and before it its heading in brackets, if it has one."""
    lines = []
    for sentence in sentences:
        if sentence.heading:
            lines.append(f"【{sentence.heading}】")
        lines.append(sentence.text + "".join(f"[{n}]" for n in sentence.citations))
    return "\n".join(lines)


def _adjoins(run: Sequence[Pick], pick: Pick) -> bool:
    if run[0].passage.id != pick.passage.id:
        return False
    order = [sentence.start for sentence in pick.passage.sentences]
    place = order.index(pick.sentence.start)
    return any(abs(order.index(member.sentence.start) - place) == 1 for member in run)


def _citation(number: int, run: Sequence[Pick], documents: Mapping[str, Document]) -> Citation:
    passage = run[0].passage
    document = documents[passage.document_id]
    for pick in run:
        if document.text[pick.sentence.start : pick.sentence.end] != pick.sentence.text:
            raise UnverifiedAnswerError(f"passage {passage.id}: sentence at {pick.sentence.start} is not its span's text")
    return cite_span(number, passage, run[0].sentence.start, run[-1].sentence.end, document)


def cite_span(number: int, passage: Passage, start: int, end: int, document: Document) -> Citation:
    """Return the citation of a span of a passage; what is quoted is the document's text there, whatever it is."""
    return Citation(
        n=number,
        passage_id=passage.id,
        document=document.info.id,
        title=document.info.title,
        section=passage.section,
        page=None,
        quote=document.text[start:end],
        start=start,
        end=end,
        url=f"/documents/{document.info.id}?start={start}&end={end}#p-{passage.id}",
    )
