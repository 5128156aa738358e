"""Distributions that are folders of this machine: which files of them ship, and which of them require each other."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from edgeroutes.build.declared import read_text, required_names, strings, table
from edgeroutes.build.distributions import Editable
from edgeroutes.build.modules import normalize_name
from edgeroutes.config import parse_toml
from edgeroutes.errors import DependencyError, require_no_problems
from edgeroutes.names import CONFIG_FILE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from edgeroutes.build.bundle import Bundle
    from edgeroutes.build.dependencies import Requirement
    from edgeroutes.build.distributions import InstalledDistribution
    from edgeroutes.build.pins import Pins
    from edgeroutes.errors import ProjectError

    LocalFiles = Mapping[str, Path | bytes]


_PROJECT_FILES = (CONFIG_FILE, "setup.py", "setup.cfg")
_MODULE_ENDINGS = (".py", ".so", ".pyd")
_MACHINE_CODE = (".so", ".pyd", ".dylib")
_METADATA_FILES = ("METADATA", "entry_points.txt", "top_level.txt")
_NEVER = frozenset({"__pycache__", "node_modules"})
# Folders and files beside a package that build backends do not take for packages. Source: setuptools, discovery.py
# (FlatLayoutPackageFinder, FlatLayoutModuleFinder).
_BESIDE_PACKAGES = frozenset({
    "benchmark", "benchmarks", "bin", "build", "changelog", "ci", "conftest", "debian", "dist", "doc", "docs", "documentation", "dodo",
    "env", "example", "examples", "exercise", "exercises", "fabfile", "htmlcov", "manpages", "news", "newsfragments", "noxfile",
    "pavement", "pushfile", "python", "requirements", "scripts", "setup", "tasks", "test", "tests", "tools", "toxfile", "unit_test",
    "unit_tests", "util", "utils", "venv",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LocalDistribution:
    """A distribution that was installed from a folder of this machine.

    Args:
        name: Normalized.
        version: As its metadata says.
        folder: Its source.
        metadata: Its `*.dist-info` folder, which the build backend made when it was installed.
        requires: Its `Requires-Dist` lines.
        editable: Where its modules lie; nothing for one that was copied into site-packages.
        record: The paths that it recorded, below site-packages.
    """

    name: str
    version: str
    folder: Path
    metadata: Path
    requires: tuple[str, ...] = ()
    editable: Editable = field(default_factory=Editable)
    record: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The file that declares it, for messages."""
        found = (self.folder / name for name in _PROJECT_FILES)
        return str(next((path for path in found if path.is_file()), self.folder))

    @property
    def is_linked(self) -> bool:
        """Whether its modules lie in its source, not in site-packages."""
        return self.editable.is_linked

    def is_inside(self, root: Path) -> bool:
        """Whether all its modules lie in a project: then they are the project's own, and ship one by one."""
        editable = self.editable
        places = (*editable.folders, *editable.modules.values(), *editable.stubs.values())
        return self.is_linked and all(place.is_relative_to(root) for place in places)

    def metadata_files(self) -> dict[str, bytes]:
        """Its metadata by the paths in a bundle, for `importlib.metadata`: without the long description, which nobody reads there."""
        found = {}
        for name in _METADATA_FILES:
            path = self.metadata / name
            if path.is_file():
                content = path.read_bytes().replace(b"\r\n", b"\n")
                found[f"{self.metadata.name}/{name}"] = (
                    content.partition(b"\n\n")[0] + b"\n" if name == "METADATA" else content
                )
        return found

    def files(self, reached: Iterable[Path] = ()) -> dict[str, Path]:
        """Its files by their paths in a bundle: all its packages, with the data in them.

        Args:
            reached: Modules and packages at the top of its folders that are imported, whatever its settings say.

        Raises:
            DependencyError: An import hook alone knows its modules, or it has machine code made for this machine.
        """
        if self.is_linked:
            tops = {**self._tops(), **{path.name: path for path in reached}}
            linked = {f"{place}{below}": file for place, top in tops.items() for below, file in _files_of(top)}
            found = {**self.copied_files(), **linked}
        elif not self.editable.is_complete:
            hint = f"Install it without -e, or name its files under include: uv sync --no-editable, pip install {self.folder}"
            raise DependencyError(
                f"{self.name!r} is an editable install that only an import hook of its build backend can follow",
                where=self.where,
                hint=hint,
            )
        else:
            found = self.copied_files()
        self._require_no_machine_code(found)
        return found

    def copied_files(self) -> dict[str, Path]:
        """Its files in site-packages by their paths in a bundle: all of a copy; what hatchling's `force-include` adds to a link."""
        leading = {*self.editable.finders, *self.editable.stubs}
        content = (path for path in self.record if _is_content(path) and _module_name(path) not in leading)
        return {path: self.metadata.parent / path for path in content}

    def _tops(self) -> dict[str, Path]:
        """Its outermost packages and modules, by their paths in a bundle."""
        found: dict[str, Path] = {}
        for name, place in (*self.editable.modules.items(), *self.editable.stubs.items()):
            suffix = "" if place.is_dir() else place.suffix
            found[name.replace(".", "/") + suffix] = place
        for folder in self.editable.folders:
            found.update({path.name: path for path in self._tops_in(folder)})
        return found

    def _tops_in(self, folder: Path) -> list[Path]:
        present = sorted(path for path in folder.iterdir() if _is_importable(path))
        if not any((folder / name).is_file() for name in _PROJECT_FILES):
            return present  # `src/` has nothing else
        names = self._configured_names() or {self.name.replace("-", "_")}
        chosen = [path for path in present if _stem(path).lower() in {name.lower() for name in names}]
        return chosen or [
            path for path in present if (path / "__init__.py").is_file() and path.name not in _BESIDE_PACKAGES
        ]

    def _configured_names(self) -> set[str]:
        """The top-level names that the project's own settings say."""
        recorded = read_text(self.metadata / "top_level.txt").split()
        settings = parse_toml(read_text(self.folder / CONFIG_FILE), where=self.where)
        return {*recorded, *(name.split("/")[-1].split(".")[0] for name in _backend_names(settings.get("tool", {})))}

    def _require_no_machine_code(self, files: Mapping[str, Path]) -> None:
        compiled = sorted(path for path in files if path.endswith(_MACHINE_CODE))
        if compiled:
            problem = f"{self.name!r} has machine code that was built on this machine, such as {compiled[0]!r}"
            hint = "Build a wheel of it for the functions' platform, and depend on that"
            raise DependencyError(problem, where=self.where, hint=hint)


