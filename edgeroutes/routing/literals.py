"""The value of an expression that can be read without running it.

Ground floor, build wing; knows syntax trees, not what the value is for.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeroutes.routing.bindings import Bindings


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


def is_literal(node: ast.AST | None) -> bool:
    """Whether this is a literal: text, a number, a list, a dict, None and so on."""
    if not isinstance(node, ast.expr):
        return False
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return isinstance(node, ast.JoinedStr | ast.List | ast.Dict | ast.Set | ast.Tuple | ast.ListComp | ast.DictComp)
    return True
