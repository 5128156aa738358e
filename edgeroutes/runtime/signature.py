"""The arguments of a handler or dependency, read from its signature.

`inspect` costs several milliseconds of a cold start, so it is loaded only for decorated functions and callables that are not functions.
"""

from __future__ import annotations

import sys
from functools import partial
from types import FunctionType

from edgeroutes.errors import RouteFileError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType
    from typing import Any

    from edgeroutes.types import Handler


# Source: inspect.CO_VARARGS and CO_VARKEYWORDS.
_VAR_KEYWORDS = 0x08
_VARIADIC = 0x04 | _VAR_KEYWORDS
_NO_SLASH = "Remove the '/' from its signature"


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
    """The arguments of `handler` as `inspect.signature` reports them, with annotations evaluated.

    A plain function and a method are read without `inspect`.

    Args:
        handler: A function, a decorated one, or any callable.
        where: Its file and name, for messages.

    Raises:
        RouteFileError: For an argument that cannot be given by name, a decorator that does not take what it reports, or an annotation
            that names what is not there.
    """
    function: Any = getattr(handler, "__func__", handler)  # of a method
    code: CodeType | None = getattr(function, "__code__", None)
    if code is None or hasattr(function, "__wrapped__") or hasattr(function, "__signature__"):
        return _inspected(handler, where)
    if code.co_posonlyargcount:
        raise RouteFileError("a handler's arguments are given by name", where=where, hint=_NO_SLASH)
    if code.co_flags & _VARIADIC:
        raise _variadic_error(where)
    positional = code.co_varnames[: code.co_argcount]
    keyword_only = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    defaults: dict[str, Any] = dict(function.__kwdefaults__ or {})
    given = function.__defaults__ or ()
    defaults.update(zip(positional[len(positional) - len(given) :], given, strict=True))
    if function is not handler:
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


def _variadic_error(where: str) -> RouteFileError:
    hint = "Name each argument. A decorator's wrapper that takes *args and **kwargs needs '@functools.wraps(function)'"
    return RouteFileError("it takes *args or **kwargs, which nothing in a request can fill", where=where, hint=hint)


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
        return eval(annotation, dict(namespace))  # noqa: S307  # the author's own source
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

    try:
        signature = inspect.signature(function)
    except (NameError, TypeError, ValueError) as error:
        raise RouteFileError(f"its signature cannot be read: {error}", where=where) from error
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    if inspect.Parameter.POSITIONAL_ONLY in kinds:
        raise RouteFileError("a handler's arguments are given by name", where=where, hint=_NO_SLASH)
    if {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} & kinds:
        raise _variadic_error(where)
    # What a partial object sets is the author's value, and no client's.
    fixed = function.keywords if isinstance(function, partial) else {}
    names = [name for name in signature.parameters if name not in fixed]
    _require_names(function, names, where)
    namespace = _namespace(inspect.unwrap(function))
    found = []
    for name in names:
        parameter = signature.parameters[name]
        annotation = ABSENT if parameter.annotation is parameter.empty else parameter.annotation
        found.append(
            Parameter(
                name,
                evaluate(annotation, namespace, f"{where}, argument {name!r}"),
                ABSENT if parameter.default is parameter.empty else parameter.default,
            )
        )
    return found


def _namespace(function: Any) -> dict[str, Any]:
    """The names that the annotations of a callable may use."""
    while isinstance(function, partial):
        function = function.func
    if not hasattr(function, "__globals__"):
        function = getattr(function, "__init__" if isinstance(function, type) else "__call__", function)
    return getattr(function, "__globals__", None) or module_namespace(function)


def _require_names(function: Any, names: list[str], where: str) -> None:
    """Raise RouteFileError where a decorator's wrapper does not take the arguments that the signature reports."""
    method = getattr(function, "__func__", function)
    if type(method) is not FunctionType:
        return
    code = method.__code__
    first = code.co_posonlyargcount + (method is not function)
    taken = code.co_varnames[first : code.co_argcount + code.co_kwonlyargcount]
    with_default = len(method.__defaults__ or ())
    optional = {*(method.__kwdefaults__ or {}), *code.co_varnames[code.co_argcount - with_default : code.co_argcount]}
    refused = [] if code.co_flags & _VAR_KEYWORDS else [name for name in names if name not in taken]
    if refused:
        problem = f"its decorator's wrapper does not take the argument {refused[0]!r}"
        raise RouteFileError(problem, where=where, hint="Give the wrapper **kwargs, and pass them on")
    for name in taken:
        if name not in names and name not in optional:
            problem = f"its decorator's wrapper requires the argument {name!r}, which the signature does not report"
            hint = "Set the wrapper's __signature__ to one with it, or take the argument in the handler, too"
            raise RouteFileError(problem, where=where, hint=hint)
