"""pydantic models and msgspec structs: their own validation, their problems in our form.

Loaded when a route uses one, which has loaded the library.
"""

from __future__ import annotations

import re
import sys

from edgeroutes.errors import RouteFileError
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.problem import MAX_PROBLEMS, Problems
from edgeroutes.http.request_bodies import NOT_FINITE, may_be_unsendable, parse_json
from edgeroutes.runtime.annotations import annotated, describe, is_alias, is_literal, origin, peel, plain_type
from edgeroutes.runtime.constraints import is_library_metadata
from edgeroutes.runtime.expensive_bodies import (
    SMALL_BYTES,
    depth_of,
    has_long_name,
    is_recursive,
    require_few_collisions,
    require_short_paths,
)
from edgeroutes.runtime.fields import field_annotations, is_model, is_own_model, require_complete

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from edgeroutes.runtime.validation import Validator


# pydantic lists all of its problems or none, a kilobyte and the whole path of each.
_MAX_LISTED = 10_000
_MAX_LISTED_CHARACTERS = 5_000_000


def model_validator(model: Any, where: str) -> Validator:
    """The validator from a JSON value, for a pydantic model, a msgspec struct, or an annotation that pydantic enforces.

    Raises:
        RouteFileError: For an annotation that the library cannot use, or a constraint that it ignores.
    """
    library = _read_library(model, where)
    depth = depth_of(library.owner)

    def validate(value: Any, problems: Problems) -> Any:
        if depth is not None:
            depth.require(value, model)
        if library.is_pydantic:
            require_short_paths(value)
        if library.has_weak_hashes:
            require_few_collisions(value)
        return _make(library.from_value, value, problems, library.errors)

    return validate


def json_reader(model: Any, where: str) -> Callable[[bytes, Problems], Any]:
    """Reads a pydantic model or msgspec struct straight from a body's bytes.

    It raises HTTPError 400 when they are not JSON, or JSON that cannot be sent on (see `parse_json`).
    """
    library = _read_library(model, where)
    decode = _decoder(library, model)

    def read(body: bytes, problems: Problems) -> Any:
        body = body.removeprefix(b"\xef\xbb\xbf")
        is_suspicious = may_be_unsendable(body)
        if is_suspicious or b"NaN" in body or b"Infinity" in body:  # numbers that pydantic takes
            parse_json(body)
        try:
            made = decode(body)
        except RecursionError as error:
            raise HTTPError(400, "the body is nested too deep") from error
        except library.errors as error:
            detail = _malformed_detail(error)
            if detail:
                raise HTTPError(400, f"the request body is not valid JSON: {detail}") from error
            _add_problems(error, problems, body)
            return None
        if library.is_pydantic and (is_suspicious or _names_infinity(body.lower())):
            _require_finite(made, problems)
        return made

    return read


def string_converter(annotation: Any, where: str) -> Callable[[str], Any]:
    """The converter from a string, for an annotation that pydantic enforces."""
    return _converter(_adapter(annotation, where).validate_strings)


def list_converter(annotation: Any, where: str) -> Callable[[list[str]], Any]:
    """The converter from all values of a name, for an annotation of a container that pydantic enforces."""
    return _converter(_adapter(annotation, where).validate_python)


