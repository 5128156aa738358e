"""From a request to a handler's arguments: each by its name or annotation. Request wing, floor 2.

A handler's signature is read once, when its route is loaded, into a list of readers; a request then runs each of them. A segment
that does not convert is no such page (404); everything else that does not fit is the client's mistake (400), all of them at once.
"""

from __future__ import annotations

from edgeroutes.errors import RouteFileError
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.parameters import Source
from edgeroutes.http.request import Request
from edgeroutes.runtime.context import RouteContext
from edgeroutes.runtime.conversion import find_converter, origin, without_none
from edgeroutes.runtime.signature import ABSENT, Parameter, read_parameters
from edgeroutes.runtime.validation import is_model

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.types import Handler

    Errors = list[dict[str, str]]
    Reader = Callable[[RequestScope, Errors], Any]

RESERVED = ("request", "params", "context")


class Binding:
    """How one handler is called.

    Args:
        readers: For each argument its name and what reads it from the request.
        form: Whether some of them may come from a form.
    """

    __slots__ = ("_readers", "may_read_form")

    def __init__(self, readers: list[tuple[str, Reader]], *, form: bool) -> None:
        self._readers = readers
        self.may_read_form = form

    def arguments(self, scope: RequestScope) -> dict[str, Any]:
        """The arguments for the handler; a form has been read before.

        Raises:
            HTTPError: 404 for a segment, 400 with every problem for anything else, 415 for a body of another type.
        """
        errors: Errors = []
        arguments: dict[str, Any] = {}
        for name, read in self._readers:
            value = read(scope, errors)
            if value is not ABSENT:
                arguments[name] = value
        if errors:
            raise HTTPError(400, errors=errors)
        return arguments


def bind(handler: Handler, segments: Collection[str], where: str) -> Binding | None:
    """How `handler` is called; None when it takes no arguments.

    Args:
        handler: As exported.
        segments: The names that the route's path captures.
        where: Its file and name, for messages.

    Raises:
        RouteFileError: For an argument that nothing in a request can be.
    """
    parameters = read_parameters(handler, where)
    if not parameters:
        return None
    readers, bodies, form = [], [], False
    for parameter in parameters:
        place = f"{where}, argument {parameter.name!r}"
        reader = _known_reader(parameter, segments, place)
        if reader is None:
            annotation, optional = without_none(parameter.annotation)
            form = form or is_model(annotation)
            if is_model(annotation):
                bodies.append(parameter.name)
                from edgeroutes.runtime.bodies import body_reader

                reader = body_reader(annotation, _default(parameter, optional=optional), place)
            else:
                reader = _query_reader(parameter, place)
        form = form or getattr(reader, "reads_form", False)
        readers.append((parameter.name, reader))
    if len(bodies) > 1:
        hint = "Put one model's fields into the other, or mark single fields with Form()"
        raise RouteFileError(f"the body cannot be {' and '.join(bodies)} at once", where=where, hint=hint)
    return Binding(readers, form=form)


def _known_reader(parameter: Parameter, segments: Collection[str], where: str) -> Reader | None:
    """The reader for what a name or a marker decides; None where the type must."""
    marker = next((mark for mark in getattr(parameter.annotation, "__metadata__", ()) if _is_source(mark)), None)
    if marker is not None:
        return _marked_reader(parameter, marker() if isinstance(marker, type) else marker, where)
    annotation, _ = without_none(parameter.annotation)
    if annotation is Request or (parameter.name == "request" and annotation in (ABSENT, Request)):
        return lambda scope, errors: scope.request  # noqa: ARG005
    if annotation is RouteContext or parameter.name == "context":
        return lambda scope, errors: RouteContext(scope)  # noqa: ARG005
    if parameter.name in segments:
        return _segment_reader(parameter, where)
    if parameter.name == "params":
        return lambda scope, errors: scope.params  # noqa: ARG005
    if parameter.annotation is ABSENT and parameter.default is ABSENT:
        from difflib import get_close_matches

        near = get_close_matches(parameter.name, [*segments, *RESERVED], n=1, cutoff=0.6)
        hint = f"Did you mean {near[0]!r}" if near else "Annotate it: a scalar is a query parameter, a model is the body"
        raise RouteFileError("it is no segment and has neither annotation nor default", where=where, hint=hint)
    return None


