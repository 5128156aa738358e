"""From a request to a handler's arguments: each by its name or annotation.

A handler's signature is read once, when its route is loaded, into a list of readers; a request then runs each of them. A
segment that does not fit means that the page does not exist (404); everything else that does not fit is a 400 with all problems.
"""

from __future__ import annotations

from edgeroutes.errors import RouteFileError
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.request import Request
from edgeroutes.runtime.annotations import (
    describe,
    find_marker,
    is_any,
    is_container,
    is_marker,
    origin,
    plain_type,
    without_none,
)
from edgeroutes.runtime.context import RouteContext
from edgeroutes.runtime.signature import ABSENT, Parameter, read_parameters
from edgeroutes.runtime.values import default_maker, default_of, find_converter, in_query, values_reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.runtime.dependencies import Depends
    from edgeroutes.types import Handler

    Errors = list[dict[str, str]]
    Reader = Callable[[RequestScope, Errors], Any]
    Segments = Mapping[str, type[str | list[str]]]

# Annotations for which a bundle may do without `markers`. Source: edgeroutes/build/imports.py.
_SIMPLE = (ABSENT, str, int, float, bool, Request, RouteContext)


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
    # Segments first: if the page does not exist, no other problem is reported.
    parameters.sort(key=lambda parameter: parameter.name not in segments)
    readers, bodies, dependencies, form = [], [], [], False
    for parameter in parameters:
        depends = _find_depends(parameter)
        if depends is not None:
            dependencies.append((parameter.name, depends))
            continue
        place = f"{where}, argument {parameter.name!r}"
        _require_plain_default(parameter, place)
        reader = _special_reader(parameter, segments, place) or _known_reader(parameter, segments, place)
        if reader is None:
            reader = _query_reader(parameter, place)
        elif getattr(reader, "is_body", False):
            bodies.append(parameter.name)
        form = form or getattr(reader, "reads_form", False)
        readers.append((parameter.name, reader))
    if len(bodies) > 1:
        from edgeroutes.routing.argument_problems import several_bodies

        fault, hint = several_bodies(bodies)
        raise RouteFileError(f"the body {fault}", where=where, hint=hint)
    return Binding(readers, form=form or bool(bodies), dependencies=dependencies)


def _find_depends(parameter: Parameter) -> Depends | None:
    """The `Depends(…)` of an annotation or a default, with the function that it calls."""
    marker: Any = parameter.default
    if getattr(marker, "place", "") != "dependency":
        marker = find_marker(parameter.annotation)
    if getattr(marker, "place", "") != "dependency":
        annotation, optional = without_none(parameter.annotation)
        of_type = getattr(annotation, "as_dependency", None)  # of `Caller`
        return of_type(optional=optional) if of_type is not None else None
    called = plain_type(without_none(parameter.annotation)[0]) if marker.dependency is None else marker.dependency
    return marker.for_function(called)  # type: ignore[no-any-return]


def _require_plain_default(parameter: Parameter, where: str) -> None:
    if is_marker(parameter.default):
        from edgeroutes.routing.argument_problems import bad_default

        fault, hint = bad_default(f"{parameter.default!r:.60}", parameter.name)
        raise RouteFileError(f"its default {fault}", where=where, hint=hint)


def _special_reader(parameter: Parameter, segments: Segments, where: str) -> Reader | None:
    """The reader for a marker, a model or a generic; None for the annotations that most handlers have."""
    if any(without_none(parameter.annotation)[0] is simple for simple in _SIMPLE):
        return None
    from edgeroutes.runtime.markers import special_reader

    return special_reader(parameter, segments, where)


def _known_reader(parameter: Parameter, segments: Segments, where: str) -> Reader | None:
    """The reader for what a name or one of our own types decides; None for a query parameter."""
    annotation = plain_type(without_none(parameter.annotation)[0])
    if annotation is Request or (
        parameter.name == "request" and (annotation in (ABSENT, object) or is_any(annotation))
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
    """Raise RouteFileError for an argument without a source."""
    if parameter.annotation is ABSENT and parameter.default is ABSENT:
        from edgeroutes.routing.argument_problems import unfillable

        fault, hint = unfillable(parameter.name, segments)
        raise RouteFileError(f"it {fault}", where=where, hint=hint)


def _segment_reader(parameter: Parameter, captured: type, where: str) -> Reader:
    name, default = parameter.name, parameter.default
    annotation, optional = without_none(parameter.annotation)
    convert = _segment_converter(annotation, captured, where)
    is_required = default is ABSENT and not optional
    # An optional catch-all captures nothing at its base path.
    make_default = list if is_required else default_maker(None if default is ABSENT else default)

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
    return find_converter(annotation, where)


def _query_reader(parameter: Parameter, where: str) -> Reader:
    annotation, optional = without_none(parameter.annotation)
    if annotation is ABSENT:  # the default decides the type: `page=1`
        annotation = type(parameter.default) if type(parameter.default) in (bool, int, float) else str
    return values_reader(annotation, default_of(parameter, optional=optional), parameter.name, in_query, where)
