"""From a request to a handler's arguments: each by its name or annotation.

A handler's signature is read once, when its route is loaded, into a list of readers; a request then runs each of them. A
segment that does not fit means that there is no such page (404); everything else that does not fit is a 400 with all problems.
"""

from __future__ import annotations

from types import UnionType

from edgeroutes.errors import RouteFileError
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.request import MULTIPART, Request
from edgeroutes.runtime.annotations import (
    describe,
    find_marker,
    is_any,
    is_container,
    is_marker,
    is_model,
    origin,
    peel,
    plain_type,
    without_none,
)
from edgeroutes.runtime.context import RouteContext
from edgeroutes.runtime.signature import ABSENT, Parameter, read_parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from edgeroutes.http.parameters import Source
    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.runtime.dependencies import Depends
    from edgeroutes.types import Handler

    Errors = list[dict[str, str]]
    Reader = Callable[[RequestScope, Errors], Any]
    Segments = Mapping[str, type[str | list[str]]]

RESERVED = ("request", "params", "context")


class Binding:
    """How one handler is called.

    Args:
        readers: For each argument its name and what reads it from the request.
        form: Whether some of them may come from a form.
        dependencies: The arguments that functions give.
    """

    __slots__ = ("_readers", "dependencies", "may_read_form")

    def __init__(
        self, readers: list[tuple[str, Reader]], *, form: bool, dependencies: Sequence[tuple[str, Depends]] = ()
    ) -> None:
        self._readers = readers
        self.may_read_form = form
        self.dependencies = dependencies

    def arguments(self, scope: RequestScope) -> dict[str, Any]:
        """The arguments for the handler; a form has been read before.

        Raises:
            HTTPError: 404 for a segment, 400 with every problem for anything else, 415 for a body of another type.
        """
        errors: Errors = []
        arguments = self.read(scope, errors)
        if errors:
            raise HTTPError(400, errors=errors)
        return arguments

    def read(self, scope: RequestScope, errors: Errors) -> dict[str, Any]:
        """The arguments, those that are not valid left out, with an error for each in `errors`."""
        arguments: dict[str, Any] = {}
        for name, read in self._readers:
            value = read(scope, errors)
            if value is not ABSENT:
                arguments[name] = value
        return arguments


async def read_arguments(binding: Binding, scope: RequestScope, errors: Errors) -> dict[str, Any]:
    """The arguments, as `Binding.read` gives them, once the form that they may need has been read."""
    if not binding.may_read_form:
        return binding.read(scope, errors)
    request = scope.request
    if request.content_type() == MULTIPART:
        await request.form()
    arguments: dict[str, Any] = await scope.compute(lambda _: binding.read(scope, errors), request.peek_body())
    return arguments


def bind(handler: Handler, segments: Segments, where: str) -> Binding | None:
    """How `handler` is called; None when it takes no arguments.

    Args:
        handler: As exported.
        segments: What the route's path captures, by name: `str` for one segment, `list` for a catch-all.
        where: Its file and name, for messages.

    Raises:
        RouteFileError: For an argument that nothing in a request can be.
    """
    parameters = read_parameters(handler, where)
    if parameters is None:
        from edgeroutes.runtime.decorated import inspect_parameters

        parameters = inspect_parameters(handler, where)
    if not parameters:
        return None
    # Segments first: where there is no such page, nothing else is said of the request.
    parameters.sort(key=lambda parameter: parameter.name not in segments)
    readers, bodies, dependencies, form = [], [], [], False
    for parameter in parameters:
        depends = _find_depends(parameter)
        if depends is not None:
            dependencies.append((parameter.name, depends))
            continue
        place = f"{where}, argument {parameter.name!r}"
        _require_plain_default(parameter, place)
        reader = _known_reader(parameter, segments, place)
        if reader is None:
            annotation, optional = without_none(parameter.annotation)
            if _is_body(parameter.annotation):
                from edgeroutes.runtime.bodies import body_reader

                bodies.append(parameter.name)
                reader = body_reader(annotation, _default(parameter, optional=optional), place, optional=optional)
            else:
                reader = _query_reader(parameter, place)
        form = form or getattr(reader, "reads_form", False)
        readers.append((parameter.name, reader))
    _require_one_body(bodies, where, reads_form=form)
    return Binding(readers, form=form or bool(bodies), dependencies=dependencies)


def _find_depends(parameter: Parameter) -> Depends | None:
    """The `Depends(…)` of an annotation or a default, with the function that it calls."""
    marker: Any = parameter.default
    if getattr(marker, "place", "") != "dependency":
        marker = find_marker(parameter.annotation)
    if getattr(marker, "place", "") != "dependency":
        return None
    called = plain_type(without_none(parameter.annotation)[0]) if marker.dependency is None else marker.dependency
    return marker.for_function(called)  # type: ignore[no-any-return]


