"""One question with its answer as the templates want it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from assistant.answer import Answer
from assistant.language import spoken_language
from corpus.model import Document
from web.catalogue import LANGUAGE_TAGS, Catalogue
from web.view import View


def turn_values(
    asked: str, answer: Answer, earlier: Sequence[str], view: View, texts: Catalogue, documents: Mapping[str, Document]
) -> dict[str, object]:
    """Return what `turn.html` is filled with.

    Args:
        asked: the question as it was typed.
        answer: its answer.
        earlier: the questions before, this one included.
        view: the page that it is for.
        texts: the catalogue of the page's language.
        documents: all documents by id.
    """
    return {
        "asked": asked,
        "answer": answer,
        "earlier": list(earlier),
        "spoken": LANGUAGE_TAGS[spoken_language(answer.language, view.language)],
        "editions": {citation.document: documents[citation.document].info.edition for citation in answer.citations},
        "copy": _with_sources(answer, texts, documents),
        # One feedback for each answer that was shown, however often a shaky connection sends it.
        "key": uuid.uuid4().hex,
    }


def announcement(answer: Answer, texts: Catalogue) -> str:
    """Return what a screen reader says when the answer is there, with the caution that stands before its quotes."""
    done = texts("chat.done", count=len(answer.citations)) if answer.citations else texts("chat.done_plain")
    return f"{done} {answer.caution}" if answer.caution else done


def _with_sources(answer: Answer, texts: Catalogue, documents: Mapping[str, Document]) -> str:
    """The answer as plain text with where each quote stands, for a letter or a note."""
    lines = [answer.caution, ""] if answer.caution else []
    lines += [answer.text, ""]
    for citation in answer.citations:
        edition = documents[citation.document].info.edition
        page = texts("answer.page_short", page=citation.page) if citation.page else ""
        place = " ".join(filter(None, [citation.title, edition, " › ".join(citation.section), page]))
        lines.append(f"{texts('answer.source')}[{citation.n}] {place}")
    if answer.notice:
        lines += ["", answer.notice]
    return "\n".join(lines)
