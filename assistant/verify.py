"""Picks → citations, each proved to be the text at its span. Nothing leaves without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.answer import AnswerSentence, Citation
from assistant.compose import Pick
from assistant.errors import UnverifiedAnswerError
from corpus.model import Document, Passage


def cite(picks: Sequence[Pick], documents: Mapping[str, Document]) -> tuple[list[AnswerSentence], list[Citation]]:
    """Return the sentences with their citations, numbered in the order of the sentences.

    Sentences that follow one another in a passage share one citation, whose quote runs from the first to the last of them,
    and are put in the passage's order.

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
    sentences: list[AnswerSentence] = []
    citations: list[Citation] = []
    for number, run in enumerate(runs, start=1):
        citations.append(_citation(number, run, documents))
        sentences.extend(AnswerSentence(text=pick.sentence.text, citations=(number,)) for pick in run)
    return sentences, citations


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
