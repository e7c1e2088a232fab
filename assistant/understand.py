"""A question with the turns before it → what is searched for. Changes nothing that is shown."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.answer import Language
from assistant.asked import Asked, what_is_asked
from assistant.language import detect_language
from assistant.question import Question
from assistant.spelling import Spelling
from index.lexical import Word, terms, words

SHIPPED_SYNONYMS = Path(__file__).parent / "synonyms.toml"

_POINTS_BACK = re.compile(
    "^(では|じゃあ?|それでは|また|あと|他に|ほかに|もっと|なぜ|どうして|いつ|どこ|誰|だれ|何年|いくつ|どんな)"
    "|それ|そこ|そちら|その|これら|(?<!は)あの|前者|後者|同じ|さっき|先ほど|続き|くわしく|詳しく"
    "|^(and|what about|how about|when|where|who)\\b|\\b(it|that|they|those)\\b"
)
# 「AのBは」, 「AのBを教えて」: B is what is asked for.
_FOCUS = re.compile("の([^のはがをにで、。 ?]{1,12})(?:は|って|を(?:教|知り|見せ)|について|\\?|$)")
_FEW_TERMS = 2
_TURNS_LOOKED_BACK = 2


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for.

    `standalone` is the question with the earlier turns that it points back to; `text`, which is embedded, has the plan's
    own words for what it names behind it. `terms` are the question's own (with those of the earlier turns), `extra_terms`
    what else the plan may call them. `topics` are the nouns that neither a synonym nor a spelling explains: an answer
    should hold them. `focus` is what is asked for, whole and its head (電話番号 and 番号 in 「福祉相談課の電話番号は」), or
    empty. `names` are the question's own proper nouns.
    """

    question: Question
    language: Language
    asked: Asked
    standalone: str
    text: str
    terms: tuple[str, ...]
    extra_terms: tuple[str, ...]
    topics: tuple[str, ...]
    focus: tuple[str, ...]
    names: tuple[str, ...]


class Understanding:
    """Turns questions into queries with a reviewed list of synonyms and the index's own words."""

    def __init__(self, synonyms: Sequence[tuple[str, str]], spelling: Spelling) -> None:
        self._synonyms = synonyms
        self._spelling = spelling

    def understand(self, question: Question, earlier: Sequence[Question] = ()) -> Query:
        """Return what to search for; `earlier` are the user's turns before, oldest first."""
        text = _with_earlier(question, earlier)
        said = [(say, plan) for say, plan in self._synonyms if say in text.lower()]
        unexplained = text.lower()
        for say, _ in said:
            unexplained = unexplained.replace(say, " ")
        alike, unexplained = self._spelling.read_alike(unexplained)
        plan_words = list(dict.fromkeys([*(plan for _, plan in said), *alike]))
        own_terms = tuple(dict.fromkeys(terms(text)))
        extra = (term for plan in plan_words for term in terms(plan))
        language = detect_language(question.text)
        # Words of another language are in no document, which says nothing about what the document says.
        checked = words(unexplained) if language == "ja" else []
        return Query(
            question=question,
            language=language,
            asked=what_is_asked(question.text),
            standalone=text,
            text=" ".join([text, *plan_words]),
            terms=own_terms,
            extra_terms=tuple(dict.fromkeys(term for term in extra if term not in own_terms)),
            topics=_nouns(checked),
            focus=_focus(unexplained) if checked else (),
            names=tuple(word.terms[0] for word in checked if word.is_name and word.terms),
        )


def _nouns(found: Sequence[Word]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.terms[0] for word in found if word.is_noun and word.terms))


def _focus(text: str) -> tuple[str, ...]:
    """What is asked for, whole and its head, the last noun: (営業日, 日) in 「センターの営業日は」; empty if nothing is."""
    match = _FOCUS.search(text)
    nouns = [word.surface for word in words(match.group(1)) if word.is_noun] if match else []
    return (match.group(1), nouns[-1]) if match and nouns else ()


def _with_earlier(question: Question, earlier: Sequence[Question]) -> str:
    """The question with what it points back to in front; alone if it stands by itself."""
    parts = [question.text]
    for before in reversed(earlier[-_TURNS_LOOKED_BACK:]):
        if not _points_back(parts[0]):
            break
        parts.insert(0, before.text)
    return " ".join(parts)


def _points_back(text: str) -> bool:
    return bool(_POINTS_BACK.search(text.lower())) or len(set(terms(text))) < _FEW_TERMS


def understanding_of(vocabulary: Iterable[str]) -> Understanding:
    """Return what understands questions on an index with these words, by the shipped synonyms."""
    return Understanding(load_synonyms(), Spelling(vocabulary))


def load_synonyms(path: Path = SHIPPED_SYNONYMS) -> list[tuple[str, str]]:
    """Return pairs (what people say, what the plan says) of a reviewed file."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["pairs"]
    return [(say, entry["plan"]) for entry in entries for say in entry["say"]]
