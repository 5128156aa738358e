"""The names that a Python file binds at its top level, found without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One top-level statement's effect on one name.

    Args:
        name: What is bound.
        line: Where, from 1.
        kind: `function` and `class` for definitions, `import`, `value` for an assigned expression, `other` for what
            cannot be followed (`+=`, a loop's variable, an unpacked value).
        node: The definition or the assigned expression.
        is_conditional: Whether it stands below `if`, `try`, `with` or a loop.
    """

    name: str
    line: int
    kind: Literal["function", "class", "import", "value", "other"]
    node: ast.AST | None
    is_conditional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bindings:
    """All that a file binds at its top level.

    Args:
        every: In the order of the file, so that of two for one name the later wins. Where only one of two branches is
            taken, the main one (`if`, `try`) counts as the later.
        imports: Local name → dotted name, of imports anywhere in the file.
        used: Names that the file reads somewhere.
    """

    every: tuple[Binding, ...]
    imports: Mapping[str, str]
    used: frozenset[str]

    def last(self, name: str) -> Binding | None:
        """The binding that counts in the end."""
        return next((binding for binding in reversed(self.every) if binding.name == name), None)

    def function_of(self, binding: Binding) -> Function | None:
        """The definition that the name stands for, through `GET = handler` and the like; None where it is elsewhere."""
        current: Binding | None = binding
        seen: set[str] = set()
        while current is not None and current.name not in seen:
            seen.add(current.name)
            if isinstance(current.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                return current.node
            current = self.last(current.node.id) if isinstance(current.node, ast.Name) else None
        return None

    def dotted_name(self, node: ast.AST) -> str | None:
        """What `Response.sse` or the like names, imports followed; None for anything but names and dots."""
        if isinstance(node, ast.Attribute):
            owner = self.dotted_name(node.value)
            return None if owner is None else f"{owner}.{node.attr}"
        return self.imports.get(node.id, node.id) if isinstance(node, ast.Name) else None


def read_bindings(module: ast.Module) -> Bindings:
    """What this file binds, imports and uses."""
    return Bindings(
        every=tuple(_bindings(module.body, is_conditional=False)),
        imports=dict(pair for node in ast.walk(module) for pair in _imports(node)),
        used=frozenset(
            node.id for node in ast.walk(module) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        ),
    )


def _bindings(body: Sequence[ast.stmt], *, is_conditional: bool) -> Iterator[Binding]:
    for statement in body:
        for name, kind, node in _bound_by(statement):
            yield Binding(name=name, line=statement.lineno, kind=kind, node=node, is_conditional=is_conditional)
        for block in _blocks(statement):
            yield from _bindings(block, is_conditional=True)


_Bound = tuple[str, Literal["function", "class", "import", "value", "other"], ast.AST | None]


def _bound_by(statement: ast.stmt) -> Iterator[_Bound]:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield statement.name, "function", statement
        case ast.ClassDef():
            yield statement.name, "class", statement
        case ast.Import() | ast.ImportFrom():
            for name, _ in _imports(statement):
                yield name, "import", None
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _assigned(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _assigned(target, value)
        case ast.AugAssign(target=target) | ast.For(target=target) | ast.AsyncFor(target=target):
            yield from _assigned(target, None)


def _assigned(target: ast.expr, value: ast.expr | None) -> Iterator[_Bound]:
    if isinstance(target, ast.Name):
        yield target.id, "value" if value is not None else "other", value
    elif isinstance(target, ast.Tuple | ast.List):
        values: list[ast.expr | None] = [None] * len(target.elts)
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
            values = list(value.elts)
        for element, part in zip(target.elts, values, strict=True):
            yield from _assigned(element.value if isinstance(element, ast.Starred) else element, part)


def _blocks(statement: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    """The statement's inner blocks that belong to the top level, the one that usually counts last."""
    match statement:
        case ast.If(test=test, body=body, orelse=orelse):
            yield orelse
            if not _is_never_true(test):
                yield body
        case ast.Try() | ast.TryStar():
            for handler in statement.handlers:
                yield handler.body
            yield statement.body
            yield statement.orelse
            yield statement.finalbody
        case ast.With(body=body) | ast.AsyncWith(body=body):
            yield body
        case ast.For(body=body, orelse=orelse) | ast.While(body=body, orelse=orelse):
            yield body
            yield orelse
        case ast.Match(cases=cases):
            for case in cases:
                yield case.body


def _is_never_true(test: ast.expr) -> bool:
    """Whether the block is not run in a function: `if TYPE_CHECKING:` and `if __name__ == "__main__":`."""
    names = {getattr(node, "id", getattr(node, "attr", None)) for node in ast.walk(test)}
    return bool(names & {"TYPE_CHECKING", "__name__"}) and not isinstance(test, ast.UnaryOp)


def _imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (top, top)
    elif isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            yield alias.asname or alias.name, f"{module}.{alias.name}"
