"""A handler's return annotation: its status, and whether it has something to convert.

Loaded for handlers that have one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType, UnionType

from edgeroutes.errors import HandlerError, RouteFileError
from edgeroutes.http.parameters import Status
from edgeroutes.http.response import BODILESS, Response
from edgeroutes.runtime.annotations import alias_value, is_alias, origin, plain_type
from edgeroutes.runtime.responses import Unfit, is_response, json_response, to_response
from edgeroutes.runtime.signature import evaluate, module_namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Convert = Callable[[Any], Any]
    Writer = Callable[[object], Response]

_STREAMS = ("AsyncIterator", "AsyncGenerator", "AsyncIterable", "Iterator", "Generator", "Iterable")
_AWAITABLES = {"Awaitable": 0, "Coroutine": 2, "CoroutineType": 2}  # with the place of their result among the arguments
_UNKNOWN = ("Any", "NoReturn", "Never", "object")
_PLAIN: dict[Any, type] = {dict: Mapping, list: list, str: str, bytes: bytes, Mapping: Mapping}


def find_writer(written: Any, function: Any, where: str) -> Writer | None:
    """The function that makes a response of what the handler returns; None where the annotation changes nothing.

    Args:
        written: The return annotation, which may be a string.
        function: That has it.
        where: File and handler, for messages.

    Raises:
        RouteFileError: For an annotation that has no effect, or that names what its module does not have.
    """
    where, namespace = _with_line(where, function), _namespace_of(function)
    annotation = evaluate(written, namespace, f"{where}, return annotation")
    annotation, status = _split_status(annotation, where)
    kinds = [kind for kind in _union_kinds(annotation) if not _is_response_class(kind)]
    models = [kind for kind in kinds if kind is not NoneType and kind is not None]
    _require_effect(status, kinds, models, where)
    if not models:
        return None if status is None else _Writer(where, status, None, has_none=True)
    if any(map(_is_unknown, models)):
        return None if status is None else _Writer(where, status, None, has_none=False)
    item = _stream_item(models[0]) if len(models) == 1 else None
    if item is not None and _is_chunk(item):
        return None if status is None else _Writer(where, status, None, has_none=False)
    convert = _plain_check(models)
    if convert is None and (item is None or _name(models[0]) == "Iterable"):
        convert = _compiled(models[0] if len(models) == 1 else models, annotation, namespace, where)
    each = None if item is None else _compiled(item, None, namespace, where)
    return _Writer(where, status, convert, each, has_none=len(models) < len(kinds))


def _with_line(where: str, function: Any) -> str:
    """`where` with the line of the function, if it is defined in the file that `where` names."""
    file, comma, name = where.partition(", ")
    code = getattr(function, "__code__", None)
    return f"{file}:{code.co_firstlineno}{comma}{name}" if code and code.co_filename.endswith(file) else where


def _namespace_of(function: Any) -> dict[str, Any]:
    """The names that a return annotation may use.

    Those that a file imports only for type checkers, as linters advise for `AsyncIterator` or Response, are found without it.
    """
    return _Names(getattr(function, "__globals__", None) or module_namespace(function))


class _Names(dict):  # type: ignore[type-arg]  # Any is not imported when this runs
    """A module's names, and behind them those of typing, collections.abc and responses."""

    def __missing__(self, name: str) -> Any:
        import collections.abc
        import typing

        if name in _RESPONSES:
            return Response
        for module in (collections.abc, typing):
            if hasattr(module, name):
                return getattr(module, name)
        raise KeyError(name)


# Edgeroutes' and Starlette's, which a return annotation treats alike.
_RESPONSES = frozenset(
    [
        "Response",
        "JSONResponse",
        "HTMLResponse",
        "PlainTextResponse",
        "RedirectResponse",
        "StreamingResponse",
        "FileResponse",
    ]
)


class _Writer:
    """Makes responses of a handler's values.

    Args:
        where: The handler.
        status: From the annotation; None for 200.
        convert: Converts a value to what JSON has; None leaves it as it is.
        each: Converts each item of an iterator, whose response is streamed.
        has_none: Whether None is one of the values.
    """

    __slots__ = ("_convert", "_each", "_has_none", "_status", "_where")

    def __init__(
        self, where: str, status: int | None, convert: Convert | None, each: Convert | None = None, *, has_none: bool
    ) -> None:
        self._where = where
        self._status = status
        self._convert = convert
        self._each = each
        self._has_none = has_none

    def __call__(self, value: object) -> Response:
        if is_response(value) or (value is None and not self._has_none):
            return to_response(value, self._where)
        response = self._written(value)
        if self._status is not None:
            response.status = self._status
        return response

    def _written(self, value: object) -> Response:
        if value is None:
            return Response() if self._status in BODILESS else Response.json(None)
        if self._each is not None and (hasattr(value, "__aiter__") or hasattr(value, "__next__")):
            return self._streamed(value, self._each)
        if self._convert is None:
            return to_response(value, self._where)
        converted = self._converted(self._convert, value)
        if isinstance(value, (str, bytes)) and converted.__class__ in (str, bytes):
            return Response(converted)
        return json_response(converted, self._where)

    def _converted(self, convert: Convert, value: object) -> Any:
        try:
            return convert(value)
        except Unfit as unfit:
            problem = f"the handler returned a value that its return annotation does not allow: {unfit}"
            raise HandlerError(
                problem, where=self._where, hint="Return such a value, or change the annotation"
            ) from unfit

    def _streamed(self, items: Any, each: Convert) -> Response:
        from edgeroutes.http.response_bodies import NDJSON, encode_each, render_line

        lines = encode_each(items, lambda item: render_line(self._converted(each, item)))
        return Response(lines, headers={"content-type": NDJSON})


