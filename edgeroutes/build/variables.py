"""Which environment variables a file reads, from its source. Floor 2; runs nothing."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.routing.python_source import parse_python

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MARKS = (b"environ", b"getenv")
# What a read that fails raises; whoever catches it does without the variable.
_CAUGHT = frozenset({"BaseException", "Exception", "KeyError", "LookupError"})
_READS = frozenset({"get", "getenv"})
_WRITES = frozenset({"setdefault", "update"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableUse:
    """A place that reads or sets an environment variable.

    Args:
        name: Of the variable.
        line: 1-based.
        is_required: Whether the file does not go on without it: `environ["X"]`, outside of a `try` that catches what that raises.
        has_default: Whether the read names a value for the case that there is none.
        sets: Whether the variable is set here, not read.
        runs_at_import: Whether whoever imports the file runs it: it is not inside a function.
    """

    name: str
    line: int
    is_required: bool = False
    has_default: bool = False
    sets: bool = False
    runs_at_import: bool = True


def read_variable_uses(file: Path) -> tuple[VariableUse, ...]:
    """The uses in a file, by line; none for a file that cannot be read, or is not Python."""
    try:
        source = file.read_bytes()
        if not any(mark in source for mark in _MARKS):
            return ()
        tree = parse_python(source)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return ()
    reader = _Reader(tree)
    reader.visit(tree)
    return tuple(sorted(reader.uses, key=lambda use: (use.line, use.name)))


class _Reader(ast.NodeVisitor):
    """Finds what is read from `os.environ`, by whatever name a file has it.

    Args:
        tree: The file's.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.uses: list[VariableUse] = []
        self._os, self._environ, self._getenv = _bound_names(tree)
        self._texts = _constants(tree)
        self._guarded = 0
        self._depth = 0

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        """What is in it runs when it is called."""
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef  # noqa: N815  # ast's names

    def visit_Try(self, node: ast.Try) -> None:
        """A read in the body is optional where a handler catches its error."""
        is_guarded = any(_catches(handler.type) for handler in node.handlers)
        self._guarded += is_guarded
        for statement in node.body:
            self.visit(statement)
        self._guarded -= is_guarded
        for part in (*node.handlers, *node.orelse, *node.finalbody):
            self.visit(part)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """`environ["X"]`, read or set."""
        name = self._text(node.slice) if self._is_environ(node.value) else None
        if name is not None:
            is_read = isinstance(node.ctx, ast.Load)
            required = is_read and not self._guarded
            self._add(name, node, is_required=required, sets=not is_read)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """`"X" in environ`: who asks does without it."""
        if any(isinstance(each, ast.In | ast.NotIn) for each in node.ops) and self._is_environ(node.comparators[0]):
            name = self._text(node.left)
            if name is not None:
                self._add(name, node, has_default=True)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """`environ.get("X")`, `getenv("X")`, `environ.setdefault("X", …)`."""
        called = self._called(node.func)
        name = self._text(node.args[0]) if called and node.args else None
        if name is not None:
            has_default = len(node.args) > 1 or bool(node.keywords)
            sets = called in _WRITES
            self._add(name, node, has_default=has_default, sets=sets)
        self.generic_visit(node)

    def _add(self, name: str, node: ast.expr, **known: bool) -> None:
        self.uses.append(VariableUse(name=name, line=node.lineno, runs_at_import=not self._depth, **known))

    def _called(self, function: ast.expr) -> str:
        if isinstance(function, ast.Name):
            return "getenv" if function.id in self._getenv else ""
        if not isinstance(function, ast.Attribute):
            return ""
        if self._is_environ(function.value) and function.attr in _READS | _WRITES:
            return function.attr
        of_os = isinstance(function.value, ast.Name) and function.value.id in self._os
        return function.attr if of_os and function.attr == "getenv" else ""

    def _is_environ(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            return node.id in self._environ
        if not isinstance(node, ast.Attribute) or node.attr != "environ":
            return False
        return isinstance(node.value, ast.Name) and node.value.id in self._os

    def _text(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        return self._texts.get(node.id) if isinstance(node, ast.Name) else None


def _bound_names(tree: ast.Module) -> tuple[set[str], set[str], set[str]]:
    """The names by which a file has `os`, `os.environ` and `os.getenv`."""
    modules: set[str] = set()
    found: dict[str, set[str]] = {"environ": set(), "getenv": set()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(alias.asname or "os" for alias in node.names if alias.name in ("os", "os.path"))
        elif isinstance(node, ast.ImportFrom) and node.module == "os" and not node.level:
            for alias in node.names:
                if alias.name in found:
                    found[alias.name].add(alias.asname or alias.name)
    return modules, found["environ"], found["getenv"]


def _constants(tree: ast.Module) -> Mapping[str, str]:
    """The texts that are bound once at the top of the file: `TABLE = "USERS_TABLE"`."""
    found: dict[str, str] = {}
    for name, value in _assignments(tree):
        if name in found:
            del found[name]
        elif isinstance(value, ast.Constant) and isinstance(value.value, str):
            found[name] = value.value
    return found


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None]]:
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))


def _catches(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(map(_catches, kind.elts))
    return kind is None or (isinstance(kind, ast.Name) and kind.id in _CAUGHT)
