"""What one source file imports, where, and how surely. Floor 2; knows no file system, no search path and no other file.

A statement is read as text: nothing is imported or run. What cannot be read so (`import_module(name)`) is a value.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from edgeroutes.build.lazy_exports import LazyExport, parse_exports, parse_lazy_exports
from edgeroutes.build.syntax import (
    MACHINE_NAMES,
    attribute_uses,
    catches_import_error,
    is_about_machine,
    is_script,
    is_type_checking,
    parse_dunder_import,
    parse_import_module,
    parse_source,
    suppresses_import_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_TEXT_LIMIT = 80


class ImportKind(StrEnum):
    """How surely an import happens when its file is loaded."""

    MODULE = "module-level"
    FUNCTION = "function-level"
    OPTIONAL = "optional"
    """In a `try` that catches ImportError, or on a branch that only some machines or versions of Python take."""
    DYNAMIC = "dynamic"
    """`import_module("literal")` and `__import__("literal")`."""
    TYPE_CHECKING = "type-checking"
    """Never happens at run time."""
    SCRIPT = "script"
    """Under `if __name__ == "__main__"`: does not happen when the file is imported."""


NEVER_RUN = frozenset({ImportKind.TYPE_CHECKING, ImportKind.SCRIPT})
_STRENGTH: tuple[ImportKind | None, ...] = (None, ImportKind.OPTIONAL, ImportKind.SCRIPT, ImportKind.TYPE_CHECKING)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSite:
    """One imported module at one line.

    Args:
        module: Dotted name as written, without its leading dots; empty in `from . import x`.
        level: The number of leading dots; 0 is absolute.
        names: What `from module import …` asks for; empty for `import module`.
        binds: The variables that the statement sets: one for `import module`, else one per name; empty for a call.
        line: 1-based.
        in_function: Whether it is inside a function body, whatever its kind.
        asks: The attributes that the file asks of asyncio, where that is the module; None where it may ask for any, and
            for every other module.
    """

    module: str
    level: int = 0
    names: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()
    line: int
    kind: ImportKind = ImportKind.MODULE
    in_function: bool = False
    asks: tuple[str, ...] | None = None

    @property
    def written(self) -> str:
        """The module as the file spells it, dots included."""
        return "." * self.level + self.module


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownImport:
    """A dynamic import whose module only running the file would tell; `text` is the call as written."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileImports:
    """All that one file imports, in the order of its lines.

    Args:
        sites: Every import whose module is known.
        unknown: Every dynamic import whose module is not.
        lazy: For a PEP 562 façade, the modules that stand behind each name.
        exports: The literal `__all__`.
    """

    sites: tuple[ImportSite, ...] = ()
    unknown: tuple[UnknownImport, ...] = ()
    lazy: tuple[LazyExport, ...] = ()
    exports: tuple[str, ...] = ()


