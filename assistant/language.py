"""In which language a question is asked, by its letters and a few function words. No model."""

from __future__ import annotations

import re

from assistant.answer import Language

_KANA = re.compile("[\u3041-\u30ff]")
_HAN = re.compile("[\u4e00-\u9fff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
# Letters that Vietnamese has and English, French or Spanish do not.
_VIETNAMESE = re.compile("[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)
# Simplified forms that Japanese does not use, and words that only Chinese has.
_CHINESE = re.compile("[这们吗么呢哪谁个没为时间问题电话号码请给还让从对关于划]|什么|怎么|多少|是否|的是")
_LATIN = re.compile("[a-z]", re.IGNORECASE)


def detect_language(text: str) -> Language:
    """Return the language of a question; Japanese where nothing speaks against it.

    Kanji alone are taken for Japanese keywords (「再犯防止」) unless a form is Chinese only.
    """
    if _HANGUL.search(text):
        return "ko"
    if _KANA.search(text):
        return "ja"
    if _HAN.search(text):
        return "zh" if _CHINESE.search(text) else "ja"
    if _VIETNAMESE.search(text):
        return "vi"
    return "en" if _LATIN.search(text) else "ja"


def spoken_language(asked_in: Language, page: Language) -> Language:
    """Return the language of the fixed wordings: the page's for a Japanese question, else the question's own."""
    return page if asked_in == "ja" else asked_in