def _converter(validate: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def convert(given: Any) -> Any:
        problems = Problems()
        value = _make(validate, given, problems)
        if problems:
            raise ValueError(problems[0][1])
        return value

    return convert


def _make(
    make: Callable[[Any], Any], value: Any, problems: Problems, errors: tuple[type[Exception], ...] = (ValueError,)
) -> Any:
    try:
        made = make(value)
    except errors as error:
        _add_problems(error, problems, value)
        return None
    _require_finite(made, problems)
    return made


class _Library:
    """How pydantic or msgspec makes one type.

    Args:
        owner: The model, or pydantic's adapter of an annotation: the one with the core schema.
        from_value: From a JSON value.
        from_json: From JSON as bytes.
        from_fields: From the strings of a form or query.

    Attributes:
        errors: What these raise. Errors of msgspec before 0.20 are not ValueErrors.
    """

    __slots__ = ("errors", "from_fields", "from_json", "from_value", "has_weak_hashes", "is_pydantic", "owner")

    def __init__(self, owner: Any, from_value: Any, from_json: Any, from_fields: Any) -> None:
        self.owner = owner
        self.from_value, self.from_json, self.from_fields = from_value, from_json, from_fields
        self.is_pydantic = not hasattr(origin(owner) or owner, "__struct_fields__")
        self.has_weak_hashes = False
        self.errors: tuple[type[Exception], ...] = (ValueError,)


def _read_library(model: Any, where: str) -> _Library:
    if hasattr(model, "model_validate"):
        require_complete(model, where)
        library = _Library(model, model.model_validate, model.model_validate_json, model.model_validate)
    elif hasattr(origin(model) or model, "__struct_fields__"):
        from functools import partial

        from msgspec import MsgspecError, convert
        from msgspec.json import Decoder

        try:
            decode = Decoder(model).decode
        except (TypeError, ValueError) as error:
            raise RouteFileError(f"msgspec cannot use {describe(model)}: {error}", where=where) from error
        library = _Library(model, partial(convert, type=model), decode, partial(convert, type=model, strict=False))
        library.errors = (ValueError, MsgspecError)
    else:
        adapter = _adapter(model, where)
        owner = _Schema(adapter.core_schema, describe(model))
        library = _Library(owner, adapter.validate_python, adapter.validate_json, adapter.validate_python)
    library.has_weak_hashes = _check_inside(model, where, is_pydantic=library.is_pydantic)
    return library


class _Schema:
    """The core schema of an adapter under the names that a model has for it."""

    def __init__(self, schema: Any, name: str) -> None:
        self.__pydantic_core_schema__ = schema
        self.__name__ = name


def _adapter(annotation: Any, where: str) -> Any:
    """Pydantic's adapter.

    Raises:
        RouteFileError: When pydantic cannot use the annotation, also for want of a package (email-validator for EmailStr).
    """
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    try:
        return TypeAdapter(annotation if is_alias(annotation) else annotated(*peel(annotation)))
    except (PydanticUserError, ImportError, TypeError, ValueError) as error:
        raise RouteFileError(f"pydantic cannot use {describe(annotation)}: {error}", where=where) from error


def _decoder(library: _Library, model: Any) -> Callable[[bytes], Any]:
    if not library.is_pydantic and not library.has_weak_hashes:
        decoded: Callable[[bytes], Any] = library.from_json
        return decoded
    depth = depth_of(library.owner)
    recursive = library.is_pydantic and is_recursive(library.owner)

    def decode(body: bytes) -> Any:
        if depth is not None:
            depth.require(parse_json(body), model)
        if len(body) > SMALL_BYTES:
            if library.is_pydantic and (recursive or has_long_name(body)):
                require_short_paths(parse_json(body))
            if library.has_weak_hashes:
                require_few_collisions(parse_json(body))
        return library.from_json(body)

    return decode


def _check_inside(model: Any, where: str, *, is_pydantic: bool) -> bool:
    """Whether a type contains a set or dict of values whose hashes a client can choose: numbers, dates, UUIDs.

    Raises:
        RouteFileError: For a constraint inside that is the other library's, and that this one ignores.
    """
    weak = False
    waiting: list[tuple[Any, str]] = [(model, where)]
    seen: list[Any] = []
    while waiting:
        annotation, place = waiting.pop()
        if is_alias(annotation):  # which may contain itself
            if annotation in seen:
                continue
            seen.append(annotation)
        plain, metadata = peel(annotation)
        if annotation is not model:  # whose own metadata `constraints` enforces
            _require_own_metadata(metadata, place, is_pydantic=is_pydantic)
        arguments = getattr(plain, "__args__", ())
        kind = origin(plain) or plain
        if kind in (set, frozenset, dict):
            weak = weak or (plain_type(arguments[0]) not in (str, bool) if arguments else kind is not dict)
        waiting += [(each, place) for each in arguments if not is_literal(plain)]
        if is_model(kind) and kind not in seen:
            seen.append(kind)
            fields = model_annotations(kind, place)
            waiting += [(each, f"{where}, {kind.__name__}.{name}") for name, each in fields.items()]
    return weak


def _require_own_metadata(metadata: tuple[Any, ...], where: str, *, is_pydantic: bool) -> None:
    others = ("msgspec",) if is_pydantic else ("pydantic", "annotated_types")
    for item in metadata:
        if any(is_library_metadata(item, other) for other in others):
            name = "pydantic" if is_pydantic else "msgspec"
            hint = f"Use {'pydantic.Field(…)' if is_pydantic else 'msgspec.Meta(…)'}"
            raise RouteFileError(f"{name} does not enforce {item!r:.80}", where=where, hint=hint)
        if getattr(item, "constraints", None) and type(item).__module__.startswith("edgeroutes."):
            hint = f"Use {'pydantic.Field(…)' if is_pydantic else 'msgspec.Meta(…)'}"
            raise RouteFileError(f"{item!r} has no effect inside a model of a library", where=where, hint=hint)


def _names_infinity(lowered: bytes) -> bool:
    """Whether a text may stand for an infinity or no number in it, as pydantic takes for a float."""
    return b"inf" in lowered or b"nan" in lowered


def model_annotations(model: Any, where: str) -> dict[str, Any]:
    """The fields of a model by the names that a form has for them, with their annotations."""
    if is_own_model(model):
        return field_annotations(model, where)
    if not hasattr(origin(model) or model, "__struct_fields__"):
        found: dict[str, Any] = {}
        for name, field in getattr(model, "__pydantic_fields__", {}).items():  # BaseModel itself has none
            aliases = getattr(field.validation_alias, "choices", (field.validation_alias, field.alias))
            named = dict.fromkeys(alias for alias in (name, *aliases) if isinstance(alias, str))
            found.update(dict.fromkeys(named, annotated(field.annotation, tuple(field.metadata))))
        return found
    from msgspec.structs import fields as struct_fields

    return {field.encode_name: field.type for field in struct_fields(model)}


def fields_converter(model: Any, where: str) -> Callable[[dict[str, Any], Problems], Any]:
    """Makes a pydantic model or msgspec struct of a form's or query's fields, whose values are strings."""
    library = _read_library(model, where)
    return lambda fields, problems: _make(library.from_fields, fields, problems, library.errors)


def _add_problems(error: Exception, problems: Problems, value: Any) -> None:
    """Add the library's problems with our fields: `address.city`, `items.0`. `value` is what has them, or its JSON."""
    count = getattr(error, "error_count", None)
    if callable(count):  # pydantic
        if not _is_listable(count(), value):
            problems.add(f"has {count()} problems, too many to list")
            return
        listed = error.errors(include_url=False, include_context=False, include_input=False)  # type: ignore[attr-defined]
        for problem in listed[: MAX_PROBLEMS + 1]:
            problems.add(problem["msg"], *map(str, problem["loc"]))
        return
    message, _, path = str(error).partition(" - at `$")  # msgspec: "Expected `int`, got `str` - at `$.items[0].n`"
    path = path.rstrip("`").replace("[", ".").replace("]", "")
    missing = re.fullmatch("Object missing required field `(.*)`", message)
    if missing:
        path, message = f"{path}.{missing[1]}", "is required"
    problems.add(message, *filter(None, path.split(".")))


def _is_listable(count: int, value: Any) -> bool:
    """Whether a list of so many problems of a value, each with its path, is short enough to be made."""
    if count == 1 or count > _MAX_LISTED:
        return count == 1
    if isinstance(value, bytes):
        if count * len(value) <= _MAX_LISTED_CHARACTERS:
            return True
        value = parse_json(value)
    return count * _longest_path(value) <= _MAX_LISTED_CHARACTERS


def _longest_path(value: Any) -> int:
    """The length of the longest path in a JSON value, in characters of names."""
    longest = 0
    left = [(value, 0)]
    while left:
        part, length = left.pop()
        longest = max(longest, length)
        if part.__class__ is dict:
            left.extend((inner, length + len(name)) for name, inner in part.items())
        elif part.__class__ is list:
            left.extend((inner, length) for inner in part if inner.__class__ is dict or inner.__class__ is list)
    return longest


def _malformed_detail(error: Exception) -> str:
    """The error for a body of invalid JSON; empty for JSON of the wrong shape."""
    if hasattr(error, "error_count"):
        if error.error_count() > 1:
            return ""
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]  # type: ignore[attr-defined]
        return first["msg"] if first["type"] == "json_invalid" else ""
    msgspec = sys.modules["msgspec"]
    return "" if isinstance(error, msgspec.ValidationError) else str(error)


