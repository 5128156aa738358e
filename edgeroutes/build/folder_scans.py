"""Folders whose modules a file loads by looking into them: plugin scans, and module names that only run time completes.

::

    import_module(f"lib.plugins.{name}")                                  what matches lib.plugins.*
    pkgutil.iter_modules(plugins.__path__)                                what is in the package
    for file in (Path(__file__).parent / "plugins").glob("*.py"): …       what is in the folder
    def __getattr__(name): return import_module(f".{name}", __name__)     what is in the own package

A path is followed through names, `/`, `joinpath`, `parent`, `os.path` and `importlib.resources.files`; nothing is run.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edgeroutes.build.syntax import is_own_package
from edgeroutes.build.texts import called_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_HOLE = "*"
_OWN = "\0"
_NAME_PATTERN = re.compile(r"\.*[A-Za-z_*][\w*]*(?:\.[\w*]+)*")
_LISTING = frozenset({"glob", "iglob", "iterdir", "listdir", "rglob", "scandir", "walk"})
_DEEP = frozenset({"rglob", "walk", "walk_packages"})
_MODULE_LISTING = frozenset({"iter_modules", "walk_packages"})
_LOADING = frozenset(
    {"__import__", "exec_module", "import_module", "import_string", "load_module", "run_module", "run_path", "spec_from_file_location"}
)  # fmt: skip
# Façades whose names are looked up among the package's modules. Source: lazy_loader, transformers' utils/import_utils.py.
_LAZY = frozenset({"LazyModule", "_LazyModule", "attach", "attach_stub"})
_SAME_PATH = frozenset(
    {"Path", "PurePath", "PosixPath", "abspath", "absolute", "as_posix", "expanduser", "fspath", "realpath", "resolve", "str"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderScan:
    """A folder whose modules are loaded.

    Args:
        line: 1-based.
        module: The package, dotted, with its dots in front where it is relative; empty for a path.
        ups: For a path: how many folders above the file's own it begins.
        parts: For a path: the folders on the way from there.
        is_deep: Whether what lies in its folders is loaded, too.
        pattern: Which modules below the package, `*` standing for anything: `*.handlers`; empty for all.
        is_call: Whether the file imports it here, so that a single word is a package, too.
        is_listing: Whether the file lists the folder, and may import by any name that it finds.
    """

    line: int
    module: str = ""
    ups: int = 0
    parts: tuple[str, ...] = ()
    is_deep: bool = True
    pattern: str = ""
    is_call: bool = True
    is_listing: bool = True

    @property
    def is_whole_package(self) -> bool:
        """Whether it looks for all that is in the file's own package."""
        return self.module == "." and not (self.ups or self.parts or self.pattern)


def read_folder_scans(tree: ast.Module, packages: Mapping[str, str]) -> tuple[FolderScan, ...]:
    """The folders that a file looks into for modules, in the order of their lines.

    Args:
        tree: Of the file.
        packages: Variable → dotted module, of what the file imports.
    """
    nodes = [*ast.walk(tree)]
    reader = _Reader(nodes, packages)
    found: dict[tuple[object, ...], FolderScan] = {}
    for scan in (scan for node in nodes for scan in reader.read(node)):
        key = (scan.module, scan.ups, scan.parts, scan.pattern)
        known = found.setdefault(key, scan)
        found[key] = replace(
            known,
            is_call=known.is_call or scan.is_call,
            is_deep=known.is_deep or scan.is_deep,
            is_listing=known.is_listing or scan.is_listing,
        )
    return tuple(sorted(found.values(), key=lambda scan: scan.line))


@dataclass(frozen=True, slots=True)
class _Place:
    """A path: from the file's own folder, or from a package's. `is_file` for the module's own file."""

    module: str = ""
    ups: int = 0
    parts: tuple[str, ...] = ()
    is_file: bool = False

    @property
    def parent(self) -> _Place:
        if self.is_file:
            return replace(self, is_file=False)
        return replace(self, parts=self.parts[:-1]) if self.parts else replace(self, ups=self.ups + 1)

    def joined(self, pieces: Sequence[str]) -> _Place:
        place = self
        for piece in (part for text in pieces for part in text.split("/") if part not in {"", "."}):
            place = place.parent if piece == ".." else replace(place, parts=(*place.parts, piece))
        return place


