"""Validators of single JSON values."""

from __future__ import annotations

from types import NoneType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from edgeroutes.http.problem import Problems
    from edgeroutes.runtime.validation import Validator


def anything(value: Any, problems: Problems) -> Any:  # noqa: ARG001
    """Takes every value as it is."""
    return value


def text(value: Any, problems: Problems) -> Any:
    """Takes strings."""
    if value.__class__ is not str:
        problems.add("must be a string")
    return value


def _integer(value: Any, problems: Problems) -> Any:
    if value.__class__ is float and value.is_integer():  # 3.0 is 3 in JSON, which has one kind of number
        return int(value)
    if value.__class__ is not int:
        problems.add("must be an integer")
    return value


def _number(value: Any, problems: Problems) -> Any:
    if value.__class__ is int:
        try:
            return float(value)
        except OverflowError:
            value = None
    if value.__class__ is not float:
        problems.add("must be a number")
    return value


def _boolean(value: Any, problems: Problems) -> Any:
    if value.__class__ is not bool:
        problems.add("must be true or false")
    return value


def _null(value: Any, problems: Problems) -> Any:
    if value is not None:
        problems.add("must be null")
    return value


_SIMPLE: dict[Any, Validator] = {
    str: text,
    int: _integer,
    float: _number,
    bool: _boolean,
    NoneType: _null,
    object: anything,
}


def simple_validator(annotation: Any) -> Validator | None:
    """For JSON's own types; `typing.Any` is recognized by its name, so that typing need not be loaded."""
    if annotation is None:
        return _null
    if not isinstance(annotation, type):
        return None
    if annotation.__module__ == "typing" and annotation.__name__ == "Any":
        return anything
    return _SIMPLE.get(annotation)


def literal_validator(values: tuple[Any, ...]) -> Validator:
    """Takes these values, of these very types, and for an enum's member its value."""
    plain = [getattr(value, "_value_", value) for value in values]
    message = f"must be one of {', '.join(map(str, plain))}"
    allowed = {(type(given), given): value for given, value in zip((*plain, *values), values * 2, strict=True)}

    def validate(value: Any, problems: Problems) -> Any:
        kind = value.__class__
        if kind is list or kind is dict or (kind, value) not in allowed:
            problems.add(message)
            return None
        return allowed[kind, value]

    return validate


def enum_validator(kind: Any) -> Validator:
    """Takes the values of an enum's members."""
    message = f"must be one of {', '.join(str(member.value) for member in kind)}"

    def validate(value: Any, problems: Problems) -> Any:
        try:
            return kind(value)
        except (ValueError, TypeError):
            problems.add(message)
            return None

    return validate


def text_validator(converter: Callable[[str], Any], *, takes_numbers: bool) -> Validator:
    """Takes strings that `converter` takes, and numbers as it would write them."""

    def validate(value: Any, problems: Problems) -> Any:
        if takes_numbers and value.__class__ in (int, float):
            value = str(value)
        try:
            return converter(value if isinstance(value, str) else "")
        except ValueError as error:
            problems.add(str(error))
            return None

    return validate
