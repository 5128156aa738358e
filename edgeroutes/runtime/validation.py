"""JSON values as dataclasses and TypedDicts, every problem with its field. Request wing, floor 2.

A validator takes a value and a list; it gives the value converted, or appends `[field, message]` and gives anything. Validators are
made once, when the route is loaded. pydantic models and msgspec structs validate themselves: see `models.py`.
"""

from __future__ import annotations

from enum import EnumMeta
from types import NoneType, UnionType

from edgeroutes.errors import RouteFileError
from edgeroutes.runtime.conversion import describe, is_literal, origin, plain_type, scalar_converter
from edgeroutes.runtime.signature import ABSENT, evaluate, module_namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Problems = list[list[str]]
    Validator = Callable[[Any, Problems], Any]


def make_validator(annotation: Any, where: str) -> Validator:
    """The validator for a type.

    Args:
        annotation: `str int float bool None Any`, `list tuple set dict`, unions, Literal, enums, dates, UUID, Decimal, dataclasses,
            TypedDicts, pydantic models and msgspec structs, nested as you like.
        where: The argument, for messages.

    Raises:
        RouteFileError: For a type that JSON cannot become.
    """
    return _Maker(where).make(annotation)


def is_typed_dict(annotation: Any) -> bool:
    """Whether it is a TypedDict."""
    return isinstance(annotation, type) and issubclass(annotation, dict) and hasattr(annotation, "__total__")


def is_model(annotation: Any) -> bool:
    """Whether it is a class whose instances a body can become: dataclass, TypedDict, pydantic model, msgspec struct."""
    if not isinstance(annotation, type):
        return False
    marks = ("__dataclass_fields__", "model_validate", "__struct_fields__")
    return any(hasattr(annotation, mark) for mark in marks) or is_typed_dict(annotation)


