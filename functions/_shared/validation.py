"""Rules that a type cannot express."""

import re

from edgeroutes import HTTPError


def require(*rules: tuple[str, bool, str]) -> None:
    """Raise a 400 with every broken rule, not just the first.

    Args:
        rules: The field, whether its rule holds, and the message if it does not.
    """
    errors = [{"field": field, "message": message} for field, holds, message in rules if not holds]
    if errors:
        raise HTTPError(400, errors=errors)


def is_email(text: str) -> bool:
    """Whether a string looks like an address. Source: RFC 5321 §4.5.3.1.3, 254 characters."""
    return len(text) <= 254 and re.fullmatch(r"[^@\s]+@[^@\s]+", text) is not None
