"""pydantic models and msgspec structs: their own validation, their problems in our form. Request wing, floor 2.

Loaded when a route uses one, which has loaded the library.
"""

from __future__ import annotations

import re
import sys

from edgeroutes.http.interrupts import HTTPError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edgeroutes.runtime.validation import Problems, Validator


def model_validator(model: Any) -> Validator:
    """The validator for a pydantic model or msgspec struct, from a JSON value."""

    def validate(value: Any, problems: Problems) -> Any:
        try:
            return _convert(model, value)
        except ValueError as error:
            problems += _problems(error)
            return None

    return validate


def read_json_model(model: Any, body: bytes, problems: Problems) -> Any:
    """A pydantic model or msgspec struct straight from a body's bytes.

    Raises:
        HTTPError: 400 when they are no JSON.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        if hasattr(model, "model_validate"):
            return model.model_validate_json(body)
        from msgspec import json

        return json.decode(body, type=model)
    except ValueError as error:
        found = _problems(error)
        if _is_malformed(error):
            raise HTTPError(400, f"the body is no JSON: {found[0][1]}") from error
        problems += found
        return None


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
        return _convert(model, fields, strict=False)
    except ValueError as error:
        problems += _problems(error)
        return None


def _convert(model: Any, value: Any, *, strict: bool = True) -> Any:
    if hasattr(model, "model_validate"):
        return model.model_validate(value)
    from msgspec import convert

    return convert(value, model, strict=strict)


def _problems(error: ValueError) -> Problems:
    """`[field, message]` of each problem; fields as `address.city`, `items.0`."""
    reported = getattr(error, "errors", None)
    if callable(reported):  # pydantic
        return [
            [".".join(str(part) for part in problem["loc"]), problem["msg"]]
            for problem in reported(include_url=False, include_context=False, include_input=False)
        ]
    message, _, path = str(error).partition(" - at `$")  # msgspec: "Expected `int`, got `str` - at `$.items[0].n`"
    path = path.rstrip("`").replace("[", ".").replace("]", "")
    missing = re.fullmatch("Object missing required field `(.*)`", message)
    if missing:
        path, message = f"{path}.{missing[1]}", "is required"
    return [[path.strip("."), message]]


def _is_malformed(error: ValueError) -> bool:
    """Whether the body is no JSON at all, as against JSON of the wrong shape."""
    reported = getattr(error, "errors", None)
    if callable(reported):
        return any(problem["type"] == "json_invalid" for problem in reported(include_url=False))
    msgspec = sys.modules["msgspec"]
    return not isinstance(error, msgspec.ValidationError)
