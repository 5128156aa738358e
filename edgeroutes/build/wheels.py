"""Wheels as trees of the store: fetched in one go, parted by distribution, without tests, with bytecode.

A tree's name says the distribution, its version, the target, its recorded hashes and the interpreter that compiled it.
"""

from __future__ import annotations

import ast
import contextlib
import csv
import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.build.bytecode import Compilation, bytecode_path
from edgeroutes.build.declared import parse_requirement
from edgeroutes.build.distributions import read_pth, read_record, read_requires
from edgeroutes.build.imports import NEVER_RUN, parse_imports
from edgeroutes.build.installer import Request, native_error
from edgeroutes.build.lock_files import ENVIRONMENT
from edgeroutes.build.modules import OWN_PACKAGE, normalize_name
from edgeroutes.build.pins import Pins, own_requirements
from edgeroutes.build.pylock import Pin, described_platforms, parse_pylock, render_pylock, wheel_tags
from edgeroutes.build.store import link_file, storage_errors
from edgeroutes.build.syntax import parse_source
from edgeroutes.build.target import allows_python
from edgeroutes.build.texts import read_texts
from edgeroutes.errors import DependencyError, ImportRaisedError, require_no_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from edgeroutes.build.bytecode import Interpreter
    from edgeroutes.build.distributions import InstalledDistribution
    from edgeroutes.build.installer import Installer
    from edgeroutes.build.store import Store, Tree
    from edgeroutes.build.target import Target
    from edgeroutes.errors import ProjectError


_METADATA_FILES = frozenset({"METADATA", "entry_points.txt"})
_TEST_FOLDERS = frozenset({"test", "tests"})
_ENVIRONMENT_FOLDERS = frozenset({"bin", "Scripts", "share", "include"})
_MENTIONS_TESTS = re.compile(rb"\btests?\b")
# Functions that run a library's own tests: `def test(): from .tests import run`.
_RUNS_TESTS = re.compile(r"_?(?:run_?)?(?:self_?)?tests?")


def shipped_files(paths: Iterable[str], read: Callable[[str], bytes]) -> list[str]:
    """Those of a distribution's files that a function may need.

    Not: its tests (a folder called so that holds `test_*.py` or `conftest.py`), scripts, caches, and of its metadata all but
    METADATA and entry_points.txt. A folder of tests that the rest of the distribution imports or names stays.

    Args:
        paths: As the distribution recorded them.
        read: Gives a file's content; OSError for one that is not there.
    """
    kept = [path for path in paths if _is_shipped(path)]
    tests = {folder for path in kept if (folder := _test_folder(path))}
    left = {path for path in kept if not _is_below(path, tests)}
    waiting = [*left] if tests else []
    while waiting and tests:
        wanted = {folder for path in waiting for folder in _wanted_tests(path, tests, read)}
        tests -= wanted
        waiting = [path for path in kept if _is_below(path, wanted) and not _is_below(path, tests)]
        left.update(waiting)
    return sorted(left)


def _is_shipped(path: str) -> bool:
    top, _, below = path.partition("/")
    if top in _ENVIRONMENT_FOLDERS or path.startswith(("../", "/")) or "__pycache__/" in path:
        return False
    return below in _METADATA_FILES if top.endswith(".dist-info") else top != ".lock"


def _test_folder(path: str) -> str:
    """The outermost folder of tests that the path shows to be one; empty where it shows none."""
    *folders, name = path.split("/")
    if not (name.startswith("test_") or name == "conftest.py"):
        return ""
    at = next((n for n, folder in enumerate(folders) if folder in _TEST_FOLDERS), None)
    return "/".join(folders[: at + 1]) if at is not None else ""


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(path.startswith(f"{folder}/") for folder in folders)


def _wanted_tests(path: str, folders: Iterable[str], read: Callable[[str], bytes]) -> Iterator[str]:
    """The folders of tests that a file needs when it is loaded, or may need later."""
    name = path.rpartition("/")[2]
    if not name.endswith(".py") or name.startswith("test_") or name == "conftest.py":
        return
    try:
        source = read(path)
        named = [*_named_paths(path, source)] if _MENTIONS_TESTS.search(source) else []
    except (OSError, ImportRaisedError):  # recorded and not there, or a template
        return
    yield from (folder for folder in folders if any(f"{each}/".startswith(f"{folder}/") for each in named))


def _named_paths(path: str, source: bytes) -> Iterator[str]:
    """What a file imports or names in a string, as paths."""
    tree = parse_source(source, where=path)
    runners = [
        range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _RUNS_TESTS.fullmatch(node.name)
    ]
    for site in parse_imports(source, where=path).sites:
        if site.kind in NEVER_RUN or any(site.line in lines for lines in runners):
            continue
        above = path.rsplit("/", site.level)[0].split("/") if 0 < site.level <= path.count("/") else []
        module = "/".join([*above, *(site.module.split(".") if site.module else [])])
        yield module
        yield from (f"{module}/{name}" for name in site.names)
    yield from (text.dotted.replace(".", "/") for text in read_texts(tree) if "." in text.dotted)


