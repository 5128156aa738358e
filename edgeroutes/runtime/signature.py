"""What a handler asks for, read off the function itself. Request wing, floor 2.

`inspect` costs several milliseconds of a cold start, so it is loaded only for callables that are no plain functions.
"""

from __future__ import annotations

import sys

from edgeroutes.errors import RouteFileError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType
    from typing import Any

    from edgeroutes.types import Handler


class _Absent:
    """Stands for an annotation or default that is not there."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()


class Parameter:
    """One argument that a handler takes."""

    __slots__ = ("annotation", "default", "name")

    def __init__(self, name: str, annotation: Any = ABSENT, default: Any = ABSENT) -> None:
        self.name = name
        self.annotation = annotation
        self.default = default

    def __repr__(self) -> str:
        return f"Parameter({self.name!r}, {self.annotation!r}, {self.default!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parameter) and repr(self) == repr(other)

    __hash__ = None  # type: ignore[assignment]


def read_parameters(handler: Handler, where: str) -> list[Parameter]:
    """The arguments of `handler` that can be given by name, with annotations evaluated.

    Args:
        handler: A function, a decorated one (followed through `__wrapped__`), or any callable.
        where: Its file and name, for messages.

    Raises:
        RouteFileError: For positional-only arguments, or an annotation that names what is not there.
    """
    function = handler
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code: CodeType | None = getattr(function, "__code__", None)
    if code is None:
        return _inspected(function, where)
    if code.co_posonlyargcount:
        hint = "Take the '/' out of its signature"
        raise RouteFileError("a handler's arguments are given by name", where=where, hint=hint)
    positional = code.co_varnames[: code.co_argcount]
    keyword_only = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    defaults: dict[str, Any] = dict(function.__kwdefaults__ or {})
    given = function.__defaults__ or ()
    defaults.update(zip(positional[len(positional) - len(given) :], given, strict=True))
    if getattr(function, "__self__", None) is not None:
        positional = positional[1:]
    annotations = _annotations(function) if positional or keyword_only else {}
    return [
        Parameter(
            name,
            evaluate(annotations.get(name, ABSENT), function.__globals__, f"{where}, argument {name!r}"),
            defaults.get(name, ABSENT),
        )
        for name in (*positional, *keyword_only)
    ]


def return_annotation(handler: Handler) -> tuple[Any, Any]:
    """The annotation of what `handler` returns, as it is written or ABSENT, and the function that has it."""
    function: Any = handler
    while not hasattr(function, "__signature__") and hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    if (signature := getattr(function, "__signature__", None)) is not None:
        found = signature.return_annotation
        return (ABSENT if found is signature.empty else found), function
    if not hasattr(function, "__code__"):
        function = type(function).__call__  # of an instance; a partial has no annotation
    return _annotations(function).get("return", ABSENT), function


def _annotations(function: Handler) -> Mapping[str, Any]:
    try:
        return getattr(function, "__annotations__", {})
    except NameError:  # Python 3.14 evaluates them now, and one (of what is returned, say) is for type checkers only
        from annotationlib import Format, get_annotations  # type: ignore[import-not-found]

        read: Mapping[str, Any] = get_annotations(function, format=Format.FORWARDREF)
        return {name: getattr(value, "__forward_arg__", value) for name, value in read.items()}


def evaluate(annotation: Any, namespace: Mapping[str, Any], where: str) -> Any:
    """An annotation as an object: under `from __future__ import annotations` it is a text.

    Raises:
        RouteFileError: When it names what the module does not have.
    """
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, dict(namespace), namespace)  # noqa: S307  # the author's own source
    except NameError as error:
        hint = "Import it outside 'if TYPE_CHECKING:', for it is needed when the route runs"
        problem = f"its annotation {annotation!r} cannot be read: {error}"
        raise RouteFileError(problem, where=where, hint=hint) from error
    except Exception as error:
        raise RouteFileError(
            f"its annotation {annotation!r} cannot be read: {type(error).__name__}: {error}", where=where
        ) from error


def module_namespace(owner: Any) -> dict[str, Any]:
    """The names that a class's annotations may use."""
    module = sys.modules.get(getattr(owner, "__module__", ""))
    return dict(vars(module)) if module else {}


def _inspected(function: Handler, where: str) -> list[Parameter]:
    import inspect

    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    try:
        signature = inspect.signature(function, eval_str=True)
    except (NameError, TypeError, ValueError) as error:
        raise RouteFileError(f"its signature cannot be read: {error}", where=where) from error
    return [
        Parameter(
            parameter.name,
            ABSENT if parameter.annotation is parameter.empty else parameter.annotation,
            ABSENT if parameter.default is parameter.empty else parameter.default,
        )
        for parameter in signature.parameters.values()
        if parameter.kind in by_name
    ]
