"""The value of an expression that can be read without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.errors import RouteFileError
from edgeroutes.http.cors import CORS
from edgeroutes.routing.python_source import render_node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeroutes.routing.bindings import Binding, Bindings


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueCall:
    """A call of one of edgeroutes' value classes, such as `CORS(origins=["https://a.example"])`, not yet made.

    Args:
        name: The class's name, whatever the file calls it.
        args: Literals, or calls of the same sort.
        kwargs: The same, by name.
        line: Where it stands, from 1.
    """

    name: str
    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    line: int


def read_value(node: ast.expr, bindings: Bindings) -> object:
    """The value of a literal, or the `ValueCall` for a call of edgeroutes' own value class with literal arguments.

    Args:
        node: The expression.
        bindings: Of its file, for what its names were imported from.

    Raises:
        ValueError: The expression would have to be run.
    """
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    dotted = bindings.dotted_name(node.func) or ""
    if dotted.partition(".")[0] != "edgeroutes":
        raise ValueError(f"{dotted or 'this'} is not one of edgeroutes' value classes")
    if any(isinstance(argument, ast.Starred) for argument in node.args) or any(
        word.arg is None for word in node.keywords
    ):
        raise ValueError("a starred argument has to be run")
    return ValueCall(
        name=dotted.rpartition(".")[2],
        args=tuple(read_value(argument, bindings) for argument in node.args),
        kwargs={word.arg: read_value(word.value, bindings) for word in node.keywords if word.arg is not None},
        line=node.lineno,
    )


def read_constant(binding: Binding, bindings: Bindings, where: str) -> object:
    """The value of a name that must be readable without running the file.

    Args:
        binding: Of the name.
        bindings: Of its file.
        where: The file with its line, for the error.

    Raises:
        RouteFileError: It cannot be read so, or one of edgeroutes' value classes does not take its arguments.
    """
    name = binding.name
    if binding.kind == "import":
        problem = (
            f"{name} is imported from {bindings.imports.get(name)!r}, and config must stand in the route file itself"
        )
        raise RouteFileError(problem, where=where, hint=f"Write '{name} = ...' with a literal")
    if any(other.is_conditional for other in bindings.every if other.name == name):
        problem = f"{name} is set below an 'if', 'try', 'with' or loop. It must be readable without running the file"
        raise RouteFileError(problem, where=where, hint=f"Write one '{name} = ...' at the top level")
    node = binding.node
    if binding.kind == "value" and isinstance(node, ast.expr):
        try:
            return _made(read_value(node, bindings), where)
        except (ValueError, TypeError, MemoryError, RecursionError):
            there = render_node(node)
    else:
        there = {"function": "a function", "class": "a class"}.get(binding.kind, "changed after it is set")
    problem = f"{name} is {there}. It must be readable without running the file"
    hint = "Write a literal, or call one of edgeroutes' own value classes with literals"
    raise RouteFileError(problem, where=where, hint=hint)


def _made(value: object, where: str) -> object:
    """The value that a call of one of edgeroutes' value classes makes; every other value as it is.

    Raises:
        RouteFileError: The class does not take these arguments.
    """
    if not isinstance(value, ValueCall) or value.name != CORS.__name__:
        return value
    try:
        return CORS(*value.args, **value.kwargs)  # type: ignore[arg-type]  # it checks them
    except (TypeError, ValueError) as err:
        problem = str(err).replace("CORS.__init__()", "CORS()").partition(". Did you mean")[0]  # which Python 3.13 adds
        raise RouteFileError(f"cors: {problem}", where=where) from err


def is_literal(node: ast.AST | None) -> bool:
    """Whether this is a literal: text, a number, a list, a dict, None and so on."""
    if not isinstance(node, ast.expr):
        return False
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return isinstance(node, ast.JoinedStr | ast.List | ast.Dict | ast.Set | ast.Tuple | ast.ListComp | ast.DictComp)
    return True
