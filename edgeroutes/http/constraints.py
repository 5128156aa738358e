"""Which constraints are possible for which types: the one rule of handlers' arguments and of the build's checks."""

from __future__ import annotations

import re
from enum import EnumMeta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

COMPARISONS = ("ge", "gt", "le", "lt")
LENGTHS = ("min_length", "max_length")
NAMES = (*COMPARISONS, "multiple_of", *LENGTHS, "pattern")
CONTAINERS = (list, set, tuple, frozenset)
_SIZED = (str, bytes, dict, *CONTAINERS)
_COUNTS = "Allowed are counts from 0, for strings, lists, sets, tuples and dicts"
_ALLOWED = {
    "multiple_of": "Allowed are numbers above 0, for int, float and Decimal",
    "min_length": _COUNTS,
    "max_length": _COUNTS,
    "pattern": "Allowed are regular expressions, for str",
    "tz": "Allowed is datetime",
}


def find_problem(name: str, value: Any, kind: Any, label: str) -> tuple[str, str] | None:
    """Why a constraint cannot be enforced, and what to do; None where it can.

    Args:
        name: Of the constraint: one of `NAMES`, or `tz`.
        value: Of the constraint.
        kind: The class of the values that it is for.
        label: How the author writes it.
    """
    if name == "pattern":
        try:
            re.compile(value)
        except (re.error, TypeError) as error:
            return f"pattern={value!r} is not a regular expression: {error}", "Correct it"
    if _is_possible(name, value, kind):
        return None
    allowed = _ALLOWED.get(name, "Allowed are bounds of the type's own kind, for numbers, dates and strings")
    is_of_items = kind in CONTAINERS and name not in LENGTHS
    hint = "Constrain the items: list[Annotated[T, …]]" if is_of_items else "Remove it, or change the type"
    return f"{name}={value!r} is not possible for {label}. {allowed}", hint


def find_contradiction(found: Mapping[str, Any]) -> tuple[str, str] | None:
    """Two constraints of one value that nothing satisfies, and what to do; None without such."""
    for low, high in (("ge", "le"), ("ge", "lt"), ("gt", "le"), ("gt", "lt"), LENGTHS):
        if low in found and high in found:
            is_strict = "t" in low[-1] + high[-1]
            if found[low] > found[high] or (is_strict and found[low] == found[high]):
                return f"{low}={found[low]!r} and {high}={found[high]!r} allow no value", "Correct one of them"
    return None


def _is_possible(name: str, value: Any, kind: Any) -> bool:
    if not isinstance(kind, type) or (isinstance(kind, EnumMeta) and not issubclass(kind, (int, float, str))):
        return False
    if name in LENGTHS:
        return issubclass(kind, _SIZED) and type(value) is int and value >= 0
    if name == "pattern":
        return issubclass(kind, str)
    if name == "tz":
        return kind.__module__ == "datetime" and kind.__name__ == "datetime"
    if _is_number(kind):
        return _is_number(type(value)) and (name != "multiple_of" or value > 0)
    return name != "multiple_of" and (kind.__module__ == "datetime" or issubclass(kind, str)) and type(value) is kind


def _is_number(kind: type) -> bool:
    if kind.__module__ == "decimal" and kind.__name__ == "Decimal":
        return True
    return issubclass(kind, (int, float)) and kind is not bool
