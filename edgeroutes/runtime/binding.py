"""From a request to a handler's arguments: each by its name or annotation. Request wing, floor 2.

A handler's signature is read once, when its route is loaded, into a list of readers; a request then runs each of them. A
segment that does not convert is no such page (404); everything else that does not fit is the client's mistake (400), all
of them at once.
"""

from __future__ import annotations

from types import UnionType

from edgeroutes.errors import RouteFileError
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.request import MULTIPART, Request
from edgeroutes.runtime.annotations import describe, is_model, origin, without_none
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
        reader = _known_reader(parameter, segments, place)
        if reader is None:
            annotation, optional = without_none(parameter.annotation)
            if is_model(annotation):
                from edgeroutes.runtime.bodies import body_reader

                bodies.append(parameter.name)
                reader = body_reader(annotation, _default(parameter, optional=optional), place, optional=optional)
            else:
                reader = _query_reader(parameter, place)
        form = form or getattr(reader, "reads_form", False)
        readers.append((parameter.name, reader))
    if len(bodies) > 1:
        hint = "Put one model's fields into the other, or mark single fields with Form()"
        raise RouteFileError(f"the body cannot be {' and '.join(bodies)} at once", where=where, hint=hint)
    return Binding(readers, form=form or bool(bodies), dependencies=dependencies)


def _find_depends(parameter: Parameter) -> Depends | None:
    """The `Depends(…)` of an annotation or a default, with the function that it calls."""
    marker: Any = parameter.default
    if getattr(marker, "place", "") != "dependency":
        marker = _find_marker(parameter.annotation)
    if marker is None or marker.place != "dependency":
        return None
    called = without_none(parameter.annotation)[0] if marker.dependency is None else marker.dependency
    return marker.for_function(called)  # type: ignore[no-any-return]


def _known_reader(parameter: Parameter, segments: Segments, where: str) -> Reader | None:
    """The reader for what a name or a marker decides; None where the type must."""
    marker = _find_marker(parameter.annotation)
    if marker is not None:
        return _marked_reader(parameter, marker, where)
    annotation, _ = without_none(parameter.annotation)
    if annotation is Request or (
        parameter.name == "request" and (annotation in (ABSENT, object) or _is_any(annotation))
    ):
        return lambda scope, errors: scope.request  # noqa: ARG005
    if annotation is RouteContext or parameter.name == "context":
        return lambda scope, errors: RouteContext(scope)  # noqa: ARG005
    if parameter.name in segments:
        return _segment_reader(parameter, segments[parameter.name], where)
    if parameter.name == "params":
        return lambda scope, errors: scope.params  # noqa: ARG005
    _require_source(parameter, segments, where)
    return None


def _require_source(parameter: Parameter, segments: Segments, where: str) -> None:
    """Raise RouteFileError for an argument that says nothing of where it comes from."""
    if parameter.annotation is ABSENT and parameter.default is ABSENT:
        from difflib import get_close_matches

        near = get_close_matches(parameter.name, [*segments, *RESERVED], n=1, cutoff=0.6)
        hint = "Annotate it: a scalar is a query parameter, a model is the body"
        hint = f"Did you mean {near[0]!r}" if near else hint
        raise RouteFileError("it is no segment and has neither annotation nor default", where=where, hint=hint)


def _find_marker(annotation: Any) -> Source | None:
    """The `Header()`, `Cookie`, … of an annotation, also inside `… | None` and `type X = …`."""
    if type(annotation).__name__ == "TypeAliasType":
        return _find_marker(annotation.__value__)
    for mark in getattr(annotation, "__metadata__", ()):
        from edgeroutes.http.parameters import Source

        if isinstance(mark, Source):
            return mark
        if isinstance(mark, type) and issubclass(mark, Source):
            return mark()
    if origin(annotation) is UnionType:
        return next((mark for mark in map(_find_marker, annotation.__args__) if mark is not None), None)
    return None


