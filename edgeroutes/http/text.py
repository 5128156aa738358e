"""Values that clients write as text: percent-encoding and decimal numbers."""

from __future__ import annotations

import re
from binascii import unhexlify

_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")


def decode_percent(text: str) -> str:
    """`text` with its escapes decoded once: `a%2Fb` → `a/b`, `a%252Fb` → `a%2Fb`; `+` stays.

    Raises:
        ValueError: For a `%` without two hexadecimal digits, or bytes that are not UTF-8.
    """
    if _STRAY.search(text):
        raise ValueError(f"{text!r} has a '%' without two hexadecimal digits")
    return _ESCAPES.sub(lambda match: unhexlify(match[0].replace("%", "")).decode("utf-8"), text)


_SAFE_DIGITS = 18  # a 64-bit integer


def parse_digits(text: str, most: int) -> int | None:
    """The number of ASCII digits, at most `most`; None for anything else, also with a sign or a space. `int` refuses 4,300 digits.

    Args:
        text: As the client sent it.
        most: The result for larger numbers; below 10**18.

    >>> parse_digits("080", 65_536), parse_digits("9" * 5_000, 65_536), parse_digits("-1", 65_536)
    (80, 65536, None)
    """
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0")
    return most if len(digits) > _SAFE_DIGITS else min(int(digits or "0"), most)
