"""Constraints in annotations, compiled once per handler: ours, annotated_types', msgspec's, and pydantic's `Field(ge=1)`.

Metadata of other kinds that pydantic understands (validators, `Strict`, its patterns, types such as EmailStr) is enforced by pydantic:
`models`. Metadata is recognized by its class and module, so no library is imported to find out.
"""

from __future__ import annotations

import operator
import re
from itertools import takewhile
from types import NoneType, UnionType

from edgeroutes.errors import RouteFileError
from edgeroutes.http.parameters import LENGTHS, NAMES, find_contradiction, find_problem
from edgeroutes.runtime.annotations import describe, is_literal, origin, peel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from decimal import Decimal
    from typing import Any

    Check = Callable[[Any], None]
    Constraint = tuple[str, Any]

_COMPARISONS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "ge": (operator.ge, ">="),
    "gt": (operator.gt, ">"),
    "le": (operator.le, "<="),
    "lt": (operator.lt, "<"),
}
# Of annotated_types: the class of each and the attribute with its value.
_ANNOTATED_TYPES = {
    "Ge": "ge", "Gt": "gt", "Le": "le", "Lt": "lt", "MultipleOf": "multiple_of", "MinLen": "min_length", "MaxLen": "max_length",
    "Predicate": "func", "Timezone": "tz",
}  # fmt: skip
_DOCUMENTATION = ("DocInfo", "Unit", "Doc")


def find_checks(annotation: Any, where: str) -> tuple[Check, ...]:
    """The checks of a converted value that the metadata of its annotation demands; each raises ValueError.

    What stands inside, on the items of a list or the types of a union, is not looked at.

    Raises:
        RouteFileError: For a constraint that cannot be enforced, or not on this type.
    """
    plain, metadata = peel(annotation)
    if not metadata:
        return ()
    constraints = list(_constraints(metadata, where))
    if not needs_pydantic(annotation):
        _require_applicable(constraints, plain, where)
    else:
        if not _has_schema(plain):  # a validator may change the type for what comes after it
            first = takewhile(lambda item: not _is_pydantic_only(item), metadata)
            _require_applicable(_constraints(first, where), plain, where)
        own = [item for item in metadata if not _is_of(item, "annotated_types", "pydantic")]
        constraints = list(_constraints(own, where))
    _require_none(find_contradiction(dict(constraints)), where)
    return tuple(_make_check(name, value) for name, value in constraints)


def needs_pydantic(annotation: Any) -> bool:
    """Whether pydantic has to enforce an annotation: for its own types, its validators, and what it adds to annotated_types."""
    plain, metadata = peel(annotation)
    if _has_schema(plain) and not hasattr(plain, "model_validate"):
        return True
    return hasattr(plain, "__pydantic_fields__") or any(map(_is_pydantic_only, metadata))


def is_library_metadata(item: Any, library: str) -> bool:
    """Whether this is a constraint of msgspec (`msgspec`), or one that pydantic reads (`pydantic`, `annotated_types`)."""
    return _is_of(item, library) and not isinstance(item, type)


def _is_pydantic_only(item: Any) -> bool:
    if _is_of(item, "pydantic"):
        if hasattr(item, "is_required"):  # FieldInfo
            return item.discriminator is not None or any(map(_is_pydantic_only, item.metadata))
        if _is_group(item):
            return any(map(_is_pydantic_only, item))
        return True
    return _has_schema(item) and not isinstance(item, type)


def _has_schema(item: Any) -> bool:
    return hasattr(item, "__get_pydantic_core_schema__")


def _is_group(item: Any) -> bool:
    return not isinstance(item, type) and hasattr(item, "__is_annotated_types_grouped_metadata__")


def _is_of(item: Any, *libraries: str) -> bool:
    """Whether the class of an object, or the class that it is, comes from one of these distributions."""
    kind = item if isinstance(item, type) else type(item)
    return kind.__module__.partition(".")[0] in libraries


def _constraints(metadata: Iterable[Any], where: str) -> Iterator[Constraint]:
    """The constraints in metadata; what only documents is skipped.

    Raises:
        RouteFileError: For metadata that may be a constraint and is not known.
    """
    for item in metadata:
        if item is None or isinstance(item, str) or type(item).__name__ in _DOCUMENTATION:
            continue
        if _is_of(item, "edgeroutes"):
            yield from ({} if isinstance(item, type) else getattr(item, "constraints", {})).items()
        elif _is_group(item):
            yield from _constraints(item, where)
        elif type(item).__name__ in _ANNOTATED_TYPES and _is_of(item, "annotated_types"):
            attribute = _ANNOTATED_TYPES[type(item).__name__]
            yield attribute, getattr(item, attribute)
        elif type(item).__name__ == "Meta" and _is_of(item, "msgspec"):
            yield from _msgspec_constraints(item)
        elif _is_of(item, "pydantic") and hasattr(item, "is_required"):
            _require_no_field_options(item, where)
            yield from _constraints(item.metadata, where)
        elif not _is_pydantic_only(item):
            yield from _other(item, where)


