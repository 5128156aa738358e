"""JSON values as dataclasses, TypedDicts and NamedTuples, every problem with its field.

A validator takes a value and the problems so far; it gives the value converted, or adds to them and gives anything. Who contains a
value puts its name in front of the problems that it has added, and stops when there are more of them than a response lists.
Validators are made once, when the route is loaded. pydantic models and msgspec structs validate themselves: `models.py`.
"""

from __future__ import annotations

from enum import EnumMeta
from types import NoneType, UnionType

from edgeroutes.errors import RouteFileError
from edgeroutes.http.problem import MAX_PROBLEMS
from edgeroutes.runtime.annotations import describe, is_alias, is_any, is_literal, origin, peel
from edgeroutes.runtime.conversion import find_converter, scalar_converter
from edgeroutes.runtime.expensive_bodies import COLLIDING, collide
from edgeroutes.runtime.fields import (
    field_annotations,
    field_names_required,
    is_model,
    is_named_tuple,
    is_own_model,
    is_typed_dict,
)
from edgeroutes.runtime.signature import ABSENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from edgeroutes.http.problem import Problems
    from edgeroutes.runtime.conversion import Converter
    from edgeroutes.runtime.unions import Union

    Validator = Callable[[Any, Problems], Any]


def make_validator(annotation: Any, where: str) -> Validator:
    """The validator for a type.

    Args:
        annotation: `str int float bool None Any`, `list tuple set dict`, unions, Literal, enums, dates, UUID, Decimal,
            dataclasses, TypedDicts, pydantic models and msgspec structs, nested as you like.
        where: The argument, for messages.

    Raises:
        RouteFileError: For a type that JSON cannot become.
    """
    return _Maker(where).make(annotation)


