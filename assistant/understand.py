"""A question with the turns before it → what is searched for. Changes nothing that is shown."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.answer import Language
from assistant.asked import Asked, asking_part, what_is_asked
from assistant.glossary import Entry, Glossary
from assistant.language import detect_language
from assistant.question import Question
from assistant.spelling import Spelling
from assistant.topic import GENERAL_PARTS, terms_meant, topic_of
from index.lexical import Word, terms, words
from index.search_index import SearchIndex

SHIPPED_SYNONYMS = Path(__file__).parent / "synonyms.toml"

_POINTS_BACK = re.compile(
    "^(では|じゃあ?|それでは|また|あと|他に|ほかに|もっと|なぜ|どうして|いつ|どこ|誰|だれ|何年|いくつ|どんな)"
    "|それ|そこ|そちら|その|これら|(?<!は)あの|前者|後者|同じ|さっき|先ほど|続き|くわしく|詳しく"
    "|^[0-9一二三四五]+(?:つ|番)目(?:は|って|も|を(?:教|知り).*|について)?[?。]*$"
    "|^(and|what about|how about|when|where|who)\\b|\\b(it|that|they|those)\\b"
)
# 「AのBは」, 「AのBを教えて」: B is what is asked for.
_FOCUS = re.compile("の([^のはがをにで、。 ?]{1,12})(?:は|って|を(?:教|知り|見せ)|について|\\?|$)")
_PREFECTURE = re.compile("^(?:東京都|北海道|京都府|大阪府|.{2,3}県)(?=.)")
_PLACE = re.compile("[都道府県市区町村]$")
# Letters of which words are not divided by white space or by another kind of letter.
_UNDIVIDED = ("ァ-ヺー", "a-z")
_FEW_TERMS = 2
_TURNS_LOOKED_BACK = 2


@dataclass(frozen=True, slots=True)
class Synonym:
    """What people say, in lower case, and what the plan says."""

    say: re.Pattern[str]
    plan: str


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for.

    `standalone` is the question, in the plan's spelling, with the earlier turns that it points back to; `stands_alone` says
    that it points back to none. `text`, which is embedded, has the plan's own words for what it names behind it. `terms`
    are the question's own (with those of the earlier turns), `extra_terms` what else the plan may call them. `topics` are
    the nouns that neither a synonym nor a spelling explains: an answer should hold them. `focus` is what is asked for,
    whole and its head (電話番号 and 番号 in 「福祉相談課の電話番号は」), or empty. `names` are the question's own proper
    nouns. The place that all documents are about is left out of these three.

    `named` are the things that it only names, asking no more of them, each with what else the plan may call it; empty where
    it asks more or points back. `is_unwritten` says that none of them stands in a document, leaving aside what may be asked
    of anything (支援, 取組). `explained` is where the documents say what the term means whose meaning is asked for.
    """

    question: Question
    language: Language
    asked: Asked
    standalone: str
    stands_alone: bool
    text: str
    terms: tuple[str, ...]
    extra_terms: tuple[str, ...]
    topics: tuple[str, ...]
    focus: tuple[str, ...]
    names: tuple[str, ...]
    named: tuple[tuple[str, ...], ...]
    is_unwritten: bool
    explained: tuple[Entry, ...]