_FORMAT = "4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """Wheels in a folder of the store, compiled and not yet parted.

    Args:
        folder: Holds them in `all`.
        contents: By distribution, its metadata folder and the paths of its files that are worth shipping.
    """

    folder: Path
    contents: Mapping[str, tuple[Path, list[str]]]


class Wheels:
    """The distributions of one project for one target.

    Args:
        store: Keeps the trees.
        fetcher: Has their files.
        pins: The versions.
        target: What the wheels are for.
        interpreter: Makes the bytecode; none is made without.
        installed: What is installed, by name: it says what a distribution requires before that is fetched.
    """

    def __init__(
        self,
        store: Store,
        fetcher: Fetcher,
        pins: Pins,
        target: Target,
        interpreter: Interpreter | None,
        *,
        installed: Mapping[str, InstalledDistribution] | None = None,
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._pins = pins
        self._target = target
        self._interpreter = interpreter
        self._installed = installed or {}
        self._requires: dict[str, tuple[str, ...] | None] = {}
        chosen = hashlib.sha256(f"{target.tag} {pins.text}".encode()).hexdigest()[:32]
        self._unpinned_file = f"unpinned/{chosen}.json"
        self._unpinned: dict[str, str] = json.loads(store.read_text(self._unpinned_file) or "{}")

    def tree(self, name: str) -> Tree | None:
        """The distribution's tree; None while it is not in the store."""
        version = self._unpinned.get(name) or self._version(name)
        return self._store.tree(self._tree_name(name, version)) if version else None

    def requires(self, name: str) -> tuple[str, ...] | None:
        """The `Requires-Dist` lines of a distribution; None where nobody has it in the version that counts."""
        if self._requires.get(name) is None:
            self._requires[name] = self._find_requires(name)
        return self._requires[name]

    def _find_requires(self, name: str) -> tuple[str, ...] | None:
        tree = self.tree(name)
        if tree is not None:
            return tuple(tree.facts["requires"])
        here = self._installed.get(name)
        if name in self._pins.local:
            return self._pins.local[name].requires
        return None if here is None or here.version != self._version(name) else tuple(here.requires)

    def download(self, names: Collection[str]) -> Download:
        """Fetch and compile these distributions, and what they require where that is not known yet; may run beside other work.

        Raises:
            DependencyError: One cannot be had; ProblemsError for several.
            ToolError: uv is missing, or the interpreter fails.
        """
        folder = self._store.unfinished_folder()
        try:
            into = folder / "all"
            into.mkdir()
            with_requirements = any(self.requires(name) is None for name in names)
            self._fetcher.fetch(names, into, with_requirements=with_requirements)
            contents = dict(_parted(into))
            if (
                self._interpreter is not None
            ):  # what is broken there is not the user's: templates, other versions' syntax
                paths = (path for _, paths in contents.values() for path in paths if path.endswith(".py"))
                self._interpreter.compile([self._compilation(into, path) for path in paths])
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return Download(folder=folder, contents=contents)

    def keep(self, download: Download) -> None:
        """Make trees of what was downloaded.

        Raises:
            ToolError: The store cannot be written.
        """
        try:
            with storage_errors(self._store.folder):
                for name, (metadata, paths) in download.contents.items():
                    if self.tree(name) is None:
                        self._keep(name, download.folder, metadata, paths)
            if self._unpinned:
                self._store.write_text(self._unpinned_file, json.dumps(self._unpinned, sort_keys=True))
        finally:
            shutil.rmtree(download.folder, ignore_errors=True)

    def _keep(self, name: str, folder: Path, metadata: Path, paths: Iterable[str]) -> None:
        version = metadata.name.removesuffix(".dist-info").rpartition("-")[2]
        if not self._version(name):
            self._unpinned[name] = version
        facts = {"distribution": name, "requires": read_requires(metadata)}
        into, own = f"{folder}/all", f"{folder}/{name}"
        made: set[str] = set()
        for path in paths:
            for each in (path, bytecode_path(path, self._target)) if path.endswith(".py") else (path,):
                parent = f"{own}/{each}".rpartition("/")[0]
                if parent not in made:
                    os.makedirs(parent, exist_ok=True)  # a thousand files: pathlib would be felt  # noqa: PTH103
                    made.add(parent)
                with contextlib.suppress(FileNotFoundError):  # no bytecode, or a record of what is not there
                    os.rename(f"{into}/{each}", f"{own}/{each}")  # noqa: PTH104
        _follow_pth(folder / name)
        if tops := _top_level_names(paths):
            listed = "".join(f"{top}\n" for top in tops)
            (folder / name / metadata.name / "top_level.txt").write_text(listed, "utf-8", newline="\n")
        _write_record(folder / name, metadata.name)
        self._store.adopt(self._tree_name(name, self._version(name) or version), folder / name, facts)

    def _compilation(self, into: Path, path: str) -> Compilation:
        return Compilation(
            source=f"{into}/{path}", archive_path=path, bytecode=f"{into}/{bytecode_path(path, self._target)}"
        )

    def _version(self, name: str) -> str:
        pin = self._pins.by_name.get(name)
        return "" if pin is None else pin.version or hashlib.sha256(pin.requirement.encode()).hexdigest()[:12]

    def _tree_name(self, name: str, version: str) -> str:
        pin = self._pins.by_name.get(name)
        hashes = (pin.hashes if pin is not None else ()) or (self._pins.indexes,)
        made_by = self._interpreter.magic if self._interpreter is not None else "sources"
        digest = hashlib.sha256(" ".join((_FORMAT, made_by, *hashes)).encode()).hexdigest()[:12]
        return f"{name}-{version}-{self._target.tag}-{digest}"


