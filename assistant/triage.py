"""What comes before everything: a person in danger is shown whom to call, with no index, no model and no database."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from assistant.answer import Answer, Language
from assistant.contacts import Contacts
from assistant.language import detect_language, spoken_language
from assistant.question import Question
from assistant.route import Router
from assistant.wordings import Wordings

NO_INDEX = "none"


@dataclass(frozen=True, slots=True)
class Triage:
    """The reviewed rules, and the numbers that the operator has set."""

    router: Router
    contacts: Contacts
    wordings: Mapping[Language, Wordings]

    def urgent(self, question: Question, language: Language = "ja") -> Answer | None:
        """Return the answer for someone in danger, None for every other question.

        A Japanese question gets the wording of `language`, the page's; one in another language its own.
        """
        started = time.perf_counter()
        if not self.router.is_urgent(question):
            return None
        asked_in = detect_language(question.text)
        return Answer(
            id=uuid.uuid4().hex,
            status="urgent",
            language=asked_in,
            text=self.wordings[spoken_language(asked_in, language)].status.urgent,
            contact=self.contacts.urgent,
            index_version=NO_INDEX,
            elapsed_ms=round((time.perf_counter() - started) * 1000, 1),
        )
