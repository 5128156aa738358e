"""Arguments that come from the body: one model, or single form fields and files. Request wing, floor 2."""

from __future__ import annotations

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.parameters import File
from edgeroutes.http.request import FORM_TYPES, parse_json
from edgeroutes.runtime.conversion import find_converter, origin, scalar_converter, without_none
from edgeroutes.runtime.signature import ABSENT, evaluate, module_namespace
from edgeroutes.runtime.validation import is_typed_dict, make_validator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edgeroutes.http.parameters import Source
    from edgeroutes.runtime.binding import Errors, Reader
    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.runtime.validation import Problems


def body_reader(model: Any, default: Any, where: str) -> Reader:
    """Reads the body as `model`: from a form when the content type says so, from JSON otherwise."""
    own = not hasattr(model, "__dataclass_fields__") and not is_typed_dict(model)  # pydantic, msgspec: validate themselves
    validate = make_validator(model, where)
    form_fields = None if own else _form_fields(model, where)

    def read(scope: RequestScope, errors: Errors) -> Any:
        request = scope.request
        content_type = request.content_type()
        problems: Problems = []
        if content_type in FORM_TYPES:
            value = _read_form_model(scope, model, form_fields, validate, problems)
        else:
            body = request.peek_body()
            if not body and default is not ABSENT:
                return default
            _require_json(content_type)
            if own:
                from edgeroutes.runtime.models import read_json_model

                return read_json_model(model, body)
            value = validate(parse_json(body), problems)
        errors += [{"field": field or "body", "message": message} for field, message in problems]
        return value

    return read


def field_reader(marker: Source, annotation: Any, argument: str, default: Any, where: str) -> Reader:
    """Reads one field of a form, or one file (`File`)."""
    name = marker.name or argument
    many = origin(annotation) is list
    kind = annotation.__args__[0] if many else annotation
    convert = None if isinstance(marker, File) else find_converter(kind, where)

    def read(scope: RequestScope, errors: Errors) -> Any:
        values = [value for value in _form(scope).getlist(name) if not _is_empty_file(value)]
        if not values:
            if default is ABSENT and not many:
                errors.append({"field": name, "message": "is required"})
            return [] if default is ABSENT else default
        converted = [_converted(value, convert, marker, name, errors) for value in values]
        return converted if many else converted[-1]

    read.reads_form = True  # type: ignore[attr-defined]
    return read


def _converted(value: Any, convert: Any, marker: Source, name: str, errors: Errors) -> Any:
    is_file = not isinstance(value, str)
    if convert is None:
        if not is_file:
            errors.append({"field": name, "message": "must be a file"})
            return None
        return _checked_file(value, marker, name)
    if is_file:
        errors.append({"field": name, "message": "must be a field, not a file"})
        return None
    try:
        return convert(value)
    except ValueError as error:
        errors.append({"field": name, "message": str(error)})
        return None


def _checked_file(file: Any, marker: Any, name: str) -> Any:
    """The file, or HTTPError 413 for its size and 415 for its type."""
    if marker.max_bytes is not None and (file.size or 0) > marker.max_bytes:
        raise HTTPError(413, f"the file {name!r} has {file.size} bytes: {marker.max_bytes} are allowed")
    kind = (file.content_type or "").partition(";")[0].strip().lower()
    if marker.types and not any(kind == one or (one.endswith("/*") and kind.startswith(one[:-1])) for one in marker.types):
        raise HTTPError(415, f"the file {name!r} is {kind or 'of no type'}: {', '.join(marker.types)} are taken")
    return file


def _is_empty_file(value: Any) -> bool:
    """What a browser sends for a file input that nobody filled in."""
    return not isinstance(value, str) and not value.filename and not value.size


def _form(scope: RequestScope) -> Any:
    """The form that `Binding.arguments` has read; HTTPError 415 where the body is none."""
    form = scope.request.parsed_form
    if form is None:
        raise HTTPError(415, f"the body must be a form: {' or '.join(FORM_TYPES)}")
    return form


def _require_json(content_type: str) -> None:
    if content_type and content_type != "application/json" and not content_type.endswith("+json"):
        raise HTTPError(415, f"the body is {content_type}: send application/json or a form")


def _form_fields(model: Any, where: str) -> dict[str, tuple[Any, bool]]:
    """For each field that text can become: its converter, and whether it takes all the values of its name."""
    if is_typed_dict(model):
        import typing

        annotations = typing.get_type_hints(model)
    else:
        from dataclasses import fields

        annotations = {field.name: evaluate(field.type, module_namespace(model), where) for field in fields(model)}
    found = {}
    for name, annotation in annotations.items():
        kind, _ = without_none(annotation)
        many = origin(kind) in (list, set, tuple, frozenset)
        converter = scalar_converter(kind.__args__[0] if many else kind)
        if converter is not None:
            found[name] = (converter, many)
    return found


def _read_form_model(scope: RequestScope, model: Any, fields: Any, validate: Any, problems: Problems) -> Any:
    form = _form(scope)
    if fields is None:
        from edgeroutes.runtime.models import convert_form_model

        values = {name: form.getlist(name) if len(form.getlist(name)) > 1 else form[name] for name in form}
        return convert_form_model(model, values, problems)
    values = {}
    for name in form:
        if name in fields:
            converter, many = fields[name]
            try:
                converted = [_plain(converter(value)) for value in form.getlist(name) if _is_filled(value, converter)]
            except ValueError as error:
                problems.append([name, str(error)])
                continue
            if many or converted:
                values[name] = converted if many else converted[-1]
    known = {problem[0] for problem in problems}
    found: Problems = []
    value = validate(values, found)
    problems += [problem for problem in found if problem[0] not in known]
    return value


def _is_filled(value: Any, converter: Any) -> bool:
    """Whether a field says something: a browser sends "" for one that was left empty, which is a value for text alone."""
    return isinstance(value, str) and (value != "" or converter is str)


def _plain(value: Any) -> Any:
    """A converted value as JSON would have it, for the validator that comes next."""
    if isinstance(value, str | int | float | bool):
        return getattr(value, "_value_", value)
    return getattr(value, "_value_", None) or str(value)