def parse_imports(source: str | bytes, *, where: str) -> FileImports:
    """What the source imports.

    Args:
        source: A whole Python file.
        where: The file's name, for the error.

    Returns:
        The sites in the order of their lines:
        `parse_imports("import json", where="a.py").sites == (ImportSite(module="json", binds=("json",), line=1),)`.

    Raises:
        ImportRaisedError: The source is not Python, or newer than the Python that runs this.
    """
    tree = parse_source(source, where=where)
    text = source if isinstance(source, bytes) else source.encode()
    reader = _Reader(
        reads_calls=b"import_module" in text or b"__import__" in text,
        reads_machine_tests=any(name.encode() in text for name in MACHINE_NAMES),
    )
    reader.read(tree.body, _Place())
    sites, unknown = reader.finish()
    lazy, lines = parse_lazy_exports(tree.body)
    if lazy:  # the façade says in full what the call in its __getattr__ cannot
        unknown = [call for call in unknown if call.line not in lines]
    if any(_is_asyncio(site) for site in sites):
        uses = attribute_uses(tree)
        sites = [replace(site, asks=_asked(uses.get(site.binds[0]))) if _is_asyncio(site) else site for site in sites]
    return FileImports(sites=tuple(sites), unknown=tuple(unknown), lazy=lazy, exports=parse_exports(tree.body))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where in a file the reader stands: inside a function, behind which guard."""

    in_function: bool = False
    guard: ImportKind | None = None

    def guarded(self, guard: ImportKind | None) -> _Place:
        """The same place behind one more guard; the stronger one counts."""
        strongest = max(self.guard, guard, key=_STRENGTH.index)
        return self if strongest is self.guard else _Place(in_function=self.in_function, guard=strongest)

    @property
    def kind(self) -> ImportKind:
        return self.guard or (ImportKind.FUNCTION if self.in_function else ImportKind.MODULE)


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Walks statements, and into expressions only where the text mentions what may be found there."""

    reads_calls: bool
    reads_machine_tests: bool
    sites: list[ImportSite] = field(default_factory=list)
    calls: list[tuple[ast.Call, _Place]] = field(default_factory=list)
    importlib_names: set[str] = field(default_factory=set)
    import_module_names: set[str] = field(default_factory=set)
    steps: dict[type[ast.stmt], Callable[[Any, _Place], None]] = field(init=False)

    def __post_init__(self) -> None:
        self.steps = {  # statements that hold no others are absent
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.If: self._if,
            ast.Try: self._try,
            ast.TryStar: self._try,
            ast.With: self._with,
            ast.AsyncWith: self._with,
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.ClassDef: self._block,
            ast.For: self._block,
            ast.AsyncFor: self._block,
            ast.While: self._block,
            ast.Match: self._match,
        }

    def read(self, nodes: Iterable[ast.stmt], place: _Place) -> None:
        for node in nodes:
            if self.reads_calls:
                self._read_calls(node, place)
            step = self.steps.get(type(node))
            if step is not None:
                step(node, place)

    def finish(self) -> tuple[list[ImportSite], list[UnknownImport]]:
        """All sites in the order of their lines, the dynamic ones among them, and the calls that name no literal."""
        unknown: list[UnknownImport] = []
        for call, place in self.calls:
            if not self._imports(call.func):
                continue
            found = _parse_call(call, place)
            if found is not None:
                self.sites.append(found)
            elif place.guard not in NEVER_RUN:
                unknown.append(UnknownImport(line=call.lineno, text=ast.unparse(call)[:_TEXT_LIMIT]))
        return sorted(self.sites, key=lambda site: site.line), sorted(unknown, key=lambda call: call.line)

    def _imports(self, function: ast.expr) -> bool:
        if isinstance(function, ast.Name):
            return function.id == "__import__" or function.id in self.import_module_names
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            if function.attr == "import_module":
                return function.value.id in self.importlib_names
            return function.attr == "__import__" and function.value.id in {"builtins", "importlib"}
        return False

    def _read_calls(self, node: ast.stmt, place: _Place) -> None:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
                self.calls.extend((call, place) for call in ast.walk(child) if isinstance(call, ast.Call))

    def _add(self, node: ast.Import | ast.ImportFrom, place: _Place, **site: Any) -> None:
        self.sites.append(ImportSite(line=node.lineno, kind=place.kind, in_function=place.in_function, **site))

    def _import(self, node: ast.Import, place: _Place) -> None:
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            if bound == "importlib" or alias.name == "importlib":
                self.importlib_names.add(bound)
            self._add(node, place, module=alias.name, binds=(bound,))

    def _import_from(self, node: ast.ImportFrom, place: _Place) -> None:
        names = tuple(alias.name for alias in node.names)
        binds = tuple(alias.asname or alias.name for alias in node.names)
        if node.module == "importlib" and "import_module" in names:
            self.import_module_names.add(binds[names.index("import_module")])
        self._add(node, place, module=node.module or "", level=node.level, names=names, binds=binds)

    def _if(self, node: ast.If, place: _Place) -> None:
        body, orelse = _guards(node.test)
        if body is orelse is None and self.reads_machine_tests and is_about_machine(node.test):
            body = orelse = ImportKind.OPTIONAL
        self.read(node.body, place.guarded(body))
        self.read(node.orelse, place.guarded(orelse))

    def _try(self, node: ast.Try, place: _Place) -> None:
        catching = [handler for handler in node.handlers if catches_import_error(handler)]
        inner = place.guarded(ImportKind.OPTIONAL) if catching else place
        self.read(node.body, inner)
        for handler in node.handlers:
            self.read(handler.body, inner if handler in catching else place)
        self.read(node.orelse, inner)
        self.read(node.finalbody, place)

    def _with(self, node: ast.With | ast.AsyncWith, place: _Place) -> None:
        suppresses = any(suppresses_import_error(item.context_expr) for item in node.items)
        self.read(node.body, place.guarded(ImportKind.OPTIONAL) if suppresses else place)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, place: _Place) -> None:
        self.read(node.body, _Place(in_function=True, guard=place.guard))

    def _block(self, node: ast.ClassDef | ast.For | ast.AsyncFor | ast.While, place: _Place) -> None:
        self.read(node.body, place)
        if not isinstance(node, ast.ClassDef):
            self.read(node.orelse, place)

    def _match(self, node: ast.Match, place: _Place) -> None:
        for case in node.cases:
            self.read(case.body, place)


def _is_asyncio(site: ImportSite) -> bool:
    return bool(site.binds) and not site.names and site.module.partition(".")[0] == "asyncio"


def _asked(uses: frozenset[str] | None) -> tuple[str, ...] | None:
    return None if uses is None else tuple(sorted({use.partition(".")[0] for use in uses}))


def _guards(test: ast.expr) -> tuple[ImportKind | None, ImportKind | None]:
    """What guards the body of an `if`, and what guards its `else`."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        body, orelse = _guards(test.operand)
        return orelse, body
    if is_type_checking(test):
        return ImportKind.TYPE_CHECKING, None
    if is_script(test):
        return ImportKind.SCRIPT, None
    return None, None


def _parse_call(call: ast.Call, place: _Place) -> ImportSite | None:
    """The import that the call makes; None where only running it would tell."""
    by_name = isinstance(call.func, ast.Name) and call.func.id == "__import__"
    found = parse_dunder_import(call) if by_name else parse_import_module(call)
    if found is None:
        return None
    level, module, names = found
    return ImportSite(
        module=module,
        level=level,
        names=names,
        line=call.lineno,
        kind=place.guard or ImportKind.DYNAMIC,
        in_function=place.in_function,
    )
