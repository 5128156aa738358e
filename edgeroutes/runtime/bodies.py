"""Arguments that come from the body: one model, or single form fields and files. Request wing, floor 2."""

from __future__ import annotations

from edgeroutes.http.field_problems import MAX_PROBLEMS, Problems
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.json_text import parse_json
from edgeroutes.http.parameters import File
from edgeroutes.http.request import FORM_TYPES, URLENCODED
from edgeroutes.http.response import JSON
from edgeroutes.runtime.annotations import is_typed_dict, origin, without_none
from edgeroutes.runtime.conversion import find_converter, scalar_converter, takes_empty
from edgeroutes.runtime.defaults import default_maker
from edgeroutes.runtime.fields import field_annotations
from edgeroutes.runtime.signature import ABSENT
from edgeroutes.runtime.validation import make_validator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from starlette.datastructures import FormData

    from edgeroutes.http.parameters import Source
    from edgeroutes.runtime.binding import Errors, Reader
    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.runtime.conversion import Converter
    from edgeroutes.runtime.validation import Validator

    FormFields = dict[str, tuple[Converter | None, bool]]

_MANY = (list, set, tuple, frozenset)


def body_reader(model: Any, default: Any, where: str, *, optional: bool = False) -> Reader:
    """Reads the body as `model`: from a form when the content type says so, from JSON otherwise.

    Args:
        model: A dataclass, TypedDict, pydantic model or msgspec struct.
        default: Without a body.
        where: The argument, for messages.
        optional: Whether JSON's `null` is None.
    """
    is_own = hasattr(model, "__dataclass_fields__") or is_typed_dict(model)
    read_json, read_form = _own_readers(model, where) if is_own else _library_readers(model)
    make_default = default_maker(default)

    def read(scope: RequestScope, errors: Errors) -> Any:
        request = scope.request
        content_type = request.content_type()
        problems = Problems()
        if content_type in FORM_TYPES:
            value = _read_posted(scope, read_form, problems)
        else:
            body = request.peek_body()
            if not body and default is not ABSENT:
                return make_default()
            if content_type != JSON:
                _require_json(content_type)
            if optional and body.strip() == b"null":
                return None
            try:
                value = read_json(body, problems)
            except HTTPError:
                request.require_uncompressed()
                raise
        if problems:
            errors += problems.errors()
        return value

    return read


def _read_posted(scope: RequestScope, read_form: Callable[[FormData, Problems], Any], problems: Problems) -> Any:
    """The model from a form; where that fails for a body that is JSON, as `curl -d` sends it, the problem says so."""
    request = scope.request
    is_json = request.content_type() == URLENCODED and request.peek_body().lstrip()[:1] in (b"{", b"[")
    value = None
    try:
        value = read_form(_form(scope), problems)
    except HTTPError as error:
        if error.status != 413 or not is_json:
            raise
        problems.add(error.detail)
    if problems and is_json:
        problems.clear()
        problems.add(f"looks like JSON, and its type is {URLENCODED}: send it as {JSON}")
    return value


def _own_readers(
    model: Any, where: str
) -> tuple[Callable[[bytes, Problems], Any], Callable[[FormData, Problems], Any]]:
    """How a dataclass or TypedDict is read from JSON and from a form."""
    validate = make_validator(model, where)
    fields = _form_fields(field_annotations(model, where))

    def read_json(body: bytes, problems: Problems) -> Any:
        try:
            return validate(parse_json(body), problems)
        except RecursionError as error:
            raise HTTPError(400, "the body is nested too deep for its type") from error

    def read_form(form: FormData, problems: Problems) -> Any:
        return _read_form(form, fields, validate, problems)

    return read_json, read_form


def _library_readers(model: Any) -> tuple[Callable[[bytes, Problems], Any], Callable[[FormData, Problems], Any]]:
    """How a pydantic model or msgspec struct is read, which validates itself."""
    from edgeroutes.runtime.models import convert_form_model, json_reader, model_annotations

    fields = _form_fields(model_annotations(model))

    def read_form(form: FormData, problems: Problems) -> Any:
        return convert_form_model(model, _form_texts(form, fields), problems)

    return json_reader(model), read_form


