"""Rules that a type cannot say."""

import re

from edgeroutes import HTTPError


def require(*rules: tuple[str, bool, str]) -> None:
    """Answer 400 with every rule that is broken, not just the first.

    Args:
        rules: The field, whether its rule holds, and what to say when it does not.
    """
    errors = [{"field": field, "message": message} for field, holds, message in rules if not holds]
    if errors:
        raise HTTPError(400, errors=errors)


def is_email(text: str) -> bool:
    """Whether it is worth sending a confirmation to. Source: RFC 5321 §4.5.3.1.3, 254 characters."""
    return len(text) <= 254 and re.fullmatch(r"[^@\s]+@[^@\s]+", text) is not None
