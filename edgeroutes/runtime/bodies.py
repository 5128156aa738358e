"""Arguments that come from the body, of any type, and models that a query, form, headers, cookies or segments fill."""

from __future__ import annotations

from edgeroutes.errors import RouteFileError
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.problem import Problems
from edgeroutes.http.request import FORM_TYPES, MULTIPART, URLENCODED
from edgeroutes.http.request_bodies import parse_json
from edgeroutes.http.response import JSON
from edgeroutes.runtime.annotations import (
    describe,
    find_marker,
    is_any,
    is_container,
    origin,
    peel,
    plain_type,
    without_none,
)
from edgeroutes.runtime.constraints import find_checks, needs_pydantic
from edgeroutes.runtime.conversion import scalar_converter, takes_empty, values_converter
from edgeroutes.runtime.fields import (
    field_annotations,
    field_names_required,
    is_model,
    is_named_tuple,
    is_own_model,
    is_typed_dict,
)
from edgeroutes.runtime.signature import ABSENT
from edgeroutes.runtime.validation import make_object, make_validator, with_checks
from edgeroutes.runtime.values import default_maker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from typing import Any

    from edgeroutes.http.parameters import File
    from edgeroutes.http.response import Response
    from edgeroutes.runtime.binding import Binding, Errors, Reader
    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.runtime.validation import Validator

    # Of a field: its name in the model's input, whether it takes all values, an empty string, and files.
    Shape = tuple[str, bool, bool, bool]
    Shapes = dict[str, Shape]
    Pairs = list[tuple[str, Any]]


def body_reader(annotation: Any, default: Any, where: str, *, optional: bool = False) -> Reader:
    """Reads the body: a model from a form when the content type is a form's, everything else from JSON.

    Args:
        annotation: What JSON becomes, `None` apart.
        default: Without a body.
        where: The argument, for messages.
        optional: Whether JSON's `null` is None.
    """
    plain, metadata = peel(annotation)
    is_library = is_model(plain) and not is_own_model(plain)
    if is_library and not metadata:
        from edgeroutes.runtime.models import json_reader

        read_json = json_reader(plain, where)
    else:
        read_json = _json_reader(annotation, where)
    read_form = _StringsModel(annotation, "", where).read if is_model(plain) and not is_named_tuple(plain) else None
    make_default = default_maker(default)

    def read(scope: RequestScope, errors: Errors) -> Any:
        request = scope.request
        content_type = request.content_type()
        problems = Problems()
        if content_type in FORM_TYPES and read_form is not None:
            value = _read_posted(scope, read_form, problems)
        else:
            body = request.peek_body()
            if not body and default is not ABSENT:
                return make_default()
            if content_type != JSON:
                _require_json(content_type, takes_form=read_form is not None)
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


def _read_posted(scope: RequestScope, read_form: Callable[[Any, Problems], Any], problems: Problems) -> Any:
    """The model from a form; where that fails for a body that is JSON, as `curl -d` sends it, the problem names that."""
    request = scope.request
    is_json = request.content_type() == URLENCODED and request.peek_body().lstrip()[:1] in (b"{", b"[")
    value = None
    try:
        value = read_form(_form(scope).multi_items(), problems)
    except HTTPError as error:
        if error.status != 413 or not is_json:
            raise
        problems.add(error.detail)
    if problems and is_json:
        problems.clear()
        problems.add(f"looks like JSON, and its type is {URLENCODED}: send it as {JSON}")
    return value


def _json_reader(annotation: Any, where: str) -> Callable[[bytes, Problems], Any]:
    validate = make_validator(annotation, where)

    def read_json(body: bytes, problems: Problems) -> Any:
        try:
            return validate(parse_json(body), problems)
        except RecursionError as error:
            raise HTTPError(400, "the body is nested too deep for its type") from error

    return read_json