def _parted(into: Path) -> Iterator[tuple[str, tuple[Path, list[str]]]]:
    """Each distribution in a directory with its metadata folder and the paths of its files that are worth shipping."""
    for metadata in sorted(into.glob("*.dist-info")):
        name = normalize_name(metadata.name.partition("-")[0])
        if name != OWN_PACKAGE:
            yield name, (metadata, shipped_files(read_record(metadata), lambda path: (into / path).read_bytes()))


def _write_record(folder: Path, metadata: str) -> None:
    """List what a bundle has of a distribution, for `importlib.metadata.files()`; bytecode is left out.

    Source: packaging.python.org "Recording installed projects".
    """
    record = folder / metadata / "RECORD"
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    listed = sorted(path for path in paths if not path.endswith(".pyc"))
    with record.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([path, "", ""] for path in (*listed, f"{metadata}/RECORD"))


def _follow_pth(folder: Path) -> None:
    """Put what a distribution's `.pth` files add to the search path at the top, too: Lambda reads no `.pth` files."""
    for pth in folder.glob("*.pth"):
        for added in read_pth(pth).folders:
            if not added.is_relative_to(folder.resolve()) or added == folder.resolve():
                continue
            for file in [path for path in added.rglob("*") if path.is_file()]:
                place = folder / file.relative_to(added)
                if not place.exists():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    link_file(file, place)


_SHOWN_PLATFORMS = 6


