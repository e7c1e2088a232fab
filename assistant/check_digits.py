"""Check digits of numbers that name one person: whether a row of digits can be such a number at all."""

from __future__ import annotations


def is_my_number(digits: str) -> bool:
    """Whether 12 digits end in the check digit of a マイナンバー (平成26年総務省令第85号5条)."""
    return len(digits) == 12 and _is_checked_by_eleven(digits)


def is_resident_code(digits: str) -> bool:
    """Whether 11 digits end in the check digit of a 住民票コード, taken to be made by the same sum as a マイナンバー's."""
    return len(digits) == 11 and _is_checked_by_eleven(digits)


def is_card_number(digits: str) -> bool:
    """Whether digits pass Luhn's sum, as every payment card's number does."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _is_checked_by_eleven(digits: str) -> bool:
    """Weights from the right are 2 to 7 and again from 2; a rest of 0 or 1 makes the check digit 0."""
    weighted = (int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(digits[:-1])))
    rest = sum(weighted) % 11
    return int(digits[-1]) == (0 if rest <= 1 else 11 - rest)