def _require_finite(value: Any, problems: Problems) -> None:
    """Add a problem for each infinity and NaN in a model, which no JSON response could hold.

    pydantic takes "inf" and "nan" for a float. A model with `allow_inf_nan=True` in its config wants them.
    """
    _find_infinite(value, problems, set())


def _find_infinite(value: Any, problems: Problems, seen: set[int]) -> None:
    kind = value.__class__
    if kind is float:
        if value - value != 0:
            problems.add(NOT_FINITE)
        return
    parts = _parts(value)
    if parts is None or id(value) in seen:
        return
    seen.add(id(value))
    known = len(problems)
    for name, part in parts:
        if part.__class__ in (str, int):
            continue
        _find_infinite(part, problems, seen)
        if len(problems) != known:
            if problems.put_under(str(name), known):
                return
            known = len(problems)


def _parts(value: Any) -> Iterable[tuple[Any, Any]] | None:
    """What a value contains, each with its name; None for one that contains nothing."""
    kind = value.__class__
    if kind is dict:
        return value.items()  # type: ignore[no-any-return]
    if kind in (list, tuple, set, frozenset):
        return enumerate(value)
    fields = getattr(kind, "__pydantic_fields__", None)
    if fields is None or getattr(kind, "model_config", {}).get("allow_inf_nan"):
        return None
    names = {name: field.alias or name for name, field in fields.items()}
    extra = getattr(value, "__pydantic_extra__", None) or {}
    return [(names.get(name, name), part) for name, part in {**value.__dict__, **extra}.items()]