def _is_source(mark: Any) -> bool:
    return isinstance(mark, Source) or (isinstance(mark, type) and issubclass(mark, Source))


def _segment_reader(parameter: Parameter, where: str) -> Reader:
    name, default = parameter.name, parameter.default
    annotation, optional = without_none(parameter.annotation)
    if annotation in (ABSENT, str, list) or _is_any(annotation):
        convert: Callable[[Any], Any] | None = None
    elif origin(annotation) is list:
        item = find_converter(annotation.__args__[0], where)
        convert = None if item is str else lambda values: [item(value) for value in values]
    else:
        convert = find_converter(annotation, where)

    def read(scope: RequestScope, errors: Errors) -> Any:  # noqa: ARG001
        value = scope.params.get(name)
        if value is None:  # an optional catch-all at its base path
            return default if default is not ABSENT else (None if optional else [])
        if convert is None:
            return value
        try:
            return convert(value)
        except ValueError:
            raise HTTPError(404) from None

    return read


def _marked_reader(parameter: Parameter, marker: Source, where: str) -> Reader:
    annotation, optional = without_none(parameter.annotation)
    default = _default(parameter, optional=optional)
    if marker.place == "form":
        from edgeroutes.runtime.bodies import field_reader

        return field_reader(marker, annotation, parameter.name, default, where)
    if marker.place == "query":
        return _values_reader(annotation, default, marker.name or parameter.name, _QUERY, where)
    if marker.place == "cookie":
        return _values_reader(annotation, default, marker.name or parameter.name, _COOKIE, where)
    return _values_reader(annotation, default, marker.name or parameter.name.replace("_", "-"), _HEADER, where)


def _query_reader(parameter: Parameter, where: str) -> Reader:
    annotation, optional = without_none(parameter.annotation)
    if annotation is ABSENT:  # the default says what it is: `page=1`
        annotation = type(parameter.default) if type(parameter.default) in (bool, int, float) else str
    return _values_reader(annotation, _default(parameter, optional=optional), parameter.name, _QUERY, where)


def _QUERY(scope: RequestScope, name: str) -> list[str]:  # noqa: N802
    return scope.request.query_params.getlist(name)


def _HEADER(scope: RequestScope, name: str) -> list[str]:  # noqa: N802
    return scope.request.headers.getlist(name)


def _COOKIE(scope: RequestScope, name: str) -> list[str]:  # noqa: N802
    value = scope.request.cookies.get(name)
    return [] if value is None else [value]


def _values_reader(
    annotation: Any, default: Any, name: str, find: Callable[[RequestScope, str], list[str]], where: str
) -> Reader:
    """Reads the values of one name: the last of them, or all for `list[T]`."""
    many = annotation is list or origin(annotation) in (list, set, tuple, frozenset)
    kinds = getattr(annotation, "__args__", (str,))
    container = origin(annotation) or list
    if many and container is tuple and kinds[-1] is not Ellipsis:
        raise RouteFileError("repeated values have no fixed number", where=where, hint="Write tuple[T, ...] or list[T]")
    convert = find_converter(kinds[0], where) if many else (str if _is_any(annotation) else find_converter(annotation, where))

    def read(scope: RequestScope, errors: Errors) -> Any:
        values = find(scope, name)
        if not values:
            if default is ABSENT and not many:
                errors.append({"field": name, "message": "is required"})
            return container() if default is ABSENT and many else default
        try:
            return container(convert(value) for value in values) if many else convert(values[-1])
        except ValueError as error:
            errors.append({"field": name, "message": str(error)})
            return default

    return read


def _default(parameter: Parameter, *, optional: bool) -> Any:
    """What stands in when the request has nothing: the default, None for an optional one, ABSENT when it is required."""
    return None if parameter.default is ABSENT and optional else parameter.default


def _is_any(annotation: Any) -> bool:
    return getattr(annotation, "__module__", "") == "typing" and getattr(annotation, "__name__", "") == "Any"


