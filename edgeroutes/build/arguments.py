"""What a route file's handlers take, as far as it decides which of edgeroutes' readers a function needs."""

from __future__ import annotations

import ast
from enum import StrEnum
from typing import TYPE_CHECKING

from edgeroutes.build.modules import OWN_PACKAGE
from edgeroutes.routing.conventions import METHODS as _METHODS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edgeroutes.build.import_values import ImportSite

_OWN_TYPES = frozenset({"Request", "Response", "RouteContext"})
_SCALARS = frozenset({"bool", "float", "int"})
_NAMES = frozenset(_METHODS)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Arguments(StrEnum):
    """The readers that arguments need, each with those before it."""

    PLAIN = "plain"
    """The request, its context, segments and texts: no reader of its own."""
    SCALARS = "scalars"
    """Numbers and truth values, which are converted, or a return annotation that only names a plain type."""
    ANY = "any"
    """Models, forms, a return annotation that converts, or whatever the source does not show."""


_ORDER = tuple(Arguments)


def read_arguments(tree: ast.Module, sites: Iterable[ImportSite]) -> Arguments:
    """What the handlers of a route file take; `ANY` unless every one is a function in this file without decorators.

    Args:
        tree: Of the file.
        sites: Its imports.
    """
    own, taken = set[str](), set[str]()
    for site in sites:
        if "*" in site.names or _NAMES.intersection(site.binds):
            return Arguments.ANY
        is_own = not site.level and site.module.partition(".")[0] == OWN_PACKAGE
        for name, bound in zip(site.names or site.binds, site.binds, strict=False):
            (own if is_own and name == bound and name in _OWN_TYPES else taken).add(bound)
    functions: list[_Function] = []
    for node in ast.walk(tree):
        if isinstance(node, _Function) and node.name in _NAMES:
            functions.append(node)
        elif _NAMES.intersection(names := {*_bound_names(node)}):
            return Arguments.ANY
        else:
            taken |= names
    needs = (_need(function, own - taken, taken) for function in functions)
    return max(needs, key=_ORDER.index, default=Arguments.PLAIN)


def _bound_names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name


def _need(function: _Function, own: set[str], taken: set[str]) -> Arguments:
    arguments = function.args
    if function.decorator_list or arguments.vararg or arguments.kwarg:
        return Arguments.ANY
    if not _is_plain_return(function.returns, own, taken):
        return Arguments.ANY
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    needs = [_of_annotation(each.annotation, own, taken) for each in every]
    defaults = (*arguments.defaults, *(each for each in arguments.kw_defaults if each is not None))
    returned = Arguments.PLAIN if function.returns is None else Arguments.SCALARS
    return max((*needs, returned, *map(_of_default, defaults)), key=_ORDER.index, default=Arguments.PLAIN)


def _of_annotation(node: ast.expr | None, own: set[str], taken: set[str]) -> Arguments:
    if node is None:
        return Arguments.PLAIN
    if isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant) and node.right.value is None:
        return _of_annotation(node.left, own, taken)  # str | None
    if not isinstance(node, ast.Name):
        return Arguments.ANY
    if node.id in own or (node.id == "str" and node.id not in taken):
        return Arguments.PLAIN
    return Arguments.SCALARS if node.id in _SCALARS - taken else Arguments.ANY


def _is_plain_return(node: ast.expr | None, own: set[str], taken: set[str]) -> bool:
    """Whether a return annotation needs no converter, as far as the source shows: `dict[str, object]`, Response, `str`."""
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return True
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple | ast.Name):
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        names = [
            node.value.id if isinstance(node.value, ast.Name) else "",
            *(getattr(item, "id", "") for item in items),
        ]
        return names in (["dict", "str", "object"], ["list", "object"]) and taken.isdisjoint(names)
    return isinstance(node, ast.Name) and (
        node.id in own or (node.id in {"dict", "list", "str", "bytes", "object"} and node.id not in taken)
    )


def _of_default(node: ast.expr) -> Arguments:
    if not isinstance(node, ast.Constant):
        return Arguments.ANY
    if node.value is None or isinstance(node.value, str):
        return Arguments.PLAIN
    return Arguments.SCALARS if isinstance(node.value, int) else Arguments.ANY