def field_reader(marker: Source, annotation: Any, argument: str, default: Any, where: str) -> Reader:
    """Reads one field of a form, or one file (`File`)."""
    name = marker.name or argument
    many = annotation is list or origin(annotation) is list
    kind = getattr(annotation, "__args__", (str,))[0] if many else annotation
    convert = None if isinstance(marker, File) else find_converter(str if kind is ABSENT else kind, where)
    make_default = default_maker([] if many and default is ABSENT else default)
    skips_empty = convert is not None and (many or default is not ABSENT) and not takes_empty(convert)

    def read(scope: RequestScope, errors: Errors) -> Any:
        if default is not ABSENT and scope.request.parsed_form is None and not scope.request.peek_body():
            return make_default()
        values = [value for value in _form(scope).getlist(name) if not _is_empty_file(value)]
        if skips_empty:
            values = [value for value in values if value != ""]
        if not values:
            if default is ABSENT and not many:
                errors.append({"field": name, "message": "is required"})
            return make_default()
        converted = []
        for value in values if many else values[-1:]:
            converted.append(_converted(value, convert, marker, name, errors))
            if len(errors) > MAX_PROBLEMS:
                break
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
    if marker.types and not any(
        kind == one or (one[-2:] == "/*" and kind.startswith(one[:-1])) for one in marker.types
    ):
        raise HTTPError(415, f"the file {name!r} is {kind or 'of no type'}: {', '.join(marker.types)} are taken")
    return file


def _is_empty_file(value: Any) -> bool:
    """What a browser sends for a file input that nobody filled in."""
    return not isinstance(value, str) and not value.filename and not value.size


def _form(scope: RequestScope) -> Any:
    """The form in the body, of which one with files has been read before; HTTPError 415 where the body is none."""
    form: Any = scope.request.parsed_form
    if form is None:
        form = scope.request.urlencoded_fields()
    if form is None:
        raise HTTPError(415, f"the body must be a form: {' or '.join(FORM_TYPES)}")
    return form


def _require_json(content_type: str) -> None:
    if content_type and not content_type.endswith("+json"):
        raise HTTPError(415, f"the body is {content_type}: send application/json or a form")


def _form_fields(annotations: dict[str, Any]) -> FormFields:
    """For each field: what text becomes (None where the model must say) and whether it takes all values of its name."""
    found = {}
    for name, annotation in annotations.items():
        kind, _ = without_none(annotation)
        many = kind in _MANY or origin(kind) in _MANY
        found[name] = (scalar_converter(getattr(kind, "__args__", (str,))[0] if many else kind), many)
    return found


def _form_texts(form: FormData, fields: FormFields) -> dict[str, Any]:
    """A form's values by field, for a model that converts them itself: a list where the field is one."""
    texts: dict[str, Any] = {}
    for name, value in form.multi_items():
        converter, many = fields.get(name, (None, False))
        if many:
            texts.setdefault(name, [])
        if _is_filled(value, converter):
            if many:
                texts[name].append(value)
            else:
                texts[name] = value
    return texts


def _read_form(form: FormData, fields: FormFields, validate: Validator, problems: Problems) -> Any:
    """A dataclass or TypedDict from a form: each text converted, then validated as JSON is."""
    values: dict[str, Any] = {}
    wrong = set()
    for name, given in _form_texts(form, fields).items():
        converter, many = fields.get(name, (None, False))
        if converter is None:
            continue
        try:
            values[name] = [_plain(converter(text)) for text in given] if many else _plain(converter(given))
        except ValueError as error:
            problems.add(str(error), name)
            wrong.add(name)
    found = Problems()
    value = validate(values, found)
    problems += [(path, message) for path, message in found if path is None or path[0] not in wrong]
    return value


def _is_filled(value: Any, converter: Converter | None) -> bool:
    """Whether a field says something: a browser sends "" for one left empty, which is a value for text alone."""
    if not isinstance(value, str):
        return converter is None  # a file: a pydantic model may ask for one
    return value != "" or converter in (str, None)


def _plain(value: Any) -> Any:
    """A converted value as JSON would have it, for the validator that comes next."""
    value = getattr(value, "_value_", value)
    return value if isinstance(value, str | int | float) else str(value)
