"""Which environment variables a file reads, from its source."""

from __future__ import annotations

import ast
import itertools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.routing.python_source import parse_python

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MARKS = (b"environ", b"getenv", b"BaseSettings")
# What a read that fails raises; whoever catches it does without the variable.
_CAUGHT = frozenset({"BaseException", "Exception", "KeyError", "LookupError"})
_READS = frozenset({"get", "getenv", "pop", "__getitem__"})
# Of pydantic-settings: a field's value may come from files, or from variables for its parts.
_OTHER_SOURCES = ("env_nested_delimiter", "settings_customise_sources", "secrets_dir")
_RAISES = frozenset({"pop", "__getitem__"})
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
    uses = (*reader.uses, *_settings_uses(tree))
    return tuple(sorted(uses, key=lambda use: (use.line, use.name)))


class _Reader(ast.NodeVisitor):
    """Finds what is read from `os.environ`, by whatever name a file has it.

    Args:
        tree: The file's.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.uses: list[VariableUse] = []
        self._os, self._environ, self._getenv = _bound_names(tree)
        self._texts = _constants(tree)
        self._bind_aliases(tree)
        self._guarded = 0
        self._depth = 0

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """What is in its body runs when it is called; its decorators and defaults before."""
        for part in (*node.decorator_list, node.args):
            self.visit(part)
        self._depth += 1
        for statement in node.body:
            self.visit(statement)
        self._depth -= 1

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815  # ast's name

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Its body runs when it is called."""
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1

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
        is_read = isinstance(node.ctx, ast.Load)
        for name in self._names(node.slice) if self._is_environ(node.value) else ():
            self._add(name, node, is_required=is_read and not self._guarded, sets=not is_read)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """`"X" in environ`: who asks does without it."""
        if any(isinstance(each, ast.In | ast.NotIn) for each in node.ops) and self._is_environ(node.comparators[0]):
            for name in self._names(node.left):
                self._add(name, node, has_default=True)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """`environ.get("X")`, `getenv("X")`, `environ.setdefault("X", …)`, `environ.update(X=…)`."""
        called = self._called(node.func)
        by_name = {each.arg: each.value for each in node.keywords}
        if called == "update":
            written = [key for each in node.args if isinstance(each, ast.Dict) for key in each.keys if key is not None]
            for name in (*(name for key in written for name in self._names(key)), *filter(None, by_name)):
                self._add(name, node, sets=True)
        elif called and (key := node.args[0] if node.args else by_name.get("key")) is not None:
            has_default = len(node.args) + len(by_name) > 1
            required = called in _RAISES and not has_default and not self._guarded
            for name in self._names(key):
                self._add(name, node, has_default=has_default, is_required=required, sets=called in _WRITES)
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

    def _bind_aliases(self, tree: ast.Module) -> None:
        """The names that the file itself gives: `env = os.environ`, `get = os.environ.get`."""
        for name, value in _assignments(tree):
            if value is not None and self._is_environ(value):
                self._environ.add(name)
            elif value is not None and self._called(value) in {"get", "getenv"}:
                self._getenv.add(name)

    def _names(self, node: ast.expr) -> Iterator[str]:
        """The variables that an expression may mean, where its file says so."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Name):
            yield from self._texts.get(node.id, ())
        elif isinstance(node, ast.FormattedValue):
            yield from self._names(node.value)
        elif isinstance(node, ast.BinOp | ast.JoinedStr):
            parts = [node.left, node.right] if isinstance(node, ast.BinOp) else node.values
            if isinstance(node, ast.JoinedStr) or isinstance(node.op, ast.Add):
                yield from map("".join, itertools.product(*(tuple(self._names(part)) for part in parts)))


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


def _constants(tree: ast.Module) -> Mapping[str, tuple[str, ...]]:
    """The strings that a name is bound to: `TABLE = "USERS_TABLE"` once, or each of `for name in ("A", "B")`."""
    found: dict[str, tuple[str, ...]] = {}
    bound = Counter(name for name, _ in _assignments(tree))
    for name, value in _assignments(tree):
        if bound[name] == 1 and isinstance(value, ast.Constant) and isinstance(value.value, str):
            found[name] = (value.value,)
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Name):
            values = node.iter.elts if isinstance(node.iter, ast.Tuple | ast.List | ast.Set) else []
            texts = [each.value for each in values if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            found[node.target.id] = (*found.get(node.target.id, ()), *texts)
    return found


def _settings_uses(tree: ast.Module) -> Iterator[VariableUse]:
    """The fields of pydantic-settings' classes. Source: docs.pydantic.dev "Settings Management": case does not count."""
    settings = {"BaseSettings"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(_last_name(base) in settings for base in node.bases):
            settings.add(node.name)
            yield from _field_uses(node)


def _field_uses(node: ast.ClassDef) -> Iterator[VariableUse]:
    prefix = next((text for part in ast.walk(node) for text in _prefixes(part)), "")
    has_other_sources = any(name in ast.dump(node) for name in _OTHER_SOURCES)
    for field in node.body:
        target = field.target if isinstance(field, ast.AnnAssign) else None
        if not isinstance(field, ast.AnnAssign) or not isinstance(target, ast.Name) or target.id.startswith("_"):
            continue
        given = _field_arguments(field.value)
        alias = given.get("validation_alias", given.get("alias"))
        if "ClassVar" in ast.dump(field.annotation) or not isinstance(alias, ast.Constant | None):
            continue  # AliasChoices: any of several
        name = str(alias.value) if alias is not None else f"{prefix}{target.id}".upper()
        default = bool({"default", "default_factory"} & given.keys())
        required = not default and not has_other_sources
        yield VariableUse(name=name, line=field.lineno, is_required=required, has_default=default, runs_at_import=False)


def _field_arguments(value: ast.expr | None) -> Mapping[str, ast.expr]:
    """What a field of a model is given: its default, and what `Field(…)` says."""
    if not isinstance(value, ast.Call) or _last_name(value.func) != "Field":
        return {} if value is None else {"default": value}
    given = {each.arg: each.value for each in value.keywords if each.arg}
    first = value.args[0] if value.args else None
    is_default = first is not None and not (isinstance(first, ast.Constant) and first.value is ...)
    return {**given, "default": first} if is_default and first is not None else given


def _prefixes(node: ast.AST) -> Iterator[str]:
    """`env_prefix="APP_"` of `SettingsConfigDict`, or of a class `Config`."""
    if isinstance(node, ast.keyword) and node.arg == "env_prefix":
        value: ast.expr | None = node.value
    elif isinstance(node, ast.Assign) and [_last_name(each) for each in node.targets] == ["env_prefix"]:
        value = node.value
    else:
        return
    if isinstance(value, ast.Constant):
        yield str(value.value)


def _last_name(node: ast.expr) -> str:
    """`BaseSettings` of `pydantic_settings.BaseSettings`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None]]:
    """All assignments to a name, in functions too; a name that functions bind differently is bound several times."""
    for node in ast.walk(tree):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))


def _catches(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(map(_catches, kind.elts))
    return kind is None or (isinstance(kind, ast.Name) and kind.id in _CAUGHT)
