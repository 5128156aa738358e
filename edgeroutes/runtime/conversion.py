"""Text from a URL, a header, a cookie or a form, as the type that an annotation names.

A converter takes the text and gives the value, or raises ValueError with what the text must be. Types are recognized by shape:
whoever annotates with `UUID` or `Literal` has loaded the module that it comes from.
"""

from __future__ import annotations

import re
from enum import EnumMeta
from types import NoneType, UnionType

from edgeroutes.errors import RouteFileError
from edgeroutes.runtime.annotations import describe, is_any, is_container, is_literal, origin, peel, plain_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Converter = Callable[[str], Any]

_MAX_DIGITS = 4300  # more raise ValueError. Source: sys.int_info.default_max_str_digits
_MAX_EXPONENT = 6144  # as decimal128 has it: an int of a larger one fills the memory. Source: IEEE 754-2019 §3.6
_NUMBER_CHARACTERS = frozenset("0123456789+-.eE")
_TRUE = ("true", "1", "on", "yes", "t", "y")
_FALSE = ("false", "0", "off", "no", "f", "n")


def find_converter(annotation: Any, where: str) -> Converter:
    """The converter for a scalar annotation.

    Raises:
        RouteFileError: For a type that no text becomes.
    """
    converter = scalar_converter(annotation, where)
    if converter is None:
        hint = "Use str, int, float, bool, UUID, date, datetime, Decimal, an Enum, a Literal or, for a body, a model"
        raise RouteFileError(
            f"{describe(plain_type(annotation))} is not a supported parameter type", where=where, hint=hint
        )
    return converter


def scalar_converter(annotation: Any, where: str) -> Converter | None:
    """The converter for a scalar annotation, with its constraints; None for a type that no string becomes.

    Raises:
        RouteFileError: For a constraint that cannot be enforced.
    """
    plain, metadata = peel(annotation)
    if not metadata and not hasattr(plain, "__get_pydantic_core_schema__"):
        return _plain_converter(plain, where)
    from edgeroutes.runtime.constraints import find_checks, needs_pydantic
    from edgeroutes.runtime.fields import is_model

    convert: Converter | None
    if not needs_pydantic(annotation):
        convert = _plain_converter(plain, where)
    elif is_container(plain) or is_model(plain):
        return None
    else:
        from edgeroutes.runtime.models import string_converter

        convert = string_converter(annotation, where)
    checks = find_checks(annotation, where) if convert is not None else ()
    return _checked(convert, checks) if checks and convert is not None else convert


def values_converter(annotation: Any, where: str) -> Callable[[list[str]], Any]:
    """The converter for `list[T]`, `set[T]` or `tuple[T, ...]`, from all values of one name.

    Raises:
        RouteFileError: For items that no string becomes, a fixed number of them, or a constraint that cannot be enforced.
    """
    plain, metadata = peel(annotation)
    kinds = getattr(plain, "__args__", (str, Ellipsis))
    container = origin(plain) or plain
    if container is tuple and kinds[-1] is not Ellipsis:
        raise RouteFileError("repeated values have no fixed number", where=where, hint="Write tuple[T, ...] or list[T]")
    item = find_converter(kinds[0], where)

    def convert(values: list[str]) -> Any:
        return container([item(value) for value in values])

    if not metadata:
        return convert
    from edgeroutes.runtime.constraints import find_checks, needs_pydantic

    checks = find_checks(annotation, where)
    if needs_pydantic(annotation):
        from edgeroutes.runtime.models import list_converter

        return _checked(list_converter(annotation, where), checks)
    return _checked(convert, checks) if checks else convert


def _checked(convert: Callable[[Any], Any], checks: Sequence[Callable[[Any], None]]) -> Callable[[Any], Any]:
    def convert_and_check(given: Any) -> Any:
        value = convert(given)
        for check in checks:
            check(value)
        return value

    return convert_and_check