def _require_one_body(bodies: list[str], where: str, *, reads_form: bool) -> None:
    if len(bodies) > 1:
        hint = "Make one model with a field for each, or mark single fields with Form()"
        raise RouteFileError(f"the body cannot be {' and '.join(bodies)} at once", where=where, hint=hint)
    if bodies and reads_form:
        problem = f"the body is {bodies[0]}, and other arguments read a form"
        hint = f"Mark {bodies[0]} with Form(), or remove the Form() and File() arguments"
        raise RouteFileError(problem, where=where, hint=hint)


def _require_plain_default(parameter: Parameter, where: str) -> None:
    if is_marker(parameter.default):
        problem = f"its default is {parameter.default!r:.60}. Allowed are values"
        hint = f"Write '{parameter.name}: Annotated[T, …] = value'"
        raise RouteFileError(problem, where=where, hint=hint)


def _is_body(annotation: Any) -> bool:
    """Whether an argument without a known name is the body: marked so, a model, a dict, a list of these, or a union with one."""
    plain, metadata = peel(annotation)
    if metadata and getattr(find_marker(annotation), "place", "") == "body":
        return True
    kind = origin(plain) or plain
    if kind is UnionType:
        return any(map(_is_body, plain.__args__))
    if is_container(plain):
        return any(_is_body(item) or is_container(plain_type(item)) for item in getattr(plain, "__args__", ()))
    return kind is dict or is_model(kind)


def _known_reader(parameter: Parameter, segments: Segments, where: str) -> Reader | None:
    """The reader for what a name or a marker decides; None where the type must, and for the body."""
    marker = find_marker(parameter.annotation) or _file_marker(parameter.annotation)
    is_segment = parameter.name in segments
    if marker is not None and not (is_segment and marker.place == "query" and not marker.name):
        return _marked_reader(parameter, marker, where)
    annotation, _ = without_none(parameter.annotation)
    plain = plain_type(annotation)
    if plain is Request or (parameter.name == "request" and (plain in (ABSENT, object) or is_any(plain))):
        return lambda scope, errors: scope.request  # noqa: ARG005
    if plain is RouteContext or origin(plain) is RouteContext or parameter.name == "context":
        return _context_reader(plain, where)
    if is_segment:  # `Query(ge=1)` on one has its constraints
        return _segment_reader(parameter, segments[parameter.name], where)
    if parameter.name == "params":
        return _params_reader(plain, where) or (lambda scope, errors: scope.params)  # noqa: ARG005
    _require_source(parameter, segments, where)
    return None


def _file_marker(annotation: Any) -> Source | None:
    """`File()` for an argument that is an UploadFile, or a list of them."""
    plain = plain_type(without_none(annotation)[0])
    item = getattr(plain, "__args__", (None,))[0] if is_container(plain) else plain
    if getattr(item, "__name__", "") != "UploadFile" or item.__module__.partition(".")[0] not in (
        "starlette",
        "fastapi",
    ):
        return None
    from edgeroutes.http.parameters import File

    return File()


def _context_reader(annotation: Any, where: str) -> Reader:
    """Reads the context; with `RouteContext[Params]`, its params converted."""
    arguments = getattr(annotation, "__args__", ())
    read_params = _params_reader(arguments[0], where) if arguments else None
    if read_params is None:
        return lambda scope, errors: RouteContext(scope)  # noqa: ARG005
    return lambda scope, errors: RouteContext(scope, read_params(scope, errors))


def _params_reader(annotation: Any, where: str) -> Reader | None:
    """Reads the segments as a model; None where the annotation is not one."""
    if not is_model(plain_type(annotation)):
        return None
    from edgeroutes.runtime.bodies import model_reader

    return model_reader(annotation, "segment", "params", ABSENT, where)


def _require_source(parameter: Parameter, segments: Segments, where: str) -> None:
    """Raise RouteFileError for an argument that says nothing of where it comes from."""
    if parameter.annotation is ABSENT and parameter.default is ABSENT:
        from difflib import get_close_matches

        near = get_close_matches(parameter.name, [*segments, *RESERVED], n=1, cutoff=0.6)
        hint = "Annotate it: a scalar is a query parameter, a model is the body"
        hint = f"Did you mean {near[0]!r}" if near else hint
        raise RouteFileError("it is no segment and has neither annotation nor default", where=where, hint=hint)


def _segment_reader(parameter: Parameter, captured: type, where: str) -> Reader:
    name, default = parameter.name, parameter.default
    annotation, optional = without_none(parameter.annotation)
    convert = _segment_converter(annotation, captured, where)
    is_required = default is ABSENT and not optional
    # An optional catch-all captures nothing at its base path.
    make_default = list if is_required else _default_maker(None if default is ABSENT else default)

    def read(scope: RequestScope, errors: Errors) -> Any:  # noqa: ARG001
        value = scope.params.get(name)
        if value is None:
            value = make_default()
            if not is_required:
                return value
        if convert is None:
            return value
        try:
            return convert(value)
        except ValueError:
            raise HTTPError(404) from None

    return read