class _StringsModel:
    """How a model is made of the strings of a query, form, headers, cookies or segments.

    Args:
        annotation: The model.
        place: Where the strings come from; empty for a body, of which JSON may fill what a form cannot.
        where: The argument, for messages.

    Raises:
        RouteFileError: For a field that no string becomes, or a constraint that cannot be enforced.
    """

    def __init__(self, annotation: Any, place: str, where: str) -> None:
        plain = plain_type(annotation)
        self.shapes: Shapes = {}
        if is_own_model(plain) and not needs_pydantic(annotation):
            self._convert = self._own(plain, place, where)
        else:
            from edgeroutes.runtime.models import fields_converter, model_annotations

            self._convert = fields_converter(annotation if needs_pydantic(annotation) else plain, where)
            for name, kind in model_annotations(plain, where).items():
                _require_strings(kind, place, f"{where}, {describe(plain)}.{name}")
                self.shapes[name.replace("_", "-") if place == "header" else name] = _shape(kind, name)
        self._convert = with_checks(self._convert, find_checks(annotation, where))

    def _own(self, model: Any, place: str, where: str) -> Validator:
        required = field_names_required(model)
        kind = origin(model) or model
        fields = []
        attributes = {}
        for attribute, annotation in field_annotations(model, where).items():
            marker = find_marker(annotation)
            name = marker.name if marker is not None and marker.place == place and marker.name else attribute
            if place == "header" and name == attribute:
                name = name.replace("_", "-")
            convert = _string_converter(annotation, place, f"{where}, {describe(model)}.{attribute}")
            is_required = attribute in required
            if convert is not None:
                self.shapes[name] = _shape(annotation, name)
                attributes[name] = attribute
            fields.append(
                (name, _string_validator(convert, forgives=place == "cookie" and not is_required), is_required)
            )

        def build(**found: Any) -> Any:
            given = {attributes[name]: value for name, value in found.items() if value is not ABSENT}
            return given if is_typed_dict(kind) else kind(**given)

        return make_object(fields, build)

    def read(self, pairs: Iterable[tuple[str, Any]], problems: Problems) -> Any:
        """The model; what is wrong is added to the problems."""
        texts: dict[str, Any] = {}
        for given, value in pairs:
            name, is_many, takes_empty_, takes_files = self.shapes.get(given, (given, False, True, True))
            if is_many:
                texts.setdefault(name, [])
            if takes_empty_ if value == "" else takes_files or isinstance(value, str):
                if is_many:
                    texts[name].append(value)
                else:
                    texts[name] = value
        return self._convert(texts, problems)


def _shape(annotation: Any, name: str) -> Shape:
    kind, _ = without_none(annotation)
    plain = plain_type(kind)
    is_many = is_container(plain)
    item = getattr(plain, "__args__", (str,))[0] if is_many else plain
    is_scalar = scalar_converter(plain_type(item), "") is not None
    return name, is_many, takes_empty(item) or not is_scalar, not is_scalar


def _require_strings(annotation: Any, place: str, where: str) -> None:
    """Raise RouteFileError for a field that is a model or a mapping, unless the body may be JSON or pydantic reads it from a string."""
    kind, _ = without_none(annotation)
    plain, metadata = peel(kind)
    is_complex = is_model(plain) or (origin(plain) or plain) is dict
    if place and is_complex and not (metadata and needs_pydantic(kind)):
        problem = f"{describe(plain)} cannot be read from a {place}. Allowed are scalars and lists of them"
        raise RouteFileError(problem, where=where, hint="Move it into a body model")


def _string_converter(annotation: Any, place: str, where: str) -> Callable[[Any], Any] | None:
    """The converter of a field; None for one that only JSON fills."""
    kind, _ = without_none(annotation)
    if is_container(plain_type(kind)) and (place or _has_scalar_items(kind, where)):
        return values_converter(kind, where)
    convert = scalar_converter(kind, where)
    if convert is None:
        _require_strings(kind, place, where)
    return convert


def _has_scalar_items(annotation: Any, where: str) -> bool:
    items = getattr(plain_type(annotation), "__args__", (str,))
    return scalar_converter(items[0], where) is not None and (len(items) == 1 or items[-1] is Ellipsis)


def _string_validator(convert: Callable[[Any], Any] | None, *, forgives: bool) -> Validator:
    def validate(value: Any, problems: Problems) -> Any:
        if convert is None:
            problems.add("cannot be sent in a form: send the body as JSON")
            return ABSENT
        try:
            return convert(value)
        except ValueError as error:
            if not forgives:
                problems.add(str(error))
            return ABSENT

    return validate


def model_reader(annotation: Any, place: str, argument: str, default: Any, where: str) -> Reader:
    """Reads a model from the query, the form, the headers, the cookies or the segments (`place`)."""
    model = _StringsModel(annotation, place, where)
    find = _FIND_PAIRS[place]
    make_default = default_maker(default)

    def read(scope: RequestScope, errors: Errors) -> Any:
        pairs = find(scope, model.shapes)
        if default is not ABSENT and model.shapes.keys().isdisjoint([name for name, _ in pairs]):
            return make_default()
        problems = Problems()
        value = model.read(pairs, problems)
        if problems:
            if place == "segment":
                raise HTTPError(404)
            errors += problems.errors(argument)
        return value

    read.reads_form = place == "form"  # type: ignore[attr-defined]
    return read


