"""Who acts: what is asked of the social welfare council (社協) is not answered by what stands under another's heading.

A 市 and its council do like things, and a plan tells them in like words side by side, under 「市の取組」 and 「社協の取組」.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from corpus.headings import who_acts

# As it stands among the terms of a question and of what a document says, by whatever name it goes there.
COUNCIL = "社協"

_NAMES_IT = "(?:社協|社会福祉協議会)"
_SAYS_IT = re.compile(_NAMES_IT)
# Where somebody else is named beside it, or it is asked who it was, what another does is an answer.
_MAY_BE_ANOTHER = re.compile(
    "市(?![内民外町立区場長]|の?社)|役所|しやくしょ|行政|ど(?:っち|ちら)|どこ(?:が|の(?:取組|事業|仕事))|誰|だれ|どなた"
    f"|(?:のは|って)[^。]{{0,3}}{_NAMES_IT}|{_NAMES_IT}(?:さん)?(?:は?|が[^。何ど]{{0,10}}[のか])[?？]?$"
)


def is_anothers_doing(
    question: str, terms: Collection[str], sentences: Sequence[str], sections: Sequence[Sequence[str]]
) -> bool:
    """Return whether a question asks what the council does, and sentences tell what others do.

    Args:
        question: what is asked.
        terms: of the question, with those that the documents use for them.
        sentences: that would answer it, at least one.
        sections: for each of them the headings above it, outermost first.
    """
    return (
        COUNCIL in terms
        and not _MAY_BE_ANOTHER.search(question)
        and all(
            who_acts(section) and not _SAYS_IT.search("\n".join([sentence, *section]))
            for sentence, section in zip(sentences, sections, strict=True)
        )
    )
