"""In which language a question is asked, by its letters and a few function words. No model.

A question in one language may name a Japanese term as the plan has it (“What is 自助・共助?”): its own words decide.
"""

from __future__ import annotations

import re

from assistant.answer import Language

# The forms of GB 2312 that JIS X 0213 has not (这们询绍标): simplified Chinese, which Japanese does not write.
_HANZI = bytes(byte for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF) for byte in (row, cell)).decode(
    "gb2312", "ignore"
)
_SIMPLIFIED = "".join(sorted(set(_HANZI) - set(_HANZI.encode("euc_jis_2004", "ignore").decode("euc_jis_2004"))))

# Without the middle dot (U+30FB), which stands between kanji as well.
_KANA = re.compile("[\u3041-\u30fa\u30fc-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_JAPANESE = re.compile("[\u3041-\u30ff\u4e00-\u9fff]")
_QUOTED = re.compile('「[^」]*」|『[^』]*』|“[^”]*”|"[^"]*"|‘[^’]*’|《[^》]*》')
# A sentence that ends so is Japanese, whatever it names; words may end so as well (“Where is まちの?”).
_JAPANESE_END = re.compile(
    "(?:です|ます|した|せん|とは|[でま]すか|って|[ただ]い|[だ下]さい|して|えて|ほしい|どこ|いつ|だれ|何|なに)[かねよの]?[\\s。.!?]*$"
)
_JAPANESE_WORD_END = re.compile("(?:[かねよのは]|ない|さい)[\\s。.!?]*$")
# Letters that Vietnamese has and English, French or Spanish do not; words without one, and as telephones type them.
_VIETNAMESE = re.compile(
    "[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]|\\b(?:là|gì|và|có|không|tôi|về|các|những"
    "|khong|muon|duoc|nguoi|(?:chong|con|me|bo|nha|cuu|giup) toi|toi bi|la gi|o dau|ke hoach|bao nhieu|nhu the nao"
    "|cuu voi|chay roi|bat tinh)\\b",
    re.IGNORECASE,
)
_CHINESE_BESIDE_KANA = re.compile(f"[{_SIMPLIFIED}么呢个哪关您她咨嗎們你妳沒]|什[么麼]|怎[么麼]|没有")
# Kanji alone are Japanese, but for these words.
_CHINESE = re.compile(
    _CHINESE_BESIDE_KANA.pattern + "|[這麼跟从]|多少|是否|的是|号码|可以|如何[申求得去找]|在哪"
    "|我[想要的是有先老丈爸媽被不在兒很也快活朋孩]|[打殺救]我|[快來]人啊|^救命[!啊]*$"
)
_LATIN = re.compile("[a-z]", re.IGNORECASE)
# One of these is English beside Japanese; of the others, which names have too (「My タイムライン」), it takes two.
_ENGLISH = re.compile(
    "(?<![a-z0-9])(?:what|what's|where|where's|when|who|why|how|which|is|are|does|did|tell|explain|describe|please|means?)(?![a-z0-9])",
    re.IGNORECASE,
)
_ENGLISH_TOO = re.compile(
    "(?<![a-z0-9])(?:can|could|will|would|should|may|do|was|were|has|have|had|am|be|i'm|you|we|they|it|my|your|our|me|us|the|of"
    "|any|there|in|on|at|to|for|from|with|and|or|not|about|this|that|show|give|list|find|get|use|need|want|help|apply|join"
    "|become|support|service|services|plan|city)(?![a-z0-9])",
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
    if not _LATIN.search(own) or (_JAPANESE.search(text) and not _is_english(own)):
        return "ja"
    return "en"


def _beside_japanese(own: str) -> Language:
    """The language of a text that has kana or kanji: its function words in another language, unless it ends as Japanese."""
    has_kana = _KANA.search(own)
    if has_kana and _JAPANESE_END.search(own):
        return "ja"
    if (_CHINESE_BESIDE_KANA if has_kana else _CHINESE).search(own):
        return "zh"
    if _VIETNAMESE.search(own):
        return "vi"
    if has_kana and _JAPANESE_WORD_END.search(own) and not _is_english(own, at_least=2):
        return "ja"
    return "en" if _is_english(own) else "ja"


def _is_english(own: str, at_least: int = 1) -> bool:
    """Whether English function words stand in a text: one that asks, or `at_least` of them, or two different ones."""
    asking = set(map(str.lower, _ENGLISH.findall(own)))
    return len(asking) >= at_least or len(asking.union(map(str.lower, _ENGLISH_TOO.findall(own)))) >= 2


def spoken_language(asked_in: Language, page: Language) -> Language:
    """Return the language of the fixed wordings: the page's for a Japanese question, else the question's own."""
    return page if asked_in == "ja" else asked_in
