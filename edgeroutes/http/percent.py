"""Percent-decoding that refuses what is malformed. Ground floor: loaded when the first `%` is seen."""

from __future__ import annotations

import re
from binascii import unhexlify

_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")


def decode_percent(text: str) -> str:
    """`text` with its escapes undone, once: `a%2Fb` → `a/b`, `a%252Fb` → `a%2Fb`; `+` stays.

    Raises:
        ValueError: For a `%` without two hexadecimal digits, or bytes that are not UTF-8.
    """
    if _STRAY.search(text):
        raise ValueError(f"{text!r} has a '%' that no two hexadecimal digits follow")
    return _ESCAPES.sub(lambda match: unhexlify(match[0].replace("%", "")).decode("utf-8"), text)
