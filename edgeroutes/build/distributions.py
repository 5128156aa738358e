"""Which installed distribution a file belongs to, as its installer recorded."""

from __future__ import annotations

import ast
import contextlib
import json
import re
import sysconfig
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes.build.modules import normalize_name
from edgeroutes.names import CONFIG_FILE
from edgeroutes.routing.python_source import parse_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_METADATA_ENDINGS = (".dist-info", ".egg-info")
_MODULE_ENDINGS = (".py", ".so", ".pyd")
_NOT_MODULES = frozenset({"__pycache__", "bin", "Scripts", "share", "include"})


@dataclass(frozen=True, kw_only=True)
class InstalledDistribution:
    """A distribution as its installer recorded it.

    Args:
        name: Normalised.
        version: As written.
        metadata: Its `*.dist-info` folder.
    """

    name: str
    version: str
    metadata: Path

    @property
    def requires(self) -> list[str]:
        """Its `Requires-Dist` lines. Source: PyPA, "Core metadata specifications"."""
        return read_requires(self.metadata)

    @cached_property
    def direct_url(self) -> dict[str, Any]:
        """What it was installed from, where that was not an index; else empty. Source: PEP 610.

        Packages of conda name a folder of the machine that built them. Source: conda-forge, recipes with `pip install .`
        """
        try:
            if (self.metadata / "INSTALLER").read_text("utf-8").strip() == "conda":
                return {}
        except (OSError, UnicodeDecodeError):
            pass
        try:
            read = json.loads((self.metadata / "direct_url.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return read if isinstance(read, dict) else {}

    @property
    def required_names(self) -> list[str]:
        """The distributions that it requires, extras left out, whatever their markers."""
        lines = (line for line in self.requires if "extra" not in line)
        return [normalize_name(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]) for line in lines]

    @property
    def is_local(self) -> bool:
        """Whether it was installed from a folder of this machine."""
        return "dir_info" in self.direct_url

    @cached_property
    def record(self) -> tuple[str, ...]:
        """The paths that it recorded, below site-packages."""
        return tuple(read_record(self.metadata))

    @cached_property
    def editable(self) -> Editable:
        """Where its modules lie, where they are not in site-packages."""
        return _read_editable(self.metadata.parent, self.record) if self.is_local else Editable()

    @cached_property
    def import_names(self) -> frozenset[str]:
        """The dotted names under which it is imported: `yaml`; `google.cloud.storage` of a namespace package."""
        if self.editable.is_linked:
            found = {*self.editable.modules, *self.editable.stubs}
            for folder in self.editable.folders:
                found.update(_names_in(folder))
            return frozenset(found)
        return frozenset(import_names(self.record))

    @cached_property
    def entry_points(self) -> tuple[EntryPoint, ...]:
        """Its entry points, each with name, value and group."""
        return tuple(PathDistribution(self.metadata).entry_points)


def import_names(record: Iterable[str]) -> Iterator[str]:
    """The outermost packages and modules among a distribution's files, dotted."""
    modules = [path for path in record if path.endswith(_MODULE_ENDINGS)]
    packages = {path.rpartition("/")[0] for path in modules if path.rpartition("/")[2].startswith("__init__.")}
    found: dict[str, None] = {}
    for path in modules:
        *folders, file = path.split("/")
        parts = [*folders, file.partition(".")[0]]
        outermost = next((n for n in range(1, len(folders) + 1) if "/".join(folders[:n]) in packages), len(parts))
        name = parts[:outermost]
        if name[0] not in _NOT_MODULES and all(part.isidentifier() for part in name):
            found[".".join(name)] = None
    yield from found


def _names_in(folder: Path) -> Iterator[str]:
    """The names of the packages and modules directly in a folder."""
    for path in folder.iterdir():
        if path.name.endswith(_MODULE_ENDINGS) and path.is_file():
            yield path.name.partition(".")[0]
        elif path.name.isidentifier() and path.name not in _NOT_MODULES and path.is_dir():
            yield path.name


def installed_distributions(site_packages: Sequence[Path]) -> list[InstalledDistribution]:
    """All that these directories have, the first of each name."""
    found: dict[str, InstalledDistribution] = {}
    for directory in site_packages:
        for metadata in sorted(directory.glob("*.dist-info")):
            name, _, version = metadata.name.removesuffix(".dist-info").partition("-")
            name = normalize_name(name)
            found.setdefault(name, InstalledDistribution(name=name, version=version, metadata=metadata))
    return list(found.values())


def read_requires(metadata: Path) -> list[str]:
    """The `Requires-Dist` lines of a `*.dist-info` folder."""
    try:
        head = (metadata / "METADATA").read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        return []
    marker = "Requires-Dist:"
    return [line.removeprefix(marker).strip() for line in head.splitlines() if line.startswith(marker)]


def installed_site_packages() -> tuple[Path, ...]:
    """The site-packages directories of the Python that runs this."""
    paths = sysconfig.get_paths()
    return tuple(dict.fromkeys(Path(paths[scheme]) for scheme in ("purelib", "platlib")))


@dataclass(frozen=True, slots=True, kw_only=True)
class _EditableModule:
    """Where a module lies that the search path does not lead to.

    Args:
        places: A package's folder or a module's file; a namespace package may have several folders, or none.
        distribution: That has it.
        is_first: Whether it comes before the search path; a finder comes after it.
    """

    places: tuple[Path, ...]
    distribution: str
    is_first: bool = False


class DistributionIndex:
    """The distributions in one site-packages directory; reads their records when first asked.

    Args:
        site_packages: The directory that holds the `*.dist-info` folders.
    """

    def __init__(self, site_packages: Path) -> None:
        self._site_packages = site_packages
        self._stamp = self._read_stamp()

    def is_current(self) -> bool:
        """Whether nothing was installed or removed since the index was made."""
        return self._stamp == self._read_stamp()

    def owner(self, relative_path: str) -> str:
        """The normalised name of the distribution that brought the file; empty where none did.

        Args:
            relative_path: Below site-packages, with slashes.
        """
        candidates = self._by_top_level.get(relative_path.partition("/")[0], ())
        if len(candidates) < 2:
            return normalize_name(_name(candidates[0])) if candidates else ""
        owners = (
            metadata for metadata in candidates if relative_path in self._files[metadata]
        )  # of a namespace package
        return normalize_name(_name(next(owners, "")))

    @cached_property
    def editable_roots(self) -> tuple[tuple[Path, str], ...]:
        """Directories that `*.pth` files add to the search path, each with the distribution that the file belongs to."""
        return tuple((folder, owner) for owner, each in self._editables for folder in each.folders)

    @cached_property
    def editable_modules(self) -> dict[str, _EditableModule]:
        """The modules that only an import hook or a stub leads to, by their dotted names."""
        found: dict[str, _EditableModule] = {}
        for owner, each in self._editables:
            spaces = {name: _EditableModule(places=places, distribution=owner) for name, places in each.spaces.items()}
            modules = {
                name: _EditableModule(places=(place,), distribution=owner) for name, place in each.modules.items()
            }
            found.update({**spaces, **modules})
        for distribution in installed_distributions([self._site_packages]):
            for name, place in distribution.editable.stubs.items():
                found[name] = _EditableModule(places=(place,), distribution=distribution.name, is_first=True)
        return found

    @cached_property
    def editable_entry_points(self) -> tuple[EntryPoint, ...]:
        """The entry points of the editable installs."""
        owners = {owner for owner, _ in self._editables}
        found = (path for path in self._metadata if normalize_name(_name(path.name)) in owners)
        return tuple(point for path in found for point in PathDistribution(path).entry_points)

    @cached_property
    def _editables(self) -> tuple[tuple[str, Editable], ...]:
        paths = sorted(self._site_packages.glob("*.pth"))
        return tuple((self.owner(path.name), read_pth(path)) for path in paths)

    def _read_stamp(self) -> int:
        try:
            return self._site_packages.stat().st_mtime_ns
        except OSError:
            return 0

    @cached_property
    def _files(self) -> dict[str, frozenset[str]]:
        return {path.name: frozenset(read_record(path)) for path in self._metadata}

    @cached_property
    def _metadata(self) -> tuple[Path, ...]:
        if not self._site_packages.is_dir():
            return ()
        return tuple(sorted(path for path in self._site_packages.iterdir() if path.name.endswith(_METADATA_ENDINGS)))

    @cached_property
    def _by_top_level(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, files in self._files.items():
            for top in dict.fromkeys(file.partition("/")[0] for file in files):
                found.setdefault(top, []).append(name)
        return found


def declared_entry_points(root: Path) -> Iterator[tuple[str, str]]:
    """Group and value of the entry points in a project's pyproject.toml, which need not be installed."""
    try:
        project = tomllib.loads((root / CONFIG_FILE).read_text("utf-8")).get("project", {})
        groups = project.get("entry-points", {}).items()
        yield from ((group, value) for group, points in groups for value in points.values() if isinstance(value, str))
    except (OSError, ValueError, AttributeError):  # refused where it is read as settings
        return


def read_record(metadata: Path) -> list[str]:
    """The paths that the distribution recorded, below site-packages.

    Source: PyPA, "Recording installed projects": RECORD is CSV whose first column is the path.
    """
    try:
        if metadata.name.endswith(".dist-info"):
            text = (metadata / "RECORD").read_text(encoding="utf-8")
            return [
                line.partition(",")[0] if line[:1] != '"' else line[1:].partition('"')[0] for line in text.splitlines()
            ]
        tops = (metadata / "top_level.txt").read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        return []
    return [file for top in tops for file in (top, f"{top}.py")]


def _name(metadata: str) -> str:
    return metadata.rpartition(".")[0].partition("-")[0]


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


def _read_editable(site_packages: Path, record: Iterable[str]) -> Editable:
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