def _msgspec_constraints(meta: Any) -> Iterator[Constraint]:
    for name in NAMES:
        if getattr(meta, name) is not None:
            yield name, getattr(meta, name)
    if meta.tz is not None:
        yield "tz", ... if meta.tz else None


def _other(item: Any, where: str) -> Iterator[Constraint]:
    """A callable of annotated_types is a predicate; anything unknown that may be a constraint is an error."""
    name = getattr(item, "__qualname__", type(item).__qualname__)
    if _is_of(item, "fastapi"):
        problem = f"fastapi.{name} has no effect in a route file. Allowed are the markers of edgeroutes"
        raise RouteFileError(problem, where=where, hint=f"Write 'from edgeroutes import {name}'")
    if isinstance(item, type):
        is_harmless = not (_is_of(item, "annotated_types", "msgspec") or _has_schema(item))
    elif _is_of(item, "annotated_types") and callable(item):
        yield "func", item  # Not(f)
        return
    else:
        is_harmless = not (callable(item) or any(getattr(item, each, None) is not None for each in NAMES))
    if is_harmless:
        return
    problem = f"{item!r:.80} in Annotated may be a constraint, and edgeroutes cannot enforce it"
    hint = "Use annotated_types.Predicate(f), a pydantic validator, or Query(ge=…) and its like"
    raise RouteFileError(problem, where=where, hint=hint)


def _require_no_field_options(field: Any, where: str) -> None:
    alias = field.alias or field.validation_alias
    if alias is not None:
        hint = "Name it in a marker, Query('name'), or make the class a pydantic model"
        raise RouteFileError(f"Field(alias={alias!r}) has no effect here", where=where, hint=hint)
    if not field.is_required():
        raise RouteFileError("Field(default=…) has no effect here", where=where, hint="Write '= value' after the type")


def _require_applicable(constraints: Iterable[Constraint], annotation: Any, where: str) -> None:
    for name, value in constraints:
        for kind in _classes(annotation) if name != "func" else ():
            _require_none(find_problem(name, value, kind, describe(kind)), where)


def _require_none(problem: tuple[str, str] | None, where: str) -> None:
    if problem is not None:
        raise RouteFileError(problem[0], where=where, hint=problem[1])


def _classes(annotation: Any) -> Iterator[Any]:
    """The classes that a value of a type may have, `None` apart."""
    plain, _ = peel(annotation)
    if origin(plain) is UnionType:
        for kind in plain.__args__:
            if kind is not NoneType:
                yield from _classes(kind)
    elif is_literal(plain):
        yield from {type(value) for value in plain.__args__}
    else:
        yield origin(plain) or plain


def _make_check(name: str, value: Any) -> Check:
    if name in _COMPARISONS:
        compare, symbol = _COMPARISONS[name]
        return _check(lambda given: compare(given, value), f"must be {symbol} {value}")
    if name in LENGTHS:
        return _length_check(name, value)
    if name == "multiple_of":
        return _check(lambda given: _is_multiple(given, value), f"must be a multiple of {value}")
    if name == "pattern":
        search = re.compile(value).search
        return _check(lambda given: search(given) is not None, f"must match the pattern {value}")
    if name == "tz":
        return _zone_check(value)
    label = getattr(value, "__qualname__", "<")
    return _check(value, "has a value that is not allowed" if "<" in label else f"must satisfy {label}")


def _check(fits: Callable[[Any], object], message: str) -> Check:
    def check(value: Any) -> None:
        try:
            is_good = fits(value)
        except (TypeError, ValueError, ArithmeticError):  # a date without timezone compared with one that has it
            is_good = False
        if not is_good:
            raise ValueError(message)

    return check


def _length_check(name: str, count: int) -> Check:
    compare, most = (operator.ge, "at least") if name == "min_length" else (operator.le, "at most")
    plural = "" if count == 1 else "s"

    def check(value: Any) -> None:
        if not compare(len(value), count):
            unit = "character" if isinstance(value, str) else "byte" if isinstance(value, bytes) else "item"
            raise ValueError(f"must have {most} {count} {unit}{plural}")

    return check


def _zone_check(zone: Any) -> Check:
    if zone is None:
        return _check(lambda value: value.tzinfo is None, "must not have a timezone")
    if zone is ...:
        return _check(lambda value: value.tzinfo is not None, "must have a timezone")
    return _check(lambda value: zone in (value.tzinfo, str(value.tzinfo)), f"must have the timezone {zone}")


def _is_multiple(value: Any, of: Any) -> bool:
    if isinstance(value, float) or isinstance(of, float):
        return _is_float_multiple(value, of)
    return bool(value % of == 0)


def _is_float_multiple(value: float | Decimal, of: float | Decimal) -> bool:
    """As pydantic has it: 0.3 is a multiple of 0.1, though not in binary. Source: pydantic-core, `src/validators/float.rs`."""
    number, step = float(value), float(of)
    rest = number % step
    tolerance = abs(number) / 1e9
    return rest <= tolerance or abs(rest - step) <= tolerance
