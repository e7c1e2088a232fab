"""Who acts: what is asked of the social welfare council (社協) is not answered by what stands under another's heading.

A 市 and its council do like things, and a plan tells them in like words side by side, under 「市の取組」 and 「社協の取組」.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.asked import asking_part
from corpus.headings import who_acts

# As it stands among the terms of a question and of what a document says, by whatever name it goes there.
COUNCIL = "社協"

_NAMES_IT = "(?:社協|社会福祉協議会|しゃきょう|しゃかいふくしきょうぎかい)"
_SAYS_IT = re.compile(_NAMES_IT)
# Where somebody else is named beside it, or it is asked who it was, what another does is an answer; so it is where another
# does it with the council, or without.
_MAY_BE_ANOTHER = re.compile(
    "市(?![内民外町立区場長]|の?社)|役所|しやくしょ|行政|ど(?:っち|ちら)|どこ(?:が|の(?:取組|事業|仕事))|誰|だれ|どなた"
    f"|{_NAMES_IT}(?:さん)?(?:以外|では?な|じゃな|も|[にへ](?:委託|相談|聞)|から|の(?:人|方|職員)に|と(?:の?連携|の?協力|一緒|共|とも))"
    f"|(?:のは|って)[^。]{{0,3}}{_NAMES_IT}|{_NAMES_IT}(?:さん)?(?:は?|が[^。何ど]{{0,10}}[のか])[?？]?$"
)


def is_anothers_doing(question: str, sentences: Sequence[str], sections: Sequence[Sequence[str]]) -> bool:
    """Return whether a question asks what the council does, and sentences tell what others do.

    Args:
        question: what is asked; of several sentences the one that asks counts.
        sentences: that would answer it, at least one.
        sections: for each of them the headings above it, outermost first.
    """
    return (
        bool(_SAYS_IT.search(asking_part(question)))
        and not _MAY_BE_ANOTHER.search(question)
        and all(
            who_acts(section) and not _SAYS_IT.search("\n".join([sentence, *section]))
            for sentence, section in zip(sentences, sections, strict=True)
        )
    )
