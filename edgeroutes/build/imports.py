"""What one source file imports, where, and how surely.

A statement is read as text: nothing is imported or run. What cannot be read so (`import_module(name)`) is a value.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from edgeroutes.build.arguments import read_arguments
from edgeroutes.build.folder_scans import read_folder_scans
from edgeroutes.build.import_values import NEVER_RUN, FileImports, ImportKind, ImportSite, UnknownImport
from edgeroutes.build.lazy_exports import parse_exports, parse_lazy_exports
from edgeroutes.build.path_texts import read_path_texts
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
    read_uses,
    suppresses_import_error,
)
from edgeroutes.build.texts import read_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_TEXT_LIMIT = 80
OWN_NAMES = frozenset(
    {
        ".EmailStr",
        ".NameEmail",
        ".form",
        "CORS",
        "File",
        "Form",
        "UploadFile",
        "cors",
        "file",
        "heartbeat_seconds",
        "json_array",
        "ndjson",
        "sse",
        "stream",
    }
)
"""Attributes, arguments and exports by which code uses a part of edgeroutes, or a distribution, that no import shows."""


_STRENGTH: tuple[ImportKind | None, ...] = (None, ImportKind.OPTIONAL, ImportKind.SCRIPT, ImportKind.TYPE_CHECKING)


def parse_imports(source: str | bytes, *, where: str, reads_names: bool = False) -> FileImports:
    """What the source imports.

    Args:
        source: A whole Python file.
        where: The file's name, for the error.
        reads_names: Whether to read what names modules without importing them, too: for the project's own files.

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
    found = FileImports(sites=tuple(sites), unknown=tuple(unknown), lazy=lazy, exports=parse_exports(tree.body))
    return _with_names(found, tree) if reads_names else found


def _with_names(found: FileImports, tree: ast.Module) -> FileImports:
    scans = read_folder_scans(tree, _packages(found.sites))
    looks_into_folder = any(scan.is_listing for scan in scans)
    named = {scan.line for scan in scans}
    return replace(
        found,
        unknown=() if looks_into_folder else tuple(call for call in found.unknown if call.line not in named),
        texts=read_texts(tree),
        paths=read_path_texts(tree),
        scans=scans,
        uses=tuple(read_uses(tree, OWN_NAMES).items()),
        arguments=read_arguments(tree, found.sites),
        has_fields=any(
            isinstance(n, ast.ClassDef) and any(isinstance(s, ast.AnnAssign) for s in n.body) for n in ast.walk(tree)
        ),
    )


def _packages(sites: Iterable[ImportSite]) -> dict[str, str]:
    """Variable → dotted module, of what these imports bind."""
    found: dict[str, str] = {}
    for site in sites:
        if site.names:
            prefix = f"{site.written}." if site.module else site.written
            found.update((bound, prefix + name) for name, bound in zip(site.names, site.binds, strict=False))
        elif site.binds:
            top = site.module.partition(".")[0]
            found[site.binds[0]] = top if site.binds[0] == top else site.module
    return found


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