def _header_pairs(scope: RequestScope, shapes: Shapes) -> Pairs:
    """The fields that the model has: others come from browsers and CloudFront, and are not the model's concern."""
    headers = scope.request.headers
    pairs: Pairs = []
    for name, (_, is_many, *_) in shapes.items():
        if name in headers:
            pairs += [(name, value) for value in (headers.getlist(name) if is_many else [headers[name]])]
    return pairs


def _segment_pairs(scope: RequestScope, _: Shapes) -> Pairs:
    items = scope.params.items()
    return [(name, part) for name, value in items for part in (value if isinstance(value, list) else [value])]


def _form_pairs(scope: RequestScope, _: Shapes) -> Pairs:
    return [] if _is_empty(scope) else _form(scope).multi_items()


_FIND_PAIRS: dict[str, Callable[[RequestScope, Shapes], Pairs]] = {
    "query": lambda scope, _: scope.request.query_params.multi_items(),
    "cookie": lambda scope, _: list(scope.request.cookies.items()),
    "form": _form_pairs,
    "header": _header_pairs,
    "segment": _segment_pairs,
}


def find_in_form(default: Any) -> Callable[[RequestScope, str], list[Any]]:
    """Finds the values of a field in a form; without a body there are none, where there is a default."""

    def find(scope: RequestScope, name: str) -> list[Any]:
        values = _values_in_form(scope, name, default)
        if not all(isinstance(value, str) for value in values):
            raise ValueError("must be a field, not a file")
        return values

    return find


def _values_in_form(scope: RequestScope, name: str, default: Any) -> list[Any]:
    if default is not ABSENT and _is_empty(scope):
        return []
    return [value for value in _form(scope).getlist(name) if not _is_empty_file(value)]


def _is_empty(scope: RequestScope) -> bool:
    return scope.request.parsed_form is None and not scope.request.peek_body()


def file_reader(marker: File, annotation: Any, name: str, default: Any, where: str) -> Reader:
    """Reads a file of a form, or all files of one name."""
    plain = plain_type(annotation)
    many = is_container(plain)
    container = origin(plain) or plain
    item = getattr(plain, "__args__", (str,))[0] if many else plain
    convert = _files_check(marker, name, item, container if many else None, where)
    make_default = default_maker(container() if many and default is ABSENT else default)

    def read(scope: RequestScope, errors: Errors) -> Any:
        files = _values_in_form(scope, name, default)
        if not files:
            if default is ABSENT and not many:
                errors.append({"field": name, "message": "is required"})
            return make_default()
        if not many:
            files = files[-1:]
        if any(isinstance(value, str) for value in files):
            errors.append({"field": name, "message": "must be a file"})
            return None
        return convert(files)

    return read


def _files_check(marker: Any, name: str, item: Any, container: Any, where: str) -> Callable[[list[Any]], Any]:
    """Checks files against the marker's limits; gives their content where the annotation is `bytes`."""
    if item not in (bytes, str, object) and not is_any(item) and getattr(item, "__name__", "") != "UploadFile":
        hint = "Use UploadFile, bytes, or a list of these"
        raise RouteFileError(f"{describe(item)} is not a supported type of a file", where=where, hint=hint)

    def check_files(values: list[Any]) -> Any:
        files = [_checked_file(value, marker, name) for value in values]
        if item is bytes:
            files = [file.file.read() for file in files]
        return files[0] if container is None else container(files)

    return check_files


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


def _require_json(content_type: str, *, takes_form: bool) -> None:
    if content_type and not content_type.endswith("+json"):
        allowed = f"{JSON} or a form" if takes_form else JSON
        raise HTTPError(415, f"the body is {content_type}: send {allowed}")


async def respond_with_body(
    call: Callable[[dict[str, Any]], Awaitable[Response]], binding: Binding, scope: RequestScope
) -> Response:
    """The response of a handler whose arguments may come from a form."""
    errors: Errors = []
    arguments = await read_arguments(binding, scope, errors)
    if errors:
        raise HTTPError(400, errors=errors)
    return await call(arguments)


async def read_arguments(binding: Binding, scope: RequestScope, errors: Errors) -> dict[str, Any]:
    """The arguments, as `Binding.read` gives them, once the form that they may need has been read."""
    request = scope.request
    if request.content_type() == MULTIPART:
        await request.form()
    arguments: dict[str, Any] = await scope.compute(lambda _: binding.read(scope, errors), request.peek_body())
    return arguments