class _Maker:
    """Makes validators; remembers the classes it is in the middle of, for types that contain themselves."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.made: dict[Any, Validator] = {}

    def make(self, annotation: Any) -> Validator:
        annotation = plain_type(annotation)
        simple = _simple_validator(annotation)
        if simple is not None:
            return simple
        kind = origin(annotation) or annotation
        if kind is UnionType:
            return self._union(annotation)
        if is_literal(annotation):
            return _literal(annotation.__args__)
        if kind in (list, set, frozenset, tuple):
            return self._sequence(annotation, kind)
        if kind is dict:
            return self._mapping(annotation)
        if is_model(annotation):
            return self._model(annotation)
        if isinstance(annotation, EnumMeta):
            return _enum(annotation)
        converter = scalar_converter(annotation)
        if converter is None:
            hint = "Use JSON's own types, dataclasses, TypedDicts, pydantic models or msgspec structs"
            raise RouteFileError(f"no JSON becomes a {describe(annotation)}", where=self.where, hint=hint)
        return _from_text(converter, takes_numbers=annotation.__name__ == "Decimal")

    def _union(self, annotation: Any) -> Validator:
        kinds = [kind for kind in annotation.__args__ if kind is not NoneType]
        validators = [self.make(kind) for kind in kinds]
        optional = len(kinds) < len(annotation.__args__)

        def validate(value: Any, problems: Problems) -> Any:
            if value is None and optional:
                return None
            if len(validators) == 1:
                return validators[0](value, problems)
            tried: list[Problems] = []
            for validator in validators:
                found: Problems = []
                converted = validator(value, found)
                if not found:
                    return converted
                tried.append(found)
            nearest = max(tried, key=lambda found: max(len(field) for field, _ in found))
            same = [found[0][1] for found in tried if not found[0][0]]
            problems += nearest if nearest[0][0] else [["", " or ".join(dict.fromkeys(same))]]
            return None

        return validate

    def _sequence(self, annotation: Any, kind: Any) -> Validator:
        arguments = getattr(annotation, "__args__", ())
        if kind is tuple and arguments and arguments[-1] is not Ellipsis:
            return self._fixed(arguments)
        item = self.make(arguments[0]) if arguments else _anything

        def validate(value: Any, problems: Problems) -> Any:
            if not isinstance(value, list):
                problems.append(["", "must be a list"])
                return None
            return kind([_at(str(place), item, part, problems) for place, part in enumerate(value)])

        return validate

    def _fixed(self, arguments: tuple[Any, ...]) -> Validator:
        items = [self.make(argument) for argument in arguments]

        def validate(value: Any, problems: Problems) -> Any:
            if not isinstance(value, list) or len(value) != len(items):
                problems.append(["", f"must be a list of {len(items)}"])
                return None
            return tuple(_at(str(n), item, part, problems) for n, (item, part) in enumerate(zip(items, value, strict=True)))

        return validate

    def _mapping(self, annotation: Any) -> Validator:
        arguments = getattr(annotation, "__args__", ())
        item = self.make(arguments[1]) if arguments else _anything

        def validate(value: Any, problems: Problems) -> Any:
            if not isinstance(value, dict):
                problems.append(["", "must be an object"])
                return None
            return {key: _at(key, item, part, problems) for key, part in value.items()}

        return validate

    def _model(self, annotation: Any) -> Validator:
        if annotation in self.made:  # contains itself: ask when it is called
            return lambda value, problems: self.made[annotation](value, problems)
        self.made[annotation] = _anything
        if is_typed_dict(annotation):
            made = _object(self._typed_dict_fields(annotation), dict)
        elif hasattr(annotation, "__dataclass_fields__"):
            made = _object(self._dataclass_fields(annotation), annotation)
        else:
            from edgeroutes.runtime.models import model_validator

            made = model_validator(annotation)
        self.made[annotation] = made
        return made

    def _dataclass_fields(self, kind: Any) -> list[tuple[str, Validator, bool]]:
        from dataclasses import MISSING, fields

        made = []
        for field in fields(kind):
            if not field.init:
                continue
            owner = next((base for base in kind.__mro__ if field.name in vars(base).get("__annotations__", ())), kind)
            annotation = evaluate(field.type, module_namespace(owner), f"{self.where}, field {field.name!r}")
            required = field.default is MISSING and field.default_factory is MISSING
            made.append((field.name, self.make(annotation), required))
        return made

    def _typed_dict_fields(self, kind: Any) -> list[tuple[str, Validator, bool]]:
        import typing

        hints = typing.get_type_hints(kind)
        return [(name, self.make(hint), name in kind.__required_keys__) for name, hint in hints.items()]


def _object(fields: list[tuple[str, Validator, bool]], build: Callable[..., Any]) -> Validator:
    """From a JSON object to `build(**fields)`; unknown keys are left out, a ValueError from `build` is a problem of the whole."""

    def validate(value: Any, problems: Problems) -> Any:
        if value.__class__ is not dict:
            problems.append(["", "must be an object"])
            return None
        before = len(problems)
        found = {}
        for name, validator, required in fields:
            part = value.get(name, ABSENT)
            if part is not ABSENT:
                known = len(problems)
                found[name] = validator(part, problems)
                if len(problems) != known:
                    _prefix(name, problems, known)
            elif required:
                problems.append([name, "is required"])
        if len(problems) != before:
            return None
        try:
            return build(**found)
        except ValueError as error:
            problems.append(["", str(error)])
            return None

    return validate


def _at(name: str, validator: Validator, value: Any, problems: Problems) -> Any:
    known = len(problems)
    converted = validator(value, problems)
    if len(problems) != known:
        _prefix(name, problems, known)
    return converted


def _prefix(name: str, problems: Problems, start: int) -> None:
    for problem in problems[start:]:
        problem[0] = f"{name}.{problem[0]}" if problem[0] else name


def _anything(value: Any, problems: Problems) -> Any:  # noqa: ARG001
    return value


def _text(value: Any, problems: Problems) -> Any:
    if value.__class__ is not str:
        problems.append(["", "must be a string"])
    return value


def _integer(value: Any, problems: Problems) -> Any:
    if value.__class__ is float and value.is_integer():  # 3.0 is 3 in JSON, which has one kind of number
        return int(value)
    if value.__class__ is not int:
        problems.append(["", "must be an integer"])
    return value


def _number(value: Any, problems: Problems) -> Any:
    if value.__class__ is int:
        try:
            return float(value)
        except OverflowError:
            value = None
    if value.__class__ is not float:
        problems.append(["", "must be a number"])
    return value


def _boolean(value: Any, problems: Problems) -> Any:
    if value.__class__ is not bool:
        problems.append(["", "must be true or false"])
    return value


def _null(value: Any, problems: Problems) -> Any:
    if value is not None:
        problems.append(["", "must be null"])
    return value


_SIMPLE: dict[Any, Validator] = {
    str: _text,
    int: _integer,
    float: _number,
    bool: _boolean,
    NoneType: _null,
    object: _anything,
}


def _simple_validator(annotation: Any) -> Validator | None:
    """For JSON's own types; `typing.Any` is told by its name, so that typing need not be loaded."""
    if annotation is None:
        return _null
    if not isinstance(annotation, type):
        return None
    if annotation.__module__ == "typing" and annotation.__name__ == "Any":
        return _anything
    return _SIMPLE.get(annotation)


def _literal(values: tuple[Any, ...]) -> Validator:
    message = f"must be one of {', '.join(str(value) for value in values)}"

    def validate(value: Any, problems: Problems) -> Any:
        if not any(value == allowed and type(value) is type(allowed) for allowed in values):
            problems.append(["", message])
        return value

    return validate


def _enum(kind: Any) -> Validator:
    message = f"must be one of {', '.join(str(member.value) for member in kind)}"

    def validate(value: Any, problems: Problems) -> Any:
        try:
            return kind(value)
        except (ValueError, TypeError):
            problems.append(["", message])
            return None

    return validate


def _from_text(converter: Callable[[str], Any], *, takes_numbers: bool) -> Validator:
    def validate(value: Any, problems: Problems) -> Any:
        if takes_numbers and value.__class__ in (int, float):
            value = str(value)
        try:
            return converter(value if isinstance(value, str) else "")
        except ValueError as error:
            problems.append(["", str(error)])
            return None

    return validate
