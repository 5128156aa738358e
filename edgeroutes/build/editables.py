"""Editable installs: where the modules of a distribution lie that was installed as a link to its source. Does not import anything.

Three styles exist. A `.pth` file names a folder (hatchling, uv_build, poetry-core, flit, pdm-backend, setuptools with `src/`, and
setuptools' strict mode, whose folder holds links). A `.pth` file imports a finder that maps names to places (setuptools' flat layout,
`editables`). A module in site-packages sets nothing but its own `__path__` (`editables.add_to_subpackage`).
"""

from __future__ import annotations

import ast
import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.routing.python_source import parse_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_MAP_METHOD = "map_module"
_STUB_LIMIT_BYTES = 2_000
# Source: setuptools, namespaces.py (`*-nspkg.pth`) and distutils-precedence.pth.
_NEEDLESS_CODE = ("module_from_spec", "has_mfs", "_distutils_hack", "declare_namespace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Editable:
    """Where the modules of an editable install lie.

    Args:
        folders: On the search path, in order.
        modules: Dotted name → a package's folder or a module's file; looked up after the search path.
        spaces: Dotted names of namespace packages that exist only through `modules`, with their folders.
        stubs: Dotted name → the folder of a package whose file in site-packages only sets `__path__`.
        finders: The modules in site-packages that only lead there.
        is_complete: False where an import hook of an unknown kind takes part.
    """

    folders: tuple[Path, ...] = ()
    modules: Mapping[str, Path] = field(default_factory=dict)
    spaces: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    stubs: Mapping[str, Path] = field(default_factory=dict)
    finders: frozenset[str] = frozenset()
    is_complete: bool = True

    @property
    def is_linked(self) -> bool:
        """Whether any module lies elsewhere than in site-packages."""
        return bool(self.folders or self.modules or self.stubs)


def read_pth(pth: Path) -> Editable:
    """What one `.pth` file adds to the search path. Source: docs.python.org, `site`: a line is a folder, or begins with `import`."""
    folders: list[Path] = []
    modules: dict[str, Path] = {}
    spaces: dict[str, tuple[Path, ...]] = {}
    finders: set[str] = set()
    is_complete = True
    for line in _lines(pth):
        if not line.startswith(("import ", "import\t")):
            folder = pth.parent / line
            folders += [folder.resolve()] if folder.is_dir() else []
            continue
        for name in _imported(line):
            finders.add(name)
            found = _read_finder(pth.parent / f"{name}.py")
            if found is None:
                is_complete = False
                continue
            modules.update(found.modules)
            spaces.update(found.spaces)
    return Editable(
        folders=tuple(folders), modules=modules, spaces=spaces, finders=frozenset(finders), is_complete=is_complete
    )


def startup_code(pth: Path) -> Iterator[tuple[int, str]]:
    """The lines of a `.pth` file that Python runs when it starts and a function needs, numbered from 1.

    Those for namespace packages and for distutils are left out: they change nothing where modules are found by Python 3.12's rules.
    """
    for number, line in enumerate(_text(pth).splitlines(), start=1):
        if line.startswith(("import ", "import\t")) and not any(mark in line for mark in _NEEDLESS_CODE):
            yield number, line.strip()


def unread_links(site_packages: Path, root: Path) -> Iterator[tuple[Path, Path]]:
    """The `.egg-link` files of `setup.py develop`, each with its folder, which is outside the project."""
    for link in sorted(site_packages.glob("*.egg-link")):
        folder = Path(_text(link).partition("\n")[0].strip())
        if folder.is_absolute() and not folder.is_relative_to(root):
            yield link, folder


def read_editable(site_packages: Path, record: Iterable[str]) -> Editable:
    """What the files that a distribution recorded add to the search path."""
    record = list(record)
    found = [read_pth(site_packages / path) for path in record if path.endswith(".pth") and "/" not in path]
    stubs = [_read_path_stub(site_packages, path) for path in record if path.endswith(".py")]
    return Editable(
        folders=tuple(folder for each in found for folder in each.folders),
        modules={name: place for each in found for name, place in each.modules.items()},
        spaces={name: places for each in found for name, places in each.spaces.items()},
        stubs={name: place for each in stubs for name, place in each.items()},
        finders=frozenset().union(*(each.finders for each in found)),
        is_complete=all(each.is_complete for each in found),
    )


def _lines(pth: Path) -> Iterator[str]:
    for line in _text(pth).splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return ""


def _imported(line: str) -> Iterator[str]:
    """The modules that a line of a `.pth` file imports."""
    try:
        tree = parse_python(line)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _read_finder(file: Path) -> Editable | None:
    """The names that a finder module maps; None where it is of an unknown kind.

    Source: setuptools, command/editable_wheel.py (`MAPPING`, `NAMESPACES`); editables, redirector.py (`map_module`).
    """
    try:
        tree = parse_python(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    modules: dict[str, Path] = {}
    spaces: dict[str, tuple[Path, ...]] = {}
    is_known = False
    for node in ast.walk(tree):
        with contextlib.suppress(ValueError, TypeError, AttributeError):  # written by hand: not literals
            match node:
                case ast.AnnAssign(target=ast.Name(id="MAPPING"), value=ast.expr() as value):
                    modules.update({name: _mapped(Path(place)) for name, place in ast.literal_eval(value).items()})
                    is_known = True
                case ast.AnnAssign(target=ast.Name(id="NAMESPACES"), value=ast.expr() as value):
                    listed = ast.literal_eval(value).items()
                    spaces.update({name: tuple(map(Path, places)) for name, places in listed})
                case ast.Call(func=ast.Attribute(attr=method), args=[name, place]) if method == _MAP_METHOD:
                    path = Path(ast.literal_eval(place))
                    modules[ast.literal_eval(name)] = path.parent if path.name == "__init__.py" else path
                    is_known = True
    return Editable(modules=modules, spaces=spaces) if is_known else None


def _mapped(place: Path) -> Path:
    """The package's folder, or the module's file, which setuptools names without its ending."""
    source = place.with_name(f"{place.name}.py")
    return source if source.is_file() and not place.is_dir() else place


def _read_path_stub(site_packages: Path, path: str) -> dict[str, Path]:
    """The folder of a package whose file in site-packages does nothing but set `__path__`."""
    file = site_packages / path
    try:
        if file.stat().st_size > _STUB_LIMIT_BYTES or b"__path__" not in (source := file.read_bytes()):
            return {}
        (statement,) = parse_python(source).body
    except (OSError, SyntaxError, ValueError):
        return {}
    match statement:
        case ast.Assign(targets=[ast.Name(id="__path__")], value=ast.List(elts=[ast.Constant(value=str() as place)])):
            name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            return {name: Path(place)}
    return {}
