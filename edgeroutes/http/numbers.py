"""Decimal numbers that a client writes, of any length: `int` refuses more than 4,300 digits. Ground floor."""

from __future__ import annotations

_SAFE_DIGITS = 18  # of a 64-bit integer


def parse_digits(text: str, most: int) -> int | None:
    """The number that ASCII digits stand for, at most `most`; None for anything else, a sign or a space included.

    Args:
        text: As the client sent it.
        most: What a larger number counts as; below 10**18.

    >>> parse_digits("080", 65_536), parse_digits("9" * 5_000, 65_536), parse_digits("-1", 65_536)
    (80, 65536, None)
    """
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0")
    return most if len(digits) > _SAFE_DIGITS else min(int(digits or "0"), most)