def _segment_reader(parameter: Parameter, captured: type, where: str) -> Reader:
    name, default = parameter.name, parameter.default
    annotation, optional = without_none(parameter.annotation)
    convert = _segment_converter(annotation, captured, where)
    # An optional catch-all captures nothing at its base path.
    make_default = (
        list if default is ABSENT and not optional else _default_maker(None if default is ABSENT else default)
    )

    def read(scope: RequestScope, errors: Errors) -> Any:  # noqa: ARG001
        value = scope.params.get(name)
        if value is None:
            return make_default()
        if convert is None:
            return value
        try:
            return convert(value)
        except ValueError:
            raise HTTPError(404) from None

    return read


def _segment_converter(annotation: Any, captured: type, where: str) -> Callable[[Any], Any] | None:
    """What makes the argument of what the path captured; None where it is that already."""
    if annotation is ABSENT or _is_any(annotation) or annotation is captured:
        return None
    if captured is list:
        if origin(annotation) is not list:
            problem = f"it is a catch-all, a list of texts, and no {describe(annotation)}"
            raise RouteFileError(problem, where=where, hint="Annotate it list[str]")
        item = _find_converter(annotation.__args__[0], where)
        return None if item is str else lambda values: [item(value) for value in values]
    if _is_many(annotation):
        hint = "Annotate it str, or name its folder '[...name]'"
        raise RouteFileError(f"it is one segment, and no {describe(annotation)}", where=where, hint=hint)
    return _find_converter(annotation, where)


def _marked_reader(parameter: Parameter, marker: Source, where: str) -> Reader:
    annotation, optional = without_none(parameter.annotation)
    annotation = str if annotation is ABSENT else annotation
    default = _default(parameter, optional=optional)
    if marker.place == "form":
        from edgeroutes.runtime.bodies import field_reader

        return field_reader(marker, annotation, parameter.name, default, where)
    if marker.place == "query":
        return _values_reader(annotation, default, marker.name or parameter.name, _in_query, where)
    if marker.place == "cookie":
        return _values_reader(annotation, default, marker.name or parameter.name, _in_cookies, where)
    find = _in_headers if _is_many(annotation) else _in_headers_joined
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
    many = _is_many(annotation)
    kinds = getattr(annotation, "__args__", (str, Ellipsis))
    container = origin(annotation) or annotation
    if container is tuple and kinds[-1] is not Ellipsis:
        raise RouteFileError("repeated values have no fixed number", where=where, hint="Write tuple[T, ...] or list[T]")
    convert = _find_converter(kinds[0] if many else annotation, where)
    is_required = default is ABSENT and not many
    make_default = _default_maker(container() if default is ABSENT and many else default)
    skips_empty = convert is not str and not is_required and not _takes_empty(convert)
    forgives = find is _in_cookies and not is_required

    def read(scope: RequestScope, errors: Errors) -> Any:
        values = find(scope, name)
        if skips_empty:
            values = [value for value in values if value != ""]
        if not values:
            if is_required:
                errors.append({"field": name, "message": "is required"})
            return make_default()
        try:
            return container(convert(value) for value in values) if many else convert(values[-1])
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


def _takes_empty(convert: Callable[[str], Any]) -> bool:
    from edgeroutes.runtime.conversion import takes_empty

    return takes_empty(convert)


def _default(parameter: Parameter, *, optional: bool) -> Any:
    """What stands in when the request has nothing: the default, None for an optional one, ABSENT when it is required."""
    return None if parameter.default is ABSENT and optional else parameter.default


def _find_converter(annotation: Any, where: str) -> Callable[[str], Any]:
    if annotation is str:
        return str
    from edgeroutes.runtime.conversion import find_converter

    return find_converter(annotation, where)


def _is_many(annotation: Any) -> bool:
    """Whether it takes all values of its name, not the last one alone."""
    kinds = (list, set, tuple, frozenset)
    return annotation in kinds or origin(annotation) in kinds


def _is_any(annotation: Any) -> bool:
    return getattr(annotation, "__module__", "") == "typing" and getattr(annotation, "__name__", "") == "Any"