class Understanding:
    """Turns questions into queries with a reviewed list of synonyms and the index's own words.

    `issuers` are those of the documents: the place that stands in all their names, 朝霞市, says nothing of what is asked.
    """

    def __init__(
        self,
        synonyms: Sequence[Synonym],
        spelling: Spelling,
        glossary: Glossary | None = None,
        issuers: Collection[str] = (),
    ) -> None:
        self._synonyms = synonyms
        self._glossary = glossary
        self._spelling = spelling
        self._place = frozenset[str]().union(*map(_places_of, issuers)).intersection(*map(_places_of, issuers))

    def understand(self, question: Question, earlier: Sequence[Question] = ()) -> Query:
        """Return what to search for; `earlier` are the user's turns before, oldest first."""
        asked_for = self._spelling.corrected(question.text)
        whole = _with_earlier(question, earlier)
        stands_alone = whole == question.text
        text = asked_for if stands_alone else self._spelling.corrected(whole)
        said = [synonym for synonym in self._synonyms if synonym.say.search(text.lower())]
        unexplained = text.lower()
        for synonym in said:
            unexplained = synonym.say.sub(" ", unexplained)
        alike, unexplained = self._spelling.read_alike(unexplained)
        plan_words = list(dict.fromkeys([*(synonym.plan for synonym in said), *alike]))
        own_terms = tuple(dict.fromkeys(terms(text)))
        extra = (term for plan in plan_words for term in terms(plan))
        language = detect_language(question.text)
        asked = what_is_asked(asking_part(asked_for))
        # Words of another language are in no document, which says nothing about what the document says.
        checked = words(unexplained) if language == "ja" else []
        named = self._named(text) if language == "ja" and stands_alone and not asked.needs_value else ()
        return Query(
            question=question,
            language=language,
            asked=asked,
            standalone=text,
            stands_alone=stands_alone,
            text=" ".join([text, *plan_words]),
            terms=own_terms,
            extra_terms=tuple(dict.fromkeys(term for term in extra if term not in own_terms)),
            topics=self._but_for_place(word for word in checked if word.is_noun),
            focus=self._focus(unexplained) if checked else (),
            names=self._but_for_place(word for word in checked if word.is_name),
            named=named,
            explained=self._explained(asked_for),
            is_unwritten=self._is_unwritten(named),
        )

    def _but_for_place(self, found: Iterable[Word]) -> tuple[str, ...]:
        """The first term of each word, each once, but for the place's name."""
        firsts = (word.terms[0] for word in found if word.terms)
        return tuple(dict.fromkeys(term for term in firsts if term not in self._place))

    def _focus(self, text: str) -> tuple[str, ...]:
        """What is asked for, whole and its head, the last noun: (営業日, 日) in 「センターの営業日は」; else nothing."""
        match = _FOCUS.search(text)
        nouns = [word.surface for word in words(match.group(1)) if word.is_noun] if match else []
        return (match.group(1), nouns[-1]) if match and nouns and nouns[-1] not in self._place else ()

    def _is_unwritten(self, named: Sequence[Sequence[str]]) -> bool:
        particular = [names for names in named if names[0] not in GENERAL_PARTS | self._place]
        return bool(particular) and not any(self._spelling.is_mostly_written(name) for names in particular for name in names)

    def _explained(self, text: str) -> tuple[Entry, ...]:
        meant = terms_meant(text)
        return tuple(self._glossary.defining(meant[0])) if self._glossary and len(meant) == 1 else ()

    def _named(self, text: str) -> tuple[tuple[str, ...], ...]:
        return tuple(
            (part, *(word for one in self._synonyms if one.say.search(part.lower()) for word in one.plan.split()))
            for part in topic_of(text)
        )


def _places_of(issuer: str) -> frozenset[str]:
    """How the places in an issuer's name are called: 朝霞市 and 朝霞, but not 緑 of 緑区, which may be asked of anything."""
    whole = [_PREFECTURE.sub("", word.surface) for word in words(issuer) if word.is_name and _PLACE.search(word.surface)]
    short = [_PLACE.sub("", name) for name in whole]
    return frozenset([*whole, *(name for name in short if name and all(word.is_name for word in words(name)))])


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


def understanding_of(
    index: SearchIndex, synonyms: Sequence[Synonym] | None = None, spelling: Spelling | None = None
) -> Understanding:
    """Return what understands questions on an index.

    Without `synonyms` by those of the shipped ones that its documents have, without `spelling` by its documents' words.
    """
    known = frozenset(index.vocabulary)
    if synonyms is None:
        synonyms = [one for one in load_synonyms() if known.issuperset(terms(one.plan))]
    documents = index.documents.values()
    return Understanding(
        synonyms,
        spelling or Spelling(known, [document.text for document in documents]),
        Glossary(documents, index.passages),
        {document.info.issuer for document in documents},
    )


def load_synonyms(path: Path = SHIPPED_SYNONYMS) -> list[Synonym]:
    """Return the pairs of a reviewed file."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["pairs"]
    return [Synonym(_whole(say), entry["plan"]) for entry in entries for say in entry["say"]]


def _whole(say: str) -> re.Pattern[str]:
    """A pattern for words; in katakana or Latin letters no part of a longer one: not 「ネット」 in 「ネットワーク」."""
    before = next((f"(?<![{letters}])" for letters in _UNDIVIDED if re.match(f"[{letters}]", say[0])), "")
    after = next((f"(?![{letters}])" for letters in _UNDIVIDED if re.match(f"[{letters}]", say[-1])), "")
    return re.compile(before + re.escape(say) + after)