class _Reader:
    def __init__(self, nodes: Sequence[ast.AST], packages: Mapping[str, str]) -> None:
        self._packages = packages
        self._values = dict(_assigned(nodes))
        self._following: set[str] = set()
        self._parts_of_others = {
            id(part) for node in nodes if isinstance(node, ast.BinOp) for part in (node.left, node.right)
        }
        self._loads = any(isinstance(node, ast.Call) and called_name(node) in _LOADING for node in nodes)

    def read(self, node: ast.AST) -> Iterator[FolderScan]:
        if isinstance(node, ast.JoinedStr | ast.BinOp):
            if id(node) not in self._parts_of_others:
                yield from self._named(node, node.lineno, is_call=False)
        elif isinstance(node, ast.Call):
            name = called_name(node)
            if name == "format" and isinstance(node.func, ast.Attribute):
                yield from self._named(node, node.lineno, is_call=False)
            elif name in _LOADING and node.args:
                package = self._text(node.args[1]) if name == "import_module" and len(node.args) > 1 else "."
                yield from self._named(node.args[0], node.lineno, is_call=True, package=package)
            elif name in _LAZY and node.args and is_own_package(node.args[0]):
                yield FolderScan(line=node.lineno, module=".")
            elif name in _MODULE_LISTING and node.args:
                yield from self._packages_at(node.args[0], node.lineno, is_deep=name in _DEEP)
            elif name in _LISTING:
                yield from self._listed(node, name)

    def _text(self, node: ast.expr) -> str:
        """The package that an argument names: `.` for the file's own, empty for what only run time knows."""
        if is_own_package(node):
            return "."
        return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else self._package(node)

    def _named(self, node: ast.expr, line: int, *, is_call: bool, package: str = ".") -> Iterator[FolderScan]:
        """`f"lib.plugins.{name}"`: the package up to the first part that is not known, and the pattern behind it."""
        name = self._name_pattern(node)
        if name.startswith(".") and package != ".":
            name = package + name if package and not name.startswith("..") else ""
        if not name or _HOLE not in name or not _NAME_PATTERN.fullmatch(name) or (name[0] == "." and not is_call):
            return
        before = name[: name.index(_HOLE)]
        dots = len(before) - len(before.lstrip("."))
        package = before[:dots] + before[dots:].rpartition(".")[0]
        if package:
            pattern = name[len(package) :].lstrip(".")
            yield FolderScan(
                line=line,
                module=package,
                pattern="" if pattern == _HOLE else pattern,
                is_call=is_call,
                is_listing=False,
            )

    def _name_pattern(self, node: ast.expr) -> str:
        """The text with `*` for what only run time knows; empty where it begins with that."""
        if isinstance(node, ast.Name) and node.id in self._values and node.id not in self._following:
            self._following.add(node.id)
            pattern = self._name_pattern(self._values[node.id])
            self._following.discard(node.id)
            return pattern
        first, *rest = [*self._pieces(node)] or [_HOLE]
        behind = "".join(rest).replace(_OWN, _HOLE)
        if first == _HOLE or (first == _OWN and not behind.startswith(".")):
            return ""
        return re.sub(r"\*+", _HOLE, behind if first == _OWN else first + behind)

    def _pieces(self, node: ast.expr) -> Iterator[str]:
        if isinstance(node, ast.Constant):
            yield node.value if isinstance(node.value, str) else _HOLE
        elif is_own_package(node):
            yield _OWN
        elif isinstance(node, ast.JoinedStr):
            for value in node.values:
                yield from self._pieces(value)
        elif isinstance(node, ast.FormattedValue):
            yield from self._pieces(node.value)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            yield from self._pieces(node.left)
            yield from self._pieces(node.right)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            yield from (re.sub(r"%\w", _HOLE, piece) for piece in self._pieces(node.left))
        elif isinstance(node, ast.Call) and called_name(node) == "format" and isinstance(node.func, ast.Attribute):
            yield from (re.sub(r"\{[^}]*\}", _HOLE, piece) for piece in self._pieces(node.func.value))
        elif isinstance(node, ast.Attribute) and node.attr in {"__name__", "__package__"} and self._package(node.value):
            yield self._package(node.value)
        else:
            yield _HOLE

    def _packages_at(self, node: ast.expr, line: int, *, is_deep: bool) -> Iterator[FolderScan]:
        """What `iter_modules(…)` looks into: a package's `__path__`, or a list of folders."""
        for each in node.elts if isinstance(node, ast.List | ast.Tuple) else [node]:
            if isinstance(each, ast.Name) and each.id == "__path__":
                yield FolderScan(line=line, module=".", is_deep=is_deep)
            elif isinstance(each, ast.Attribute) and each.attr == "__path__" and self._package(each.value):
                yield FolderScan(line=line, module=self._package(each.value), is_deep=is_deep)
            else:
                yield from self._at(self._place(each), line, is_deep=is_deep)

    def _listed(self, node: ast.Call, name: str) -> Iterator[FolderScan]:
        """What `folder.glob("*.py")` and `os.listdir(folder)` look into, where it may be for modules."""
        function, arguments = node.func, [*node.args]
        place = self._place(function.value) if isinstance(function, ast.Attribute) else None
        if place is None and arguments:
            place = self._place(arguments.pop(0))
        pattern = "".join(
            each.value for each in arguments if isinstance(each, ast.Constant) and isinstance(each.value, str)
        )
        if place is not None:
            place = place.joined([pattern])
            while place.parts and (_HOLE in place.parts[-1] or place.parts[-1].endswith(".py")):
                pattern, place = pattern or place.parts[-1], place.parent
        if pattern.endswith(".py") or (self._loads and (not pattern or pattern.endswith(_HOLE))):
            yield from self._at(place, node.lineno, is_deep=name in _DEEP or "**" in pattern)

    def _at(self, place: _Place | None, line: int, *, is_deep: bool) -> Iterator[FolderScan]:
        if place is not None and not place.is_file:
            yield FolderScan(line=line, module=place.module, ups=place.ups, parts=place.parts, is_deep=is_deep)

    def _package(self, node: ast.expr) -> str:
        """The dotted module that `plugins` or `lib.plugins` is; empty for anything else."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        known = self._packages.get(node.id, "") if isinstance(node, ast.Name) else ""
        return ".".join((known, *parts)) if known else ""

    def _place(self, node: ast.expr) -> _Place | None:
        """The path that an expression is."""
        if isinstance(node, ast.Name):
            return self._place_of_name(node.id)
        if isinstance(node, ast.Attribute):
            return self._place_of_attribute(node)
        if isinstance(node, ast.Subscript):
            return self._ancestor(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            return self._join(self._place(node.left), [node.right])
        return self._place_of_call(node) if isinstance(node, ast.Call) else None

    def _place_of_name(self, name: str) -> _Place | None:
        if name == "__file__":
            return _Place(is_file=True)
        if name not in self._values or name in self._following:
            return None
        self._following.add(name)
        place = self._place(self._values[name])
        self._following.discard(name)
        return place

    def _place_of_attribute(self, node: ast.Attribute) -> _Place | None:
        if node.attr == "__file__" and self._package(node.value):
            return _Place(module=self._package(node.value), is_file=True)
        if node.attr != "parent":
            return None
        place = self._place(node.value)
        return None if place is None else place.parent

    def _ancestor(self, node: ast.Subscript) -> _Place | None:
        """`path.parents[n]`."""
        if not (isinstance(node.value, ast.Attribute) and node.value.attr == "parents"):
            return None
        place = self._place(node.value.value)
        if place is None or not (isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int)):
            return None
        for _ in range(node.slice.value + 1):
            place = place.parent
        return place

    def _place_of_call(self, node: ast.Call) -> _Place | None:
        name, arguments = called_name(node), [*node.args]
        if name == "files":
            return self._resources(arguments)
        inner = self._place(arguments[0]) if arguments else None
        if inner is None and isinstance(node.func, ast.Attribute):  # a method: Path(…).resolve()
            inner = self._place(node.func.value)
            arguments.insert(0, node.func.value)
        if inner is None or name in _SAME_PATH:
            return inner
        if name == "dirname":
            return inner.parent
        if name == "with_name":
            return self._join(inner.parent, arguments[1:])
        return self._join(inner, arguments[1:]) if name in {"join", "joinpath"} else None

    def _resources(self, arguments: Sequence[ast.expr]) -> _Place | None:
        """`importlib.resources.files("lib.plugins")`."""
        if not arguments or is_own_package(arguments[0]):
            return _Place()
        first = arguments[0]
        text = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else self._package(first)
        return _Place(module=text) if text else None

    def _join(self, place: _Place | None, pieces: Sequence[ast.expr]) -> _Place | None:
        texts = [piece.value for piece in pieces if isinstance(piece, ast.Constant) and isinstance(piece.value, str)]
        return place.joined(texts) if place is not None and len(texts) == len(pieces) else None


def _assigned(nodes: Sequence[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    """Each variable that one expression is assigned to, anywhere in the file; the last one counts."""
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value
        elif (
            isinstance(node, ast.AnnAssign | ast.NamedExpr)
            and isinstance(node.target, ast.Name)
            and node.value is not None
        ):
            yield node.target.id, node.value