def local_distributions(installed: Iterable[InstalledDistribution]) -> dict[str, LocalDistribution]:
    """The installed distributions that are folders of this machine, by name."""
    return {
        each.name: LocalDistribution(
            name=each.name,
            version=each.version,
            folder=file_of_url(str(each.direct_url.get("url", ""))) or each.metadata.parent,
            metadata=each.metadata,
            requires=tuple(each.requires),
            editable=each.editable,
            record=each.record,
        )
        for each in installed
        if each.is_local
    }


def local_files(
    bundles: Iterable[Bundle], requirements: Mapping[str, Mapping[str, Requirement]], pins: Pins, root: Path
) -> dict[str, dict[str, LocalFiles]]:
    """By function and name, the files of its local distributions: all of those outside the project, the metadata of the others.

    Raises:
        DependencyError: A local distribution cannot go into a function; ProblemsError for several.
    """
    found: dict[str, dict[str, LocalFiles]] = {}
    problems: dict[str, ProjectError] = {}
    for bundle in bundles:
        key = bundle.function.logical_id
        inside = {module.distribution for module in bundle.graph.project_modules} | {pins.project}
        found[key] = {}
        for name in sorted({*requirements[key], *inside} & pins.local.keys() - bundle.exclude):
            local = pins.local[name]
            try:
                files: LocalFiles = {}
                if name != pins.project and not local.is_inside(root):
                    files = local.files(bundle.local_tops.get(name, ()))
                elif name in requirements[key]:
                    files = local.copied_files()
                found[key][name] = {**files, **local.metadata_files()}
            except DependencyError as error:
                problems[name] = error
        for name in sorted(requirements[key].keys() & pins.absent.keys()):
            problem = f"{name!r} is a folder of this machine ({pins.absent[name]}) and is not installed"
            problems[name] = DependencyError(problem, where=pins.source, hint="Run 'uv sync'")
    require_no_problems(list(problems.values()))
    return found


def check_cycles(local: Mapping[str, LocalDistribution], environment: Mapping[str, str]) -> None:
    """Refuse local distributions that require each other in a circle.

    Raises:
        DependencyError: Some do.
    """
    requires = {
        name: [required for required, _ in required_names(each.requires, "", environment) if required in local]
        for name, each in local.items()
    }
    done: set[str] = set()
    for name in sorted(requires):
        cycle = _find_cycle(name, requires, [], done)
        if cycle:
            problem = f"local distributions require each other in a circle: {' → '.join(cycle)}"
            hint = f"Remove {cycle[1]!r} from the dependencies of {cycle[0]!r}, or move what both need into a third one"
            raise DependencyError(problem, where=local[cycle[0]].where, hint=hint)


def _find_cycle(name: str, requires: Mapping[str, list[str]], path: list[str], done: set[str]) -> list[str]:
    if name in path:
        return [*path[path.index(name) :], name]
    if name in done:
        return []
    for required in requires[name]:
        found = _find_cycle(required, requires, [*path, name], done) if required != name else []
        if found:
            return found
    done.add(name)
    return []


