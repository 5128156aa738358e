"""The arguments of decorated functions and of callables that are not functions, as `inspect` reports them; loaded for these."""

from __future__ import annotations

import inspect
from functools import partial
from types import FunctionType

from edgeroutes.errors import RouteFileError
from edgeroutes.routing.argument_problems import refused_by_wrapper, required_by_wrapper
from edgeroutes.runtime.signature import (
    ABSENT,
    VAR_KEYWORDS,
    Parameter,
    evaluate,
    module_namespace,
    positional_only_error,
    variadic_error,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edgeroutes.types import Handler


def inspect_parameters(function: Handler, where: str) -> list[Parameter]:
    """The arguments as `inspect.signature` reports them, with annotations evaluated.

    Raises:
        RouteFileError: As `read_parameters`; and for a decorator's wrapper that does not take what it reports.
    """
    try:
        signature = inspect.signature(function)
    except (NameError, TypeError, ValueError) as error:
        raise RouteFileError(f"its signature cannot be read: {error}", where=where) from error
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    if inspect.Parameter.POSITIONAL_ONLY in kinds:
        raise positional_only_error(where)
    for parameter in signature.parameters.values():
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            raise variadic_error(str(parameter).partition(":")[0], where)
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
    refused = [] if code.co_flags & VAR_KEYWORDS else [name for name in names if name not in taken]
    if refused:
        fault, hint = refused_by_wrapper(refused[0])
        raise RouteFileError(f"its {fault}", where=where, hint=hint)
    for name in taken:
        if name not in names and name not in optional:
            fault, hint = required_by_wrapper(name)
            raise RouteFileError(f"its {fault}", where=where, hint=hint)
