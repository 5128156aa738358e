"""Sets and dicts of values whose hashes a client can choose, which take quadratic time.

Strings have secret hashes; an int's is its remainder by 2⁶¹-1, and floats, Decimals and UUIDs follow it.
"""

from __future__ import annotations

from decimal import Decimal

from edgeroutes.http.interrupts import HTTPError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

COLLIDING = "has too many different items with the same hash"
_FEW = 1_000
_MOST_ALIKE = 50
_UUID_DIGITS = 32


def collide(values: list[Any]) -> bool:
    """Whether so many different values have one hash that a set of them takes quadratic time."""
    if len(values) <= _FEW:
        return False
    by_hash: dict[int, list[Any]] = {}
    for value in values:
        alike = by_hash.setdefault(hash(value), [value])
        if value not in alike:
            alike.append(value)
            if len(alike) > _MOST_ALIKE:
                return True
    return False


def require_few_collisions(value: Any) -> None:
    """Raise HTTPError 400 for a JSON value with a list or object that a library may make such a set or dict of."""
    left = [value]
    while left:
        part = left.pop()
        if part.__class__ not in (dict, list):
            continue
        if len(part) > _FEW and collide(_numbers(part)):
            raise HTTPError(400, f"the body {COLLIDING}")
        left.extend(part.values() if part.__class__ is dict else part)


def _numbers(values: Iterable[Any]) -> list[Any]:
    """The numbers among items or names, also those that a library reads from strings; UUIDs as their 128 bits."""
    found = (_number(value) if value.__class__ is str else value for value in values)
    return [value for value in found if value.__class__ in (int, float, Decimal)]


def _number(text: str) -> int | Decimal | None:
    digits = text.replace("-", "")
    try:
        if len(digits) == _UUID_DIGITS:
            return int(digits, 16)
        number = Decimal(text)
    except (ValueError, ArithmeticError):
        return None
    return number if number.is_finite() else None
