"""The places where a file reads what is one user's of the request (headers, cookies, client), as far as its source shows.

Such a read makes the response of a cached route dynamic; that is decided when it runs (`runtime/context`). Reads by functions of other
files are not seen.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.routing.bindings import read_bindings
from edgeroutes.routing.python_source import parse_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.routing.bindings import Bindings

    Function = ast.FunctionDef | ast.AsyncFunctionDef

_OF_THE_REQUEST = frozenset({"headers", "cookies", "client"})
_ACCESSORS = {f"edgeroutes.{name}": name for name in ("headers", "cookies")}
_MARKERS = {"edgeroutes.Header": "headers", "edgeroutes.Cookie": "cookies"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicRead:
    """One place that reads it.

    Args:
        what: `headers`, `cookies`, `client` or `aws_event`.
        line: Where, from 1.
        function: The top-level function that it stands in; empty for none.
    """

    what: str
    line: int
    function: str = ""


def find_dynamic_reads(source: str) -> tuple[DynamicRead, ...]:
    """The places of a file that read it, by line; none of a file that is not Python."""
    try:
        module = parse_python(source)
    except (SyntaxError, ValueError):
        return ()
    bindings = read_bindings(module)
    found = {
        DynamicRead(what=what, line=node.lineno, function=getattr(statement, "name", ""))
        for statement in module.body
        for node, what in _read_nodes(statement, bindings)
    }
    return tuple(sorted(found, key=lambda read: (read.line, read.what)))


def _read_nodes(statement: ast.stmt, bindings: Bindings) -> Iterator[tuple[ast.expr, str]]:
    requests = {name for node in ast.walk(statement) for name in _request_arguments(node, bindings)}
    for node in ast.walk(statement):
        if isinstance(node, ast.Call):
            called = bindings.dotted_name(node.func) or ""
            if called in _ACCESSORS or called in _MARKERS:
                yield node, _ACCESSORS.get(called) or _MARKERS[called]
        elif isinstance(node, ast.Attribute):
            if node.attr == "aws_event":
                yield node, "aws_event"
            elif node.attr in _OF_THE_REQUEST and isinstance(node.value, ast.Name) and node.value.id in requests:
                yield node, node.attr


def _request_arguments(node: ast.AST, bindings: Bindings) -> Iterator[str]:
    """The arguments of a function that are the request: by name, or by annotation."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        annotated = (
            argument.annotation is not None and bindings.dotted_name(argument.annotation) == "edgeroutes.Request"
        )
        if argument.arg == "request" or annotated:
            yield argument.arg
