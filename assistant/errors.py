"""What can go wrong with a question or the installation, in words for the person who meets it."""

from __future__ import annotations

from typing import Literal

InvalidReason = Literal["empty", "too_long", "not_text", "personal_data"]
# fmt: off
IdentifierKind = Literal[
    "my_number", "resident_code", "card", "phone", "email", "residence_card",
    "passport", "pension", "bank", "licence", "insurance",
]
# fmt: on

_MESSAGES: dict[InvalidReason, str] = {
    "empty": "質問を入力してください。",
    "too_long": "質問は300文字までで入力してください。",
    "not_text": "読み取れない文字が含まれています。入力し直してください。",
    "personal_data": "個人を特定する番号や連絡先が入っています。消してから、もう一度質問してください。",
}


class InvalidQuestionError(ValueError):
    """The input is no question that can be asked. `message` never holds any of the input."""

    def __init__(self, reason: InvalidReason) -> None:
        self.reason: InvalidReason = reason
        self.message = _MESSAGES[reason]
        super().__init__(self.message)


class PersonalDataError(InvalidQuestionError):
    """The question holds a number or an address that names one person. Only its kind is known from here on."""

    def __init__(self, kind: IdentifierKind) -> None:
        self.kind: IdentifierKind = kind
        super().__init__("personal_data")


class ConfigurationError(Exception):
    """A setting is wrong or unknown; the message names it."""


class UnverifiedAnswerError(Exception):
    """A quote is not the text at its span: a defect of the program or the index, never shown to a resident as such."""
