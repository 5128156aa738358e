"""The arguments of a handler or dependency, read from its signature.

`inspect` costs several milliseconds of a cold start, so it is loaded only for decorated functions and callables that are not functions.
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


# Source: inspect.CO_VARARGS and CO_VARKEYWORDS.
VAR_KEYWORDS = 0x08
_VAR_POSITIONAL = 0x04
_VARIADIC = _VAR_POSITIONAL | VAR_KEYWORDS


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


def takes_nothing(handler: Handler) -> bool:
    """Whether `handler` is a plain function without arguments: what reads arguments is not loaded for it."""
    code: CodeType | None = getattr(handler, "__code__", None)
    if code is None or hasattr(handler, "__wrapped__") or hasattr(handler, "__signature__"):
        return False
    return not (code.co_argcount or code.co_kwonlyargcount or code.co_flags & _VARIADIC)


def read_parameters(handler: Handler, where: str) -> list[Parameter] | None:
    """The arguments of a plain function or method, with annotations evaluated; None for what `decorated.inspect_parameters` reads.

    Args:
        handler: A function, a decorated one, or any callable.
        where: Its file and name, for messages.

    Raises:
        RouteFileError: For an argument that cannot be given by name, or an annotation that names what is not there.
    """
    function: Any = getattr(handler, "__func__", handler)  # of a method
    code: CodeType | None = getattr(function, "__code__", None)
    if code is None or hasattr(function, "__wrapped__") or hasattr(function, "__signature__"):
        return None
    named = code.co_argcount + code.co_kwonlyargcount
    if code.co_posonlyargcount:
        raise positional_only_error(where)
    if code.co_flags & _VARIADIC:
        stars = "*" if code.co_flags & _VAR_POSITIONAL else "**"
        raise variadic_error(f"{stars}{code.co_varnames[named]}", where)
    positional = code.co_varnames[: code.co_argcount]
    keyword_only = code.co_varnames[code.co_argcount : named]
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


def positional_only_error(where: str) -> RouteFileError:
    """The error for arguments before a `/`."""
    from edgeroutes.routing.argument_problems import POSITIONAL_ONLY

    return RouteFileError(POSITIONAL_ONLY[0], where=where, hint=POSITIONAL_ONLY[1])


def variadic_error(name: str, where: str) -> RouteFileError:
    """The error for `*args` or `**kwargs`."""
    from edgeroutes.routing.argument_problems import variadic

    fault, hint = variadic(name)
    return RouteFileError(f"it {fault}", where=where, hint=hint)


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
    """An annotation as an object: it may be a string, or contain some, as `list["Item"]` does.

    Raises:
        RouteFileError: When it names what the module does not have.
    """
    try:
        while isinstance(annotation, str):
            annotation = eval(annotation, dict(namespace), namespace)  # noqa: S307  # the author's own source
        if isinstance(annotation, type) or "'" not in repr(annotation):
            return annotation
        from typing import get_type_hints

        holder = lambda: None  # noqa: E731  # a function, whose annotations typing evaluates
        holder.__annotations__ = {"": annotation}
        return get_type_hints(holder, dict(namespace), namespace, include_extras=True)[""]
    except NameError as error:
        from edgeroutes.routing.argument_problems import IMPORT_IT

        problem = f"its annotation {annotation!r} cannot be read: {error}"
        raise RouteFileError(problem, where=where, hint=IMPORT_IT) from error
    except Exception as error:
        raise RouteFileError(
            f"its annotation {annotation!r} cannot be read: {type(error).__name__}: {error}", where=where
        ) from error


def module_namespace(owner: Any) -> dict[str, Any]:
    """The names that a class's annotations may use."""
    module = sys.modules.get(getattr(owner, "__module__", ""))
    own = {each.__name__: each for each in getattr(owner, "__type_params__", ())}
    return {**vars(module), **own} if module else own


def class_hints(kind: Any) -> dict[str, Any]:
    """The evaluated annotations of a class. Before Python 3.13 typing does not know the type parameters of `class Row[T](TypedDict)`."""
    from typing import get_type_hints

    parameters = {each.__name__: each for each in getattr(kind, "__type_params__", ())}
    return get_type_hints(kind, localns={**vars(kind), **parameters} if parameters else None, include_extras=True)
