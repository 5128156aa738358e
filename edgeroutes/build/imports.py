"""What one source file imports, where, and how surely.

A statement is read as text: nothing is imported or run. What cannot be read so (`import_module(name)`) is a value.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from edgeroutes.build.folder_scans import read_folder_scans
from edgeroutes.build.modules import OWN_PACKAGE
from edgeroutes.build.syntax import (
    MACHINE_NAMES,
    attribute_uses,
    catches_import_error,
    is_about_machine,
    is_script,
    is_type_checking,
    parse_dunder_import,
    parse_exports,
    parse_import_module,
    parse_lazy_exports,
    parse_source,
    read_uses,
    suppresses_import_error,
)
from edgeroutes.build.texts import read_path_texts, read_texts
from edgeroutes.routing.conventions import METHODS as _METHODS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from edgeroutes.build.folder_scans import FolderScan
    from edgeroutes.build.syntax import LazyExport
    from edgeroutes.build.texts import PathText, Text


class Arguments(StrEnum):
    """The readers that arguments need, each with those before it."""

    PLAIN = "plain"
    """The request, its context, segments and texts: no reader of its own."""
    SCALARS = "scalars"
    """Numbers and truth values, which are converted, or a return annotation that only names a plain type."""
    ANY = "any"
    """Models, forms, a return annotation that converts, or whatever the source does not show."""


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
    TEXT = "string"
    """A string literal names the module: `"lib.tasks:run"`."""
    FOLDER = "folder scan"
    """The file looks into the module's folder: `pkgutil.iter_modules(plugins.__path__)`, `f"lib.plugins.{name}"`."""


NEVER_RUN = frozenset({ImportKind.TYPE_CHECKING, ImportKind.SCRIPT})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSite:
    """One imported module at one line.

    Args:
        module: Dotted name as written, without its leading dots; empty in `from . import x`.
        level: The number of leading dots; 0 is absolute.
        names: The names in `from module import …`; empty for `import module`.
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
        texts: String literals that may name modules; of the project's files alone.
        paths: String literals that may be paths from the project's root; of the project's files alone.
        scans: Folders whose modules it loads; of the project's files alone.
        uses: Names of edgeroutes' methods and settings that it uses, each with its first line.
        has_fields: Whether it defines a class with annotated fields, whose annotations a library may evaluate.
        arguments: What the handlers in it take, if it is a route file.
    """

    sites: tuple[ImportSite, ...] = ()
    unknown: tuple[UnknownImport, ...] = ()
    lazy: tuple[LazyExport, ...] = ()
    exports: tuple[str, ...] = ()
    texts: tuple[Text, ...] = ()
    paths: tuple[PathText, ...] = ()
    scans: tuple[FolderScan, ...] = ()
    uses: tuple[tuple[str, int], ...] = ()
    has_fields: bool = False
    arguments: Arguments = Arguments.ANY


_OWN_TYPES = frozenset({"Request", "Response", "RouteContext"})
_SCALARS = frozenset({"bool", "float", "int"})
_NAMES = frozenset(_METHODS)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


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
        "hit",
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
        texts=read_texts(tree, reads_lists=True),
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