def _backend_names(tool: Mapping[str, Any]) -> Iterator[str]:
    """Paths and names of packages in the settings of hatchling, poetry-core, flit, uv_build and pdm-backend."""
    hatch = table(tool, "hatch", "build")
    for settings in (hatch, table(hatch, "targets", "wheel")):
        yield from (*_texts(settings.get("packages")), *_texts(settings.get("only-include")))
    for each in table(tool, "poetry").get("packages") or ():
        if isinstance(each, dict):
            yield str(each.get("include", ""))
    yield from _texts(table(tool, "flit", "module").get("name"))
    yield from _texts(table(tool, "uv", "build-backend").get("module-name"))
    yield from _texts(table(tool, "pdm", "build").get("includes"))


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else strings(value)


def _files_of(top: Path) -> Iterator[tuple[str, Path]]:
    """The files of a module or package, with the rest of each path."""
    if top.is_file():
        yield "", top
        return
    seen: set[str] = set()
    for parent, folders, names in os.walk(top, followlinks=True):
        real = os.path.realpath(parent)
        if real in seen:  # links in a circle
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if name not in _NEVER and not name.startswith("."))
        below = parent[len(str(top)) :].replace(os.sep, "/")
        yield from ((f"{below}/{name}", Path(parent, name)) for name in sorted(names) if _is_shipped_name(name))


def _is_importable(path: Path) -> bool:
    if path.is_dir():
        return path.name.isidentifier() and path.name not in _NEVER
    return path.name.endswith(_MODULE_ENDINGS) and _stem(path).isidentifier()


def _is_shipped_name(name: str) -> bool:
    return not name.startswith(".") and not name.endswith((".pyc", ".pyo"))


def _is_content(path: str) -> bool:
    top = path.partition("/")[0]
    return (
        not path.startswith(("../", "/"))
        and not top.endswith((".dist-info", ".pth"))
        and "__pycache__/" not in path
        and _is_shipped_name(path.rpartition("/")[2])
    )


def _module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _stem(path: Path) -> str:
    return path.name.partition(".")[0]


def file_of_url(url: str) -> Path | None:
    """The path that a `file:` URL names; None for any other."""
    parts = urlsplit(url)
    if parts.scheme != "file":
        return None
    path = unquote(parts.path)
    return Path(path.lstrip("/") if os.name == "nt" else path)


# Source: packaging.python.org "pyproject.toml specification", project.scripts and project.gui-scripts.
_SCRIPTS = {"scripts": "console_scripts", "gui-scripts": "gui_scripts"}


def project_metadata(root: Path, local: Collection[str]) -> dict[str, bytes]:
    """The metadata of a package that is not installed here, by the paths in a bundle; nothing for a project that is not a package.

    No environment has metadata of such a project, and dev has none: `version()` raises there as in a function.

    Args:
        root: The project.
        local: The names of distributions that are folders of this machine: where the project is one, that one has its metadata.
    """
    document = parse_toml(read_text(root / CONFIG_FILE), where=CONFIG_FILE)
    project = document.get("project")
    name = project.get("name") if isinstance(project, dict) else None
    if not isinstance(project, dict) or not isinstance(name, str) or not _is_package(document):
        return {}
    version = project.get("version")
    if normalize_name(name) in local or not isinstance(version, str):
        return {}
    folder = f"{normalize_name(name).replace('-', '_')}-{version}.dist-info"
    files = {"METADATA": _render_metadata(name, version, project), "entry_points.txt": _render_entry_points(project)}
    return {f"{folder}/{file}": text.encode() for file, text in files.items() if text}


def _is_package(document: Mapping[str, Any]) -> bool:
    """Whether tools install the project. Source: docs.astral.sh/uv "Build systems"; python-poetry.org "Operating modes"."""
    said = (table(document, "tool", "uv").get("package"), table(document, "tool", "poetry").get("package-mode"))
    return next((each for each in said if isinstance(each, bool)), "build-system" in document)


def _render_metadata(name: str, version: str, project: Mapping[str, Any]) -> str:
    """Source: packaging.python.org "Core metadata specifications"."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    if isinstance(project.get("description"), str):
        lines.append(f"Summary: {' '.join(project['description'].split())}")
    if isinstance(project.get("requires-python"), str):
        lines.append(f"Requires-Python: {project['requires-python']}")
    requires = project.get("dependencies")
    lines += [f"Requires-Dist: {each}" for each in requires or () if isinstance(each, str)]
    return "\n".join(lines) + "\n"


def _render_entry_points(project: Mapping[str, Any]) -> str:
    """Source: packaging.python.org "Entry points specification"."""
    groups = {group: project.get(key) for key, group in _SCRIPTS.items()}
    more = project.get("entry-points")
    groups |= more if isinstance(more, dict) else {}
    parts = []
    for group, points in groups.items():
        if isinstance(points, dict) and points:
            parts.append("\n".join([f"[{group}]", *(f"{key} = {value}" for key, value in points.items())]))
    return "\n\n".join(parts) + "\n" if parts else ""
