"""Rules that a type cannot say."""

from edgeroutes import HTTPError


def require(*rules: tuple[str, bool, str]) -> None:
    """Answer 400 with every rule that is broken, not just the first.

    Args:
        rules: The field, whether its rule holds, and what to say when it does not.
    """
    errors = [{"field": field, "message": message} for field, holds, message in rules if not holds]
    if errors:
        raise HTTPError(400, errors=errors)