def _segment_converter(annotation: Any, captured: type, where: str) -> Callable[[Any], Any] | None:
    """What makes the argument of what the path captured; None where it is that already."""
    if annotation is ABSENT or annotation is captured or is_any(annotation):
        return None
    plain = plain_type(annotation)
    if captured is list:
        if (origin(plain) or plain) is not list:
            problem = f"it is a catch-all, a list of strings, not {describe(plain)}"
            raise RouteFileError(problem, where=where, hint="Annotate it list[str]")
        from edgeroutes.runtime.conversion import values_converter

        return values_converter(annotation, where)
    if is_container(plain):
        hint = "Annotate it str, or name its folder '[...name]'"
        raise RouteFileError(f"it is one segment, not {describe(plain)}", where=where, hint=hint)
    return _find_converter(annotation, where)


def _marked_reader(parameter: Parameter, marker: Source, where: str) -> Reader | None:
    """Reads what a marker names; None for the body."""
    if marker.place == "body":
        if marker.name:
            raise RouteFileError(f"Body({marker.name!r}) has a name", where=where, hint="Write Body()")
        return None
    annotation, optional = without_none(parameter.annotation)
    annotation = str if annotation is ABSENT else annotation
    default = _default(parameter, optional=optional)
    if is_model(plain_type(annotation)) and not hasattr(marker, "max_bytes"):
        from edgeroutes.runtime.bodies import model_reader

        return model_reader(annotation, marker.place, parameter.name, default, where)
    if marker.place == "form":
        from edgeroutes.runtime.bodies import field_reader

        return field_reader(marker, annotation, parameter.name, default, where)
    if marker.place == "query":
        return _values_reader(annotation, default, marker.name or parameter.name, _in_query, where)
    if marker.place == "cookie":
        return _values_reader(annotation, default, marker.name or parameter.name, _in_cookies, where)
    find = _in_headers if is_container(plain_type(annotation)) else _in_headers_joined
    return _values_reader(annotation, default, marker.name or parameter.name.replace("_", "-"), find, where)


def _query_reader(parameter: Parameter, where: str) -> Reader:
    annotation, optional = without_none(parameter.annotation)
    if annotation is ABSENT:  # the default says what it is: `page=1`
        annotation = type(parameter.default) if type(parameter.default) in (bool, int, float) else str
    return _values_reader(annotation, _default(parameter, optional=optional), parameter.name, _in_query, where)


def _in_query(scope: RequestScope, name: str) -> list[str]:
    return scope.request.query_params.getlist(name)


def _in_headers(scope: RequestScope, name: str) -> list[str]:
    return scope.request.headers.getlist(name)


def _in_headers_joined(scope: RequestScope, name: str) -> list[str]:
    value = scope.request.headers.get(name)
    return [] if value is None else [value]


def _in_cookies(scope: RequestScope, name: str) -> list[str]:
    value = scope.request.cookies.get(name)
    return [] if value is None else [value]


def _values_reader(
    annotation: Any, default: Any, name: str, find: Callable[[RequestScope, str], list[str]], where: str
) -> Reader:
    """Reads the values of one name: the last of them, or all for `list[T]`.

    Where there is a default, an empty value counts as absent, unless the type takes one; a browser sends it for a field that nobody
    filled in. So does any cookie that does not fit: who has a stale one could not get rid of it.
    """
    plain = plain_type(annotation)
    many = is_container(plain)
    item = getattr(plain, "__args__", (str,))[0] if many else plain
    convert = _find_converter(annotation, where, many=many)
    is_required = default is ABSENT and not many
    checks_none = default is ABSENT and many  # a list may have a minimum length
    make_default = _default_maker(default)
    skips_empty = item is not str and not is_required and not _takes_empty(item)
    forgives = find is _in_cookies and not is_required

    def read(scope: RequestScope, errors: Errors) -> Any:
        values = find(scope, name)
        if skips_empty:
            values = [value for value in values if value != ""]
        if not values and not checks_none:
            if is_required:
                errors.append({"field": name, "message": "is required"})
            return make_default()
        try:
            return convert(values if many else values[-1])
        except ValueError as error:
            if not forgives:
                errors.append({"field": name, "message": str(error)})
            return make_default()

    return read


def _default_maker(default: Any) -> Callable[[], Any]:
    if default is None or default is ABSENT or default.__class__ in (str, int, bool):
        return lambda: default
    from edgeroutes.runtime.defaults import default_maker

    return default_maker(default)


def _takes_empty(annotation: Any) -> bool:
    from edgeroutes.runtime.conversion import takes_empty

    return takes_empty(annotation)


def _default(parameter: Parameter, *, optional: bool) -> Any:
    """What stands in when the request has nothing: the default, None for an optional one, ABSENT when it is required."""
    return None if parameter.default is ABSENT and optional else parameter.default


def _find_converter(annotation: Any, where: str, *, many: bool = False) -> Callable[[Any], Any]:
    if annotation is str:
        return str
    from edgeroutes.runtime.conversion import find_converter, values_converter

    return values_converter(annotation, where) if many else find_converter(annotation, where)
