"""Arguments with a marker, a model, a file or a generic: `Annotated[T, Header()]`, a body, `RouteContext[P]`."""

from __future__ import annotations

from types import UnionType

from edgeroutes.errors import RouteFileError
from edgeroutes.http.parameters import File
from edgeroutes.http.request import Request
from edgeroutes.runtime.annotations import find_marker, is_container, origin, plain_type, without_none
from edgeroutes.runtime.context import RouteContext
from edgeroutes.runtime.fields import is_model
from edgeroutes.runtime.signature import ABSENT
from edgeroutes.runtime.values import default_of, in_query, values_reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from edgeroutes.http.parameters import Source
    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.runtime.signature import Parameter
    from edgeroutes.runtime.values import Reader

_NAMED = ("request", "params", "context")


def special_reader(parameter: Parameter, segments: Collection[str], where: str) -> Reader | None:
    """The reader of an argument; None for a query parameter, a segment, the request and its context.

    Raises:
        RouteFileError: For what cannot be read.
    """
    marker = find_marker(parameter.annotation) or _file_marker(parameter.annotation)
    is_segment = parameter.name in segments
    if marker is not None and not (is_segment and marker.place == "query" and not marker.name):
        return _marked_reader(parameter, marker, where)
    plain = plain_type(without_none(parameter.annotation)[0])
    if origin(plain) is RouteContext:
        return _context_reader(plain.__args__[0], where)
    if parameter.name == "params" and is_model(plain):
        return _params_reader(plain, where)
    if is_segment or parameter.name in _NAMED or plain is Request or not _is_body(plain):
        return None
    return _body_reader(parameter, where)


def _marked_reader(parameter: Parameter, marker: Source, where: str) -> Reader:
    if marker.place == "body":
        if marker.name:
            raise RouteFileError(f"Body({marker.name!r}) has a name", where=where, hint="Write Body()")
        return _body_reader(parameter, where)
    annotation, optional = without_none(parameter.annotation)
    annotation = str if annotation is ABSENT else annotation
    default = default_of(parameter, optional=optional)
    if is_model(plain_type(annotation)) and not isinstance(marker, File):
        from edgeroutes.runtime.bodies import model_reader

        return model_reader(annotation, marker.place, parameter.name, default, where)
    if marker.place == "form":
        return _form_reader(marker, annotation, marker.name or parameter.name, default, where)
    if marker.place == "query":
        return values_reader(annotation, default, marker.name or parameter.name, in_query, where)
    if marker.place == "cookie":
        return values_reader(annotation, default, marker.name or parameter.name, _in_cookies, where, forgives=True)
    find = _in_headers if is_container(plain_type(annotation)) else _in_headers_joined
    return values_reader(annotation, default, marker.name or parameter.name.replace("_", "-"), find, where)


def _form_reader(marker: Source, annotation: Any, name: str, default: Any, where: str) -> Reader:
    from edgeroutes.runtime.bodies import file_reader, find_in_form

    if isinstance(marker, File):
        reader = file_reader(marker, annotation, name, default, where)
    else:
        reader = values_reader(annotation, default, name, find_in_form(default), where)
    reader.reads_form = True  # type: ignore[attr-defined]
    return reader


def _body_reader(parameter: Parameter, where: str) -> Reader:
    from edgeroutes.runtime.bodies import body_reader

    annotation, optional = without_none(parameter.annotation)
    reader = body_reader(annotation, default_of(parameter, optional=optional), where, optional=optional)
    reader.is_body = True  # type: ignore[attr-defined]
    return reader


def _is_body(annotation: Any, *, is_item: bool = False) -> bool:
    """Whether an argument without a known name is the body: a model, a dict, a list of these or of lists, or a union with one."""
    plain = plain_type(annotation)
    kind = origin(plain) or plain
    if kind is UnionType:
        return any(_is_body(each, is_item=is_item) for each in plain.__args__)
    if is_container(plain):
        return is_item or any(_is_body(item, is_item=True) for item in getattr(plain, "__args__", ()))
    return kind is dict or is_model(kind)


def _file_marker(annotation: Any) -> Source | None:
    """`File()` for an argument that is an UploadFile, or a list of them."""
    plain = plain_type(without_none(annotation)[0])
    item = getattr(plain, "__args__", (None,))[0] if is_container(plain) else plain
    if getattr(item, "__name__", "") != "UploadFile" or item.__module__.partition(".")[0] not in (
        "starlette",
        "fastapi",
    ):
        return None
    return File()


def _context_reader(annotation: Any, where: str) -> Reader:
    """Reads `RouteContext[annotation]`, whose params are converted where it is a model."""
    read_params = _params_reader(annotation, where) if is_model(plain_type(annotation)) else None
    if read_params is None:
        return lambda scope, errors: RouteContext(scope)  # noqa: ARG005
    return lambda scope, errors: RouteContext(scope, read_params(scope, errors))


def _params_reader(annotation: Any, where: str) -> Reader:
    from edgeroutes.runtime.bodies import model_reader

    return model_reader(annotation, "segment", "params", ABSENT, where)


def _in_headers(scope: RequestScope, name: str) -> list[str]:
    return scope.request.headers.getlist(name)


def _in_headers_joined(scope: RequestScope, name: str) -> list[str]:
    value = scope.request.headers.get(name)
    return [] if value is None else [value]


def _in_cookies(scope: RequestScope, name: str) -> list[str]:
    value = scope.request.cookies.get(name)
    return [] if value is None else [value]