class _Maker:
    """Makes validators; remembers the classes it is in the middle of, for types that contain themselves."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.made: dict[Any, Validator] = {}
        self.unions: list[tuple[list[Any], Union]] = []

    def make(self, annotation: Any) -> Validator:
        if is_alias(annotation):
            return self._once(annotation, self._make)
        return self._make(annotation)

    def _once(self, annotation: Any, make: Callable[[Any], Validator]) -> Validator:
        """The validator of a type that may contain itself."""
        if annotation not in self.made:
            self.made[annotation] = lambda value, problems: self.made[annotation](value, problems)  # noqa: PLW0108  # not made yet
            self.made[annotation] = make(annotation)
        return self.made[annotation]

    def _make(self, annotation: Any) -> Validator:
        plain, metadata = peel(annotation)
        if not metadata and not hasattr(plain, "__get_pydantic_core_schema__"):
            return self._plain(plain)
        from edgeroutes.runtime.constraints import find_checks, needs_pydantic

        if needs_pydantic(annotation):
            from edgeroutes.runtime.models import model_validator

            validator = model_validator(annotation, self.where)
        else:
            validator = self._plain(plain)
        checks = find_checks(annotation, self.where)
        return with_checks(validator, checks, takes_none=_takes_none(plain))

    def _plain(self, annotation: Any) -> Validator:
        simple = _simple_validator(annotation)
        if simple is not None:
            return simple
        kind = origin(annotation) or annotation
        if kind is UnionType:
            return self._union(annotation)
        if is_literal(annotation):
            return _literal_validator(annotation.__args__)
        if kind in (list, set, frozenset, tuple):
            return self._sequence(annotation, kind)
        if kind is dict:
            return self._mapping(annotation)
        if is_model(annotation):
            return self._once(annotation, self._model)
        if type(annotation).__name__ == "TypeVar":
            return _anything if annotation.__bound__ is None else self.make(annotation.__bound__)
        if isinstance(annotation, EnumMeta):
            return _enum_validator(annotation)
        converter = scalar_converter(annotation, self.where)
        if converter is None:
            hint = "Use JSON's own types, dataclasses, TypedDicts, NamedTuples, pydantic models or msgspec structs"
            problem = f"{describe(annotation)} is not a supported body type"
            raise RouteFileError(problem, where=self.where, hint=hint)
        return _text_validator(converter, takes_numbers=annotation.__name__ == "Decimal")

    def _union(self, annotation: Any) -> Validator:
        kinds = [kind for kind in annotation.__args__ if kind is not NoneType]
        if len(kinds) == len(annotation.__args__):
            return self._one_of(kinds)
        validator = self._one_of(kinds)

        def validate(value: Any, problems: Problems) -> Any:
            return None if value is None else validator(value, problems)

        return validate

    def _one_of(self, kinds: list[Any]) -> Validator:
        if len(kinds) == 1:
            return self.make(kinds[0])
        from edgeroutes.runtime.unions import Choice, Union

        # The same union elsewhere is the same validator, by which it remembers what it has tried.
        union = next((union for known, union in self.unions if known == kinds), None)
        if union is None:
            union = Union(len(self.unions))
            self.unions.append((kinds, union))
            union.set_choices([Choice(kind, self.make(kind), self.where) for kind in kinds])
        return union

    def _sequence(self, annotation: Any, kind: Any) -> Validator:
        arguments = getattr(annotation, "__args__", ())
        if kind is tuple and arguments and arguments[-1] is not Ellipsis:
            return self._fixed(arguments)
        item = self.make(arguments[0]) if arguments else _anything
        hashes = kind in (set, frozenset)

        def validate(value: Any, problems: Problems) -> Any:
            if not isinstance(value, list):
                problems.add("must be a list")
                return None
            start = known = len(problems)
            items = []
            for part in value:
                items.append(item(part, problems))
                if len(problems) != known:
                    if problems.put_under(str(len(items) - 1), known):
                        break
                    known = len(problems)
            if not known == start == len(problems):
                return None  # what is not an item may not be hashable either
            if hashes and collide(items):
                problems.add(COLLIDING)
                return None
            return kind(items)

        return validate

    def _fixed(self, arguments: tuple[Any, ...]) -> Validator:
        items = [self.make(argument) for argument in arguments]

        def validate(value: Any, problems: Problems) -> Any:
            if not isinstance(value, list) or len(value) != len(items):
                problems.add(f"must be a list of {len(items)}")
                return None
            pairs = enumerate(zip(items, value, strict=True))
            return tuple(_at(str(place), item, part, problems) for place, (item, part) in pairs)

        return validate

    def _mapping(self, annotation: Any) -> Validator:
        arguments: tuple[Any, ...] = getattr(annotation, "__args__", ())
        item = self.make(arguments[1]) if arguments else _anything
        name = self.make(arguments[0]) if arguments else _anything
        convert = None if name in (_text, _anything) else find_converter(arguments[0], self.where)

        def validate(value: Any, problems: Problems) -> Any:
            if not isinstance(value, dict):
                problems.add("must be an object")
                return None
            known = len(problems)
            items = {}
            for key, part in value.items():
                items[key] = item(part, problems)
                if len(problems) != known:
                    if problems.put_under(key, known):
                        return None
                    known = len(problems)
            return items if convert is None else _with_keys(items, convert, problems)

        return validate

    def _model(self, annotation: Any) -> Validator:
        kind = origin(annotation) or annotation
        if is_named_tuple(kind):
            return _named_tuple(self._fields(annotation), kind)
        if is_own_model(kind):
            return make_object(self._fields(annotation), dict if is_typed_dict(kind) else kind)
        from edgeroutes.runtime.models import model_validator

        return model_validator(annotation, self.where)

    def _fields(self, kind: Any) -> list[tuple[str, Validator, bool]]:
        annotations = field_annotations(kind, self.where)
        required = field_names_required(kind)
        place = self.where
        found = []
        for name, hint in annotations.items():
            self.where = f"{place}, {(origin(kind) or kind).__name__}.{name}"
            found.append((name, self.make(hint), name in required))
        self.where = place
        return found


def _with_keys(items: dict[str, Any], convert: Converter, problems: Problems) -> dict[Any, Any]:
    """The mapping with its names, which JSON has as texts, converted."""
    names = []
    for name in items:
        try:
            names.append(convert(name))
        except ValueError as error:
            problems.add(f"its name {error}", name)
            if len(problems) > MAX_PROBLEMS:
                break
    if len(names) < len(items):
        return {}
    if collide(names):
        problems.add(COLLIDING)
        return {}
    return dict(zip(names, items.values(), strict=True))


def _takes_none(annotation: Any) -> bool:
    return origin(annotation) is UnionType and NoneType in annotation.__args__


def with_checks(
    validator: Validator, checks: tuple[Callable[[Any], None], ...], *, takes_none: bool = False
) -> Validator:
    """The validator, which also calls the checks of a value that is valid."""
    if not checks:
        return validator

    def validate(value: Any, problems: Problems) -> Any:
        known = len(problems)
        made = validator(value, problems)
        if len(problems) != known or (made is None and takes_none):
            return made
        for check in checks:
            try:
                check(made)
            except ValueError as error:
                problems.add(str(error))
        return made

    return validate


def _named_tuple(fields: list[tuple[str, Validator, bool]], kind: Any) -> Validator:
    """From a JSON array, or an object with the names."""
    validate_object = make_object(fields, kind)

    def validate(value: Any, problems: Problems) -> Any:
        if value.__class__ is list:
            if len(value) > len(fields):
                problems.add(f"must have at most {len(fields)} items")
                return None
            value = {name: part for (name, _, _), part in zip(fields, value, strict=False)}
        return validate_object(value, problems)

    return validate


def make_object(fields: list[tuple[str, Validator, bool]], build: Callable[..., Any]) -> Validator:
    """From an object, whose fields are given with their validators and whether they are required, to `build(**fields)`.

    Unknown keys are left out; a ValueError from `build` is a problem of the whole.
    """

    def validate(value: Any, problems: Problems) -> Any:
        if value.__class__ is not dict:
            problems.add("must be an object")
            return None
        before = known = len(problems)
        found = {}
        for name, validator, required in fields:
            part = value.get(name, ABSENT)
            if part is not ABSENT:
                found[name] = validator(part, problems)
                if len(problems) != known:
                    if problems.put_under(name, known):
                        return None
                    known = len(problems)
            elif required:
                problems.add("is required", name)
                known += 1
        if known != before:
            return None
        try:
            return build(**found)
        except ValueError as error:
            problems.add(str(error))
            return None

    return validate


def _at(name: str, validator: Validator, value: Any, problems: Problems) -> Any:
    known = len(problems)
    converted = validator(value, problems)
    if len(problems) != known:
        problems.put_under(name, known)
    return converted


def _anything(value: Any, problems: Problems) -> Any:  # noqa: ARG001
    return value


def _text(value: Any, problems: Problems) -> Any:
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
    str: _text,
    int: _integer,
    float: _number,
    bool: _boolean,
    NoneType: _null,
    object: _anything,
}


def _simple_validator(annotation: Any) -> Validator | None:
    if annotation is None:
        return _null
    if not isinstance(annotation, type):
        return None
    return _anything if is_any(annotation) else _SIMPLE.get(annotation)


def _literal_validator(values: tuple[Any, ...]) -> Validator:
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


def _enum_validator(kind: Any) -> Validator:
    message = f"must be one of {', '.join(str(member.value) for member in kind)}"

    def validate(value: Any, problems: Problems) -> Any:
        try:
            return kind(value)
        except (ValueError, TypeError):
            problems.add(message)
            return None

    return validate


def _text_validator(converter: Callable[[str], Any], *, takes_numbers: bool) -> Validator:
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