def _split_status(annotation: Any, where: str) -> tuple[Any, int | None]:
    """The annotation without its Status, and that."""
    status = None
    while True:
        name = _name(annotation)
        if is_alias(annotation):
            annotation = alias_value(annotation)
        elif name in _AWAITABLES and len(getattr(annotation, "__args__", ())) > _AWAITABLES[name]:
            annotation = annotation.__args__[_AWAITABLES[name]]
        elif any(_is_status(mark) for mark in getattr(annotation, "__metadata__", ())):
            marks = annotation.__metadata__
            statuses = [mark for mark in marks if _is_status(mark)]
            if len(statuses) > 1 or not isinstance(statuses[0], Status):
                raise RouteFileError("the return annotation needs one Status(…) with a number", where=where)
            status = statuses[0].status
            others = tuple(mark for mark in marks if mark is not statuses[0])
            annotation = _annotated(annotation.__origin__, others) if others else annotation.__origin__
        else:
            return annotation, status


def _is_status(mark: Any) -> bool:
    return isinstance(mark, Status) or mark is Status


def _annotated(annotation: Any, marks: tuple[Any, ...]) -> Any:
    from typing import Annotated

    return Annotated[(annotation, *marks)]


def _union_kinds(annotation: Any) -> list[Any]:
    if origin(annotation) is UnionType:
        return [kind for each in annotation.__args__ for kind in _union_kinds(each)]
    return [NoneType if annotation is None else annotation]


def _require_effect(status: int | None, kinds: list[Any], models: list[Any], where: str) -> None:
    if status is None:
        return
    if status in BODILESS and models:
        problem = f"status {status} has no body, and the return annotation has a type for one"
        raise RouteFileError(problem, where=where, hint=f"Write '-> Annotated[None, Status({status})]'")
    if not kinds:
        problem = "Status has no effect on a Response, which has a status of its own"
        raise RouteFileError(problem, where=where, hint="Pass the status to the Response")


def _is_response_class(kind: Any) -> bool:
    """Whether it is our Response, or a class that looks like Starlette's."""
    kind = plain_type(kind)
    return isinstance(kind, type) and (issubclass(kind, Response) or hasattr(kind, "init_headers"))


def _name(annotation: Any) -> str:
    kind = origin(annotation) or annotation
    if getattr(kind, "__module__", "") not in ("builtins", "typing", "collections.abc", "types"):
        return ""
    return str(getattr(kind, "__name__", ""))


def _is_unknown(annotation: Any) -> bool:
    """Whether the annotation names no type to convert to."""
    return _name(annotation) in _UNKNOWN


def _stream_item(annotation: Any) -> Any:
    """What a stream of the annotation yields; None for an annotation of another kind."""
    arguments = getattr(annotation, "__args__", ())
    return arguments[0] if _name(annotation) in _STREAMS and arguments else None


def _is_chunk(item: Any) -> bool:
    """Whether items of this type are sent as they are."""
    return all(kind in (str, bytes) or _is_unknown(kind) for kind in _union_kinds(item))


def _plain_check(models: list[Any]) -> Convert | None:
    """Checks the class of a value whose type has nothing else to check: `dict`, `list[Any]`, `str`; None for other types."""
    classes = [_PLAIN.get(origin(kind) or kind) if _is_open(kind) else None for kind in models]
    if None in classes:
        return None
    allowed: tuple[Any, ...] = tuple(classes)

    def check(value: Any) -> Any:
        if not isinstance(value, allowed):
            names = " or ".join(kind.__name__.lower() for kind in allowed)
            raise Unfit(f"must be a {names} (got {type(value).__name__})")
        return value

    return check


def _is_open(kind: Any) -> bool:
    *names, item = getattr(kind, "__args__", ()) or (object,)
    return _is_unknown(item) and all(name is str or _is_unknown(name) for name in names)


def _compiled(models: Any, annotation: Any, namespace: Mapping[str, Any], where: str) -> Convert:
    from edgeroutes.runtime.response_models import Compiler

    compiler = Compiler(namespace, where)
    if hasattr(annotation, "__metadata__"):  # pydantic's discriminator, say
        models = annotation
    return compiler.compile_union(models) if isinstance(models, list) else compiler.compile(models)