class Fetcher:
    """Gets the files of a project's distributions.

    Args:
        root: The project.
        installer: Resolves and installs.
        pins: What is pinned.
        target: What the files are for.
        progress: Gets the name of each step when it begins.
    """

    def __init__(
        self,
        root: Path,
        installer: Installer,
        pins: Pins,
        target: Target,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._root = root
        self._installer = installer
        self._pins = pins
        self._target = target
        self._progress = progress

    def fetch(self, names: Collection[str], into: Path, *, with_requirements: bool) -> None:
        """Put distributions into a folder.

        Args:
            names: Normalized.
            into: A folder.
            with_requirements: Whether what they require comes along, where that has to be looked up.

        Raises:
            DependencyError: One cannot be had; ProblemsError for several.
        """
        pins = self._located(names, with_requirements=with_requirements)
        require_no_problems([problem for pin in pins if (problem := self._unusable(pin)) is not None])
        ready = [pin for pin in pins if pin.wheels(self._target)]
        if ready:
            self._installer.install(render_pylock(ready), self._root, self._target, into, options=self._pins.options)
        problems: list[ProjectError] = []
        for pin in pins:
            if pin not in ready:
                try:
                    self._build(pin, into)
                except DependencyError as error:
                    problems.append(error)
        require_no_problems([*problems, *_check_wheel_pythons(into, self._target.python)])

    def _build(self, pin: Pin, into: Path) -> None:
        """Build a wheel from a distribution's source, which must not come out with machine code."""
        self._progress(f"building {pin.name}")
        self._installer.install(
            render_pylock([pin]), self._root, self._target, into, options=self._pins.options, builds=True
        )
        for metadata in into.glob("*.dist-info"):
            tags = wheel_tags(metadata) if normalize_name(metadata.name.partition("-")[0]) == pin.name else []
            native = [tag for tag in tags if not tag.endswith("-none-any")]
            if native:
                raise native_error(pin.name, native[0], "")

    def _located(self, names: Collection[str], *, with_requirements: bool) -> list[Pin]:
        """The pins of these names, each with its files."""
        known = [pin for name in sorted(names) if (pin := self._pins.by_name.get(name)) is not None]
        located = {pin.name: pin for pin in known if pin.package}
        sought = [pin for pin in known if not pin.package]
        unpinned = sorted(set(names) - {pin.name for pin in known})
        by_index: dict[str, list[str]] = {}
        for pin in sought:
            by_index.setdefault(pin.index, []).append(pin.requirement)
        if unpinned:
            by_index.setdefault("", []).extend(_own_texts(unpinned))
        for index, requirements in by_index.items():
            found = self._look_up(requirements, index, is_flat=not with_requirements)
            for pin in found:
                allowed = self._pins.by_name[pin.name].allowed if pin.name in self._pins.by_name else frozenset()
                located.setdefault(pin.name, pin.with_hashes(allowed) if allowed else pin)
        return list(located.values())

    def _look_up(self, requirements: Iterable[str], index: str, *, is_flat: bool) -> Iterable[Pin]:
        request = Request(
            where=self._pins.source if self._pins.source != ENVIRONMENT else "",
            requirements="".join(f"{line}\n" for line in requirements),
            constraints=self._pins.text,
            overrides=f"{OWN_PACKAGE} ; python_version < '0'\n",
            options=(*self._pins.options, *(("--default-index", index) if index else ())),
            is_flat=is_flat or bool(index),
        )
        lock = self._installer.compile(request, self._root, self._target)
        found = parse_pylock(lock, self._root, self._target.marker_environment(), where=self._pins.source)
        return [pin for name, pin in found.pins.items() if name not in self._pins.local]

    def _unusable(self, pin: Pin) -> DependencyError | None:
        """Why no file of a distribution can go into a function; None where one can."""
        if pin.wheels(self._target) or (pin.has_source and not pin.wheel_names):
            return None
        where = f"python{self._target.python} on {self._target.machine}"
        version = f" {pin.version}" if pin.version else ""
        if not pin.files and not pin.allowed:
            return DependencyError(f"{pin.name!r}{version} has no file in {self._pins.source}", hint="Lock again")
        if not pin.files:
            hashes = ", ".join(sorted(pin.allowed))
            problem = f"{pin.name!r}{version} has no file with a hash that {self._pins.source} lists ({hashes})"
            return DependencyError(problem, hint="Find out why they differ, then lock again")
        platforms = list(described_platforms(pin))
        shown = ", ".join(platforms[:_SHOWN_PLATFORMS]) + (" …" if len(platforms) > _SHOWN_PLATFORMS else "")
        # Who publishes wheels for single platforms has machine code: its source would be compiled, for minutes, to be refused.
        problem = f"{pin.name!r}{version} has no wheel for {where} ({self._target.platform}). It has wheels for {shown}"
        hint = f"Choose a version of {pin.name!r} that has such a wheel, or replace it"
        return DependencyError(problem, hint=hint)


def install_distributions(
    requirements: Iterable[str], root: Path, installer: Installer, target: Target, into: Path
) -> None:
    """Put distributions, and what they require, into a new folder.

    Raises:
        DependencyError: One cannot be had; ProblemsError for several.
    """
    by_name = {}
    for text in requirements:
        name = normalize_name(parse_requirement(text, where="").name)
        by_name[name] = Pin(name=name, requirement=text)
    into.mkdir(parents=True)
    pins = Pins(source=ENVIRONMENT, by_name=by_name)
    Fetcher(root, installer, pins, target).fetch(by_name, into, with_requirements=True)


def _own_texts(names: Iterable[str]) -> list[str]:
    """Requirements for names that nobody pins: as edgeroutes requires them, where it does."""
    own = {normalize_name(parse_requirement(text, where=OWN_PACKAGE).name): text for text in own_requirements()}
    return [own.get(name, name) for name in names]


def _check_wheel_pythons(folder: Path, python: str) -> Iterator[DependencyError]:
    """The distributions in a folder that say that they do not run on this Python."""
    for metadata in sorted(folder.glob("*.dist-info")):
        name, version, *_ = metadata.name.removesuffix(".dist-info").split("-")
        head = (metadata / "METADATA").read_text("utf-8", "replace").partition("\n\n")[0]
        specifier = next((each[16:].strip() for each in head.splitlines() if each.startswith("Requires-Python:")), "")
        if not allows_python(specifier, python):
            name = normalize_name(name)
            problem = f"{name!r} {version} requires Python {specifier}, and the functions run on python{python}"
            hint = f"Choose a version of {name!r} for that Python, or set 'runtime' in [tool.edgeroutes]"
            yield DependencyError(problem, hint=hint)


def _top_level_names(paths: Iterable[str]) -> list[str]:
    """The importable names at the top of these files: `packages_distributions()` reads them, where there is no RECORD."""
    tops = {path.partition("/")[0] for path in paths if path.endswith((".py", ".so"))}
    return sorted({name for top in tops if (name := top.partition(".")[0]).isidentifier()})