def _plain_converter(annotation: Any, where: str) -> Converter | None:
    simple = _SIMPLE.get(annotation) if isinstance(annotation, type) else None
    if simple:
        return simple
    if is_literal(annotation):
        return _one_of({str(getattr(value, "_value_", value)): value for value in annotation.__args__})
    if isinstance(annotation, EnumMeta):
        return _one_of({str(member.value): member for member in annotation})  # type: ignore[var-annotated]
    if origin(annotation) is UnionType:
        return _first_of([scalar_converter(kind, where) for kind in annotation.__args__ if kind is not NoneType])
    if isinstance(annotation, type):
        return _BY_NAME.get(f"{annotation.__module__}.{annotation.__qualname__}", lambda _: None)(annotation)
    return None


def takes_empty(annotation: Any) -> bool:
    """Whether an empty string is a value of the type, as it is of str, whatever its constraints."""
    plain = plain_type(annotation)
    if origin(plain) is UnionType:
        return any(map(takes_empty, plain.__args__))
    if is_literal(plain):
        return "" in plain.__args__
    if isinstance(plain, EnumMeta):
        return any(member.value == "" for member in plain)  # type: ignore[var-annotated]
    return plain in (str, object) or is_any(plain)


def _to_int(text: str) -> int:
    """Decimal digits with an optional sign; no spaces, underscores or other scripts' digits."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS:
        return int(text)
    raise ValueError("must be an integer")


def _to_float(text: str) -> float:
    """A finite number."""
    if _NUMBER_CHARACTERS.issuperset(text):
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if value - value == 0:  # an overflow to infinity is not the number that was meant
            return value
    raise ValueError("must be a number")


def _to_bool(text: str) -> bool:
    """`true t 1 on yes y` or `false f 0 off no n`, in any case."""
    lowered = text.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError("must be true or false")


def _one_of(values: dict[str, Any]) -> Converter:
    message = f"must be one of {', '.join(values)}"

    def convert(text: str) -> Any:
        if text in values:
            return values[text]
        raise ValueError(message)

    return convert


def _first_of(converters: list[Converter | None]) -> Converter | None:
    known = [converter for converter in converters if converter is not None]
    if len(known) < len(converters):
        return None

    def convert(text: str) -> Any:
        problems = []
        for converter in known:
            try:
                return converter(text)
            except ValueError as error:
                problems.append(str(error))
        raise ValueError(" or ".join(dict.fromkeys(problems)))

    # str takes anything, so it comes last
    known.sort(key=lambda converter: converter is str)
    return convert


def _parsed(parse: Callable[[str], Any], what: str) -> Converter:
    def convert(text: str) -> Any:
        try:
            return parse(text)
        except (ValueError, ArithmeticError):
            raise ValueError(f"must be {what}") from None

    return convert


def _uuid(kind: type) -> Converter:
    canonical = re.compile(r"[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|[0-9A-Fa-f]{32}").fullmatch

    def convert(text: str) -> Any:
        if canonical(text):
            return kind(text)
        raise ValueError("must be a UUID")

    return convert


def _iso(kind: Any, what: str) -> Converter:
    return _parsed(kind.fromisoformat, f"an ISO 8601 {what}")


def _decimal(kind: Any) -> Converter:
    def parse(text: str) -> Any:
        if len(text) > _MAX_DIGITS or not _NUMBER_CHARACTERS.issuperset(text):
            raise ValueError
        value = kind(text)
        if not value.is_finite() or abs(value.adjusted()) > _MAX_EXPONENT:
            raise ValueError
        return value

    return _parsed(parse, "a decimal number")


_SIMPLE: dict[type, Converter] = {str: str, int: _to_int, float: _to_float, bool: _to_bool, object: str}
_BY_NAME: dict[str, Callable[[Any], Converter | None]] = {
    "uuid.UUID": _uuid,
    "datetime.date": lambda kind: _iso(kind, "date"),
    "datetime.datetime": lambda kind: _iso(kind, "date and time"),
    "datetime.time": lambda kind: _iso(kind, "time"),
    "decimal.Decimal": _decimal,
    "typing.Any": lambda _: str,
}
