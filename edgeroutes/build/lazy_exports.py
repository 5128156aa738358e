"""What a PEP 562 façade hands out: names, and the modules behind them.

A façade is a module with a `__getattr__` and a literal dict from names to modules, at its top or inside that function::

    _EXPORTS = {"Request": "http.request"}                                relative to the package, else absolute
    _dynamic = {"BaseModel": (__spec__.parent, ".main")}                  pydantic's form
    _lazy = {"Client": ("package.client", "Client")}                      module and attribute

Source: PEP 562.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.build.syntax import parse_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class LazyExport:
    """One name of a façade.

    Args:
        name: What importers ask for.
        modules: Where it may live, in the order in which to try: `.main` is relative, `http.request` is relative or,
            failing that, absolute.
        line: 1-based line of the entry.
    """

    name: str
    modules: tuple[str, ...]
    line: int


def parse_lazy_exports(body: Sequence[ast.stmt]) -> tuple[tuple[LazyExport, ...], range]:
    """The façade's names and the lines of its `__getattr__`; nothing and an empty range for any other file."""
    getattr_ = next((node for node in _top_level(body) if _is_getattr(node)), None)
    if getattr_ is None:
        return (), range(0)
    inside = (node for node in ast.walk(getattr_) if isinstance(node, ast.Assign | ast.AnnAssign))
    exports: dict[str, LazyExport] = {}
    for node in (*_top_level(body), *inside):
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            exports.update((export.name, export) for export in _parse_dict(node.value))
    return tuple(exports.values()), range(getattr_.lineno, (getattr_.end_lineno or getattr_.lineno) + 1)


def parse_exports(body: Sequence[ast.stmt]) -> tuple[str, ...]:
    """The literal strings of `__all__`."""
    names: list[str] = []
    for node in _top_level(body):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            names.extend(parse_texts(getattr(node, "value", None)))
    return tuple(dict.fromkeys(names))


def _top_level(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _top_level(node.body)
            yield from _top_level(node.orelse)


def _is_getattr(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__getattr__"


def _parse_dict(node: ast.Dict) -> Iterator[LazyExport]:
    for key, value in zip(node.keys, node.values, strict=True):
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.isidentifier()):
            continue
        texts = (
            (value.value,) if isinstance(value, ast.Constant) and isinstance(value.value, str) else parse_texts(value)
        )
        modules = tuple(text for text in _joined(texts) if _is_module(text))
        if modules:
            yield LazyExport(name=key.value, modules=modules, line=key.lineno)


def _joined(texts: tuple[str, ...]) -> tuple[str, ...]:
    """A package followed by a relative module are one module: `("pydantic_core", ".core_schema")`."""
    if len(texts) == 2 and texts[1].startswith(".") and not texts[0].startswith("."):
        return (texts[0] + texts[1],)
    return texts


def _is_module(text: str) -> bool:
    return all(part.isidentifier() for part in text.lstrip(".").split("."))
