"""pydantic models and msgspec structs: their own validation, their problems in our form. Request wing, floor 2.

Loaded when a route uses one, which has loaded the library.
"""

from __future__ import annotations

import re
import sys

from edgeroutes.http.field_problems import MAX_PROBLEMS
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.json_checks import NOT_FINITE
from edgeroutes.http.json_text import may_be_unsendable, parse_json
from edgeroutes.runtime.pydantic_paths import SMALL_BYTES, has_long_name, is_recursive, require_short_paths
from edgeroutes.runtime.pydantic_unions import depth_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from edgeroutes.http.field_problems import Problems
    from edgeroutes.runtime.validation import Validator


# pydantic lists all of its problems or none, a kilobyte and the whole path of each.
_MAX_LISTED = 10_000
_MAX_LISTED_CHARACTERS = 5_000_000


def model_validator(model: Any) -> Validator:
    """The validator for a pydantic model or msgspec struct, from a JSON value."""
    depth = depth_of(model)
    is_pydantic = hasattr(model, "model_validate")

    def validate(value: Any, problems: Problems) -> Any:
        if depth is not None:
            depth.require(value, model)
        if is_pydantic:
            require_short_paths(value)
        try:
            made = _convert(model, value)
        except ValueError as error:
            _add_problems(error, problems, value)
            return None
        _require_finite(made, problems)
        return made

    return validate


def json_reader(model: Any) -> Callable[[bytes, Problems], Any]:
    """Reads a pydantic model or msgspec struct straight from a body's bytes.

    It raises HTTPError 400 when they are no JSON, or JSON that cannot be sent on (see `parse_json`).
    """
    is_pydantic = hasattr(model, "model_validate")
    decode = _pydantic_decoder(model) if is_pydantic else _msgspec_decoder(model)

    def read(body: bytes, problems: Problems) -> Any:
        body = body.removeprefix(b"\xef\xbb\xbf")
        is_suspicious = may_be_unsendable(body)
        if is_suspicious or b"NaN" in body or b"Infinity" in body:  # numbers that pydantic takes
            parse_json(body)
        try:
            made = decode(body)
        except RecursionError as error:
            raise HTTPError(400, "the body is nested too deep") from error
        except ValueError as error:
            detail = _malformed_detail(error)
            if detail:
                raise HTTPError(400, f"the body is no JSON: {detail}") from error
            _add_problems(error, problems, body)
            return None
        if is_pydantic and (is_suspicious or _names_infinity(body.lower())):
            _require_finite(made, problems)
        return made

    return read


def _pydantic_decoder(model: Any) -> Callable[[bytes], Any]:
    depth, recursive = depth_of(model), is_recursive(model)

    def decode(body: bytes) -> Any:
        if depth is not None:
            depth.require(parse_json(body), model)
        if len(body) > SMALL_BYTES and (recursive or has_long_name(body)):
            require_short_paths(parse_json(body))
        return model.model_validate_json(body)

    return decode


def _msgspec_decoder(model: Any) -> Callable[[bytes], Any]:
    from msgspec.json import Decoder

    return Decoder(model).decode


def _names_infinity(lowered: bytes) -> bool:
    """Whether a text may stand for an infinity or no number in it, as pydantic takes for a float."""
    return b"inf" in lowered or b"nan" in lowered


def model_annotations(model: Any) -> dict[str, Any]:
    """The fields of a pydantic model or msgspec struct by the names that a form has for them, with their annotations."""
    if hasattr(model, "model_validate"):
        fields = model.model_fields.items()
        found = {name: field.annotation for name, field in fields}
        return {**found, **{field.alias: field.annotation for _, field in fields if field.alias}}
    from msgspec.structs import fields as struct_fields

    return {field.encode_name: field.type for field in struct_fields(model)}


def convert_form_model(model: Any, fields: dict[str, Any], problems: Problems) -> Any:
    """A pydantic model or msgspec struct from a form's fields, whose values are text."""
    try:
        made = _convert(model, fields, strict=False)
    except ValueError as error:
        _add_problems(error, problems, fields)
        return None
    _require_finite(made, problems)
    return made


def _convert(model: Any, value: Any, *, strict: bool = True) -> Any:
    if hasattr(model, "model_validate"):
        return model.model_validate(value)
    from msgspec import convert

    return convert(value, model, strict=strict)


def _add_problems(error: ValueError, problems: Problems, value: Any) -> None:
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


def _malformed_detail(error: ValueError) -> str:
    """What is wrong with a body that is no JSON at all; empty for JSON of the wrong shape."""
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
