"""Where an argument comes from, and the constraints of its value: `Annotated[str, Header()]`."""

from __future__ import annotations

import re
from enum import EnumMeta

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal
    from typing import Any


class Source:
    """The source of an argument, and the constraints of its value.

    A bound is compared with the value. `multiple_of` is for numbers, `min_length` and `max_length` count characters or items,
    and `pattern` is a regular expression that the string contains a match of, as with `re.search`.

    Args:
        name: Its name in the source, where it differs from the argument's.
    """

    __slots__ = ("constraints", "name")
    place = ""

    def __init__(
        self,
        name: str = "",
        *,
        ge: Any = None,
        gt: Any = None,
        le: Any = None,
        lt: Any = None,
        multiple_of: float | Decimal | None = None,
        min_length: int | None = None,
        max_length: int | None = None,
        pattern: str | None = None,
    ) -> None:
        self.name = name
        given = {
            "ge": ge,
            "gt": gt,
            "le": le,
            "lt": lt,
            "multiple_of": multiple_of,
            "min_length": min_length,
            "max_length": max_length,
            "pattern": pattern,
        }
        self.constraints = {key: value for key, value in given.items() if value is not None}

    def __repr__(self) -> str:
        given = [repr(self.name)] if self.name else []
        given += [f"{key}={value!r}" for key, value in self.constraints.items()]
        return f"{type(self).__name__}({', '.join(given)})"


class Query(Source):
    """A query parameter: `Annotated[list[str], Query("tag")]`, or several as a model: `Annotated[Filters, Query()]`."""

    __slots__ = ()
    place = "query"


class Header(Source):
    """A request header; the name is the argument's with `-` for `_`: `user_agent: Annotated[str, Header()]`."""

    __slots__ = ()
    place = "header"


class Cookie(Source):
    """A cookie of the request."""

    __slots__ = ()
    place = "cookie"


class Form(Source):
    """A field of an HTML form, or all of them as a model."""

    __slots__ = ()
    place = "form"


class Body(Source):
    """The JSON body, of any type: `Annotated[int, Body()]`. A model, `dict` or list of models needs no marker."""

    __slots__ = ()
    place = "body"


class File(Source):
    """A file of an HTML form, as Starlette's UploadFile; `list[UploadFile]` for several.

    Args:
        name: The form field, where it differs from the argument's name.
        max_bytes: A larger file is a 413.
        types: The media types that are allowed, such as `image/*`; another one is a 415. Empty allows any.
    """

    __slots__ = ("max_bytes", "types")
    place = "form"

    def __init__(self, name: str = "", *, max_bytes: int | None = None, types: Sequence[str] = ()) -> None:
        super().__init__(name)
        self.max_bytes = max_bytes
        self.types = (types,) if isinstance(types, str) else tuple(types)


class Status:
    """The status of a handler's response, in its return annotation: `-> Annotated[Order, Status(201)]`.

    Args:
        status: 200 to 599.

    Raises:
        ValueError: For another status.
    """

    __slots__ = ("status",)

    def __init__(self, status: int) -> None:
        given: object = status
        if isinstance(given, bool) or not isinstance(given, int) or not 200 <= given <= 599:
            raise ValueError(f"Status({given!r}): the status must be a number from 200 to 599")
        self.status = int(given)

    def __repr__(self) -> str:
        return f"Status({self.status})"


_COMPARISONS = ("ge", "gt", "le", "lt")
LENGTHS = ("min_length", "max_length")
NAMES = (*_COMPARISONS, "multiple_of", *LENGTHS, "pattern")
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
    """Why a constraint is not possible, and what to do; None where it is.

    Args:
        name: The constraint: one of `NAMES`, or `tz`.
        value: The constraint's value.
        kind: The class of the constrained values.
        label: The type as the author writes it.
    """
    if name == "pattern":
        try:
            re.compile(value)
        except (re.error, TypeError) as error:
            return f"pattern={value!r} is not a regular expression: {error}", "Correct it"
    if _is_possible(name, value, kind):
        return None
    allowed = _ALLOWED.get(name, "Allowed are bounds of the same type, for numbers, dates and strings")
    is_of_items = kind in CONTAINERS and name not in LENGTHS
    hint = "Constrain the items: list[Annotated[T, …]]" if is_of_items else "Remove it, or change the type"
    return f"{name}={value!r} is not possible for {label}. {allowed}", hint


def find_contradiction(found: Mapping[str, Any]) -> tuple[str, str] | None:
    """Two constraints that no value satisfies, and what to do; None without such."""
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
