"""In which language a question is asked, by its letters and a few function words. No model.

A question in one language may name a Japanese term as the plan has it (“What is 自助・共助?”): its own words decide.
"""

from __future__ import annotations

import re

from assistant.answer import Language

# Without the middle dot (U+30FB), which stands between kanji as well.
_KANA = re.compile("[\u3041-\u30fa\u30fc-\u30ff]")
_HAN = re.compile("[\u4e00-\u9fff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_JAPANESE = re.compile("[\u3041-\u30ff\u4e00-\u9fff]")
_QUOTED = re.compile('「[^」]*」|『[^』]*』|“[^”]*”|"[^"]*"|‘[^’]*’|《[^》]*》')
# A sentence whose words end so is Japanese, whatever it names.
_JAPANESE_END = re.compile("(?:[かねよのは]|です|ます|した|ない|たい|さい|して|えて|ほしい|って|何)[\\s。.!?]*$")
# Letters that Vietnamese has and English, French or Spanish do not, and words without one.
_VIETNAMESE = re.compile(
    "[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]|\\b(?:là|gì|và|có|không|tôi|về|các|những)\\b", re.IGNORECASE
)
# Simplified forms that Japanese does not use, and words that only Chinese has.
_CHINESE = re.compile("[这们吗么呢哪谁个没为时间问题电话号码请给还让从对关于划]|什么|怎么|多少|是否|的是")
_CHINESE_BESIDE_KANA = re.compile("[这们吗么呢哪谁个为时间问题电话码请给还让对关]")
_LATIN = re.compile("[a-z]", re.IGNORECASE)
_ENGLISH = re.compile(
    "\\b(?:what|what's|where|when|who|why|how|which|is|are|does|do|could|tell|explain|about|the|of|mean|means)\\b",
    re.IGNORECASE,
)


def detect_language(text: str) -> Language:
    """Return the language of a question; Japanese where nothing speaks against it.

    What stands in quotation marks is only named, unless nothing else is there. Kanji alone are taken for Japanese keywords
    (「再犯防止」) unless a form is Chinese only.
    """
    own = _QUOTED.sub(" ", text)
    if not any(map(str.isalpha, own)):
        own = text
    if _HANGUL.search(own):
        return "ko"
    if _JAPANESE.search(own):
        return _beside_japanese(own)
    if _VIETNAMESE.search(own):
        return "vi"
    return "en" if _LATIN.search(own) else "ja"


def _beside_japanese(own: str) -> Language:
    """The language of a text that has kana or kanji: its function words in another language, unless it ends as Japanese."""
    has_kana = _KANA.search(own)
    if has_kana and _JAPANESE_END.search(own):
        return "ja"
    if (_CHINESE_BESIDE_KANA if has_kana else _CHINESE).search(own):
        return "zh"
    if _VIETNAMESE.search(own):
        return "vi"
    return "en" if _ENGLISH.search(own) else "ja"


def spoken_language(asked_in: Language, page: Language) -> Language:
    """Return the language of the fixed wordings: the page's for a Japanese question, else the question's own."""
    return page if asked_in == "ja" else asked_in
