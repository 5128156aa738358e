"""Which distributions a project's functions get: from a lock, from requirements.txt, or from what is installed.

Everything that the first of these knows is declared, groups and extras too: what of it ships, the imports decide.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes.build.declared import (
    REQUIREMENTS_FILE,
    check_project_python,
    declarations_of,
    declared_distributions,
    has_name,
    needed_by_comments,
    parse_requirement,
    read_declarations,
    read_text,
    required_names,
)
from edgeroutes.build.distributions import installed_distributions
from edgeroutes.build.installer import Request, UnknownDistributionError
from edgeroutes.build.local import check_cycles, file_of_url, local_distributions
from edgeroutes.build.lock_files import (
    ENVIRONMENT,
    PDM_LOCK,
    POETRY_LOCK,
    PYLOCK,
    UV_LOCK,
    check_names,
    check_uv_lock,
    find_source,
    index_digest,
    parse_tool_lock,
    settings_files,
    source_indexes,
    uv_settings,
)
from edgeroutes.build.modules import OWN_PACKAGE, normalize_name
from edgeroutes.build.pylock import Locked, Pin, parse_pylock
from edgeroutes.build.store import write_whole
from edgeroutes.config import parse_toml
from edgeroutes.errors import DependencyError, require_no_problems
from edgeroutes.names import CONFIG_FILE, DECLARING_FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from edgeroutes.build.declared import Declaration, Declarations, DeclaredDistribution
    from edgeroutes.build.distributions import InstalledDistribution
    from edgeroutes.build.installer import Installer
    from edgeroutes.build.local import LocalDistribution
    from edgeroutes.build.target import Target
    from edgeroutes.errors import ProjectError

_FORMAT = 2
_REPORTED_NAMES = 8
# edgeroutes ships by itself: for uv it is a distribution that no environment needs.
_OWN_PLACE = re.compile(rf"(?:^|[/\\]){OWN_PACKAGE}(?:$|[-/\\\[\s@=<>~!;])")
_WITHOUT_OWN = f"{OWN_PACKAGE} ; python_version < '0'\n"
_INDEX_OPTIONS = {
    "-i": "--index-url", "--index-url": "--index-url", "--extra-index-url": "--extra-index-url", "-f": "--find-links",
    "--find-links": "--find-links", "--trusted-host": "--allow-insecure-host", "--no-index": "--no-index",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """The distributions that a project has chosen.

    Args:
        source: Who says so: a file's name, or `the environment`.
        project: The name of the project as a distribution, normalized; empty where it has none.
        by_name: By normalized name.
        declared: The names that may be imported; None for all of `by_name`.
        files: That say so, relative to the project where they are below it.
        local: Distributions that are folders of this machine and installed here.
        absent: Folders of this machine that the lock names and that are not installed, by name.
        distributions: Every distribution that the project's own files declare, tools included.
        options: Of uv, with which the project's files name indexes.
        indexes: A digest of all that chooses indexes.
    """

    source: str
    project: str = ""
    by_name: Mapping[str, Pin] = field(default_factory=dict)
    declared: frozenset[str] | None = None
    files: tuple[str, ...] = DECLARING_FILES
    local: Mapping[str, LocalDistribution] = field(default_factory=dict)
    absent: Mapping[str, Path] = field(default_factory=dict)
    distributions: tuple[DeclaredDistribution, ...] = ()
    options: tuple[str, ...] = ()
    indexes: str = ""

    @property
    def text(self) -> str:
        """All of them as the text of a constraints file."""
        return "".join(f"{self.by_name[name].requirement}\n" for name in sorted(self.by_name))

    def is_declared(self, name: str) -> bool:
        """Whether functions may import what this distribution brings."""
        known = self.by_name.keys() if self.declared is None else self.declared
        return name in known or name in self.local

    def is_pinned(self, name: str) -> bool:
        """Whether the project itself requires one exact version of it.

        A file that pins boto3 with `==` beside botocore is a list of everything, and pins nothing on purpose.
        """
        exact = {each.name for each in self.distributions if each.is_exact and not each.is_dev_only}
        return name in exact and not (self.source == REQUIREMENTS_FILE and "botocore" in exact)

    def extras_of(self, name: str) -> frozenset[str]:
        """The extras that the project declares a distribution with, in any of its groups."""
        return frozenset().union(*(each.extras for each in self.distributions if each.name == name))


def read_pins(
    root: Path, installer: Installer, target: Target, site_packages: Sequence[Path], cache: Path | None = None
) -> Pins:
    """The distributions that the project's functions get, and what it declares.

    Args:
        root: The project.
        installer: Reads the lock.
        target: Where the functions run.
        site_packages: What is installed, for a project without lock and requirements, and for its local folders.
        cache: A folder that keeps what the installer said of the same files.

    Raises:
        DependencyError: The lock or the requirements cannot be read, or contradict each other; ProblemsError for several.
        ConfigError: pyproject.toml is not valid TOML.
    """
    reader = _Reader(root, installer, target, site_packages, cache)
    return reader.read()


class _Reader:
    def __init__(
        self, root: Path, installer: Installer, target: Target, site_packages: Sequence[Path], cache: Path | None
    ) -> None:
        self._root = root
        self._installer = installer
        self._target = target
        self._environment = target.marker_environment()
        self._cache = cache
        self._source = find_source(root)
        self._declarations = read_declarations(root, with_requirements=self._source.name == REQUIREMENTS_FILE)
        self._installed = {each.name: each for each in installed_distributions(site_packages)}
        self._local = local_distributions(self._installed.values())

    def read(self) -> Pins:
        text = read_text(self._root / CONFIG_FILE)
        document = parse_toml(text, where=CONFIG_FILE)
        require_no_problems(list(check_project_python(document, text, self._target.python)))
        check_cycles(self._local, self._environment)
        read = {
            UV_LOCK: self._read_uv_lock,
            PYLOCK: self._read_pylock,
            POETRY_LOCK: self._read_tool_lock,
            PDM_LOCK: self._read_tool_lock,
            REQUIREMENTS_FILE: self._read_requirements,
            ENVIRONMENT: self._read_environment,
        }[self._source.name]
        try:
            locked = read()
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # TOML, and not what a lock has
            problem = f"the file does not have the form of a lock ({error!r})"
            raise DependencyError(problem, where=self._source.name, hint="Lock again") from error
        declared = self._distributions()
        is_all = self._source.name != ENVIRONMENT or not any(self._project_requirements())
        return Pins(
            source=self._source.name,
            project=self._declarations.name,
            by_name={name: pin for name, pin in locked.pins.items() if name not in self._local},
            declared=None if is_all else self._closure(),
            files=tuple(dict.fromkeys((*DECLARING_FILES, *self._source.files, *self._files()))),
            local=self._local,
            absent={name: folder for name, folder in locked.folders.items() if name not in self._local},
            distributions=declared,
            options=tuple(self._index_options()),
            indexes=self._indexes(),
        )

    def _files(self) -> list[str]:
        """Files besides the source that decide: what requirements include, and local distributions' metadata."""
        local = (str(path) for each in self._local.values() for path in (each.metadata / "METADATA", Path(each.where)))
        return [*map(str, settings_files(self._root)), *self._declarations.files, *local]

    def _distributions(self) -> tuple[DeclaredDistribution, ...]:
        declarations = [*self._declarations]
        here = self._local.get(self._declarations.name)
        if self._declarations.is_dynamic and here is not None:
            declarations += declarations_of(here.requires, where="pyproject.toml, dynamic")
        for each in self._local.values():
            if each.is_inside(self._root) and each.name != self._declarations.name:
                declarations += _member_declarations(each, self._root)
        own = self._own_closure()
        return declared_distributions(
            declarations, self._installed, self._required, own=own, own_only=self._own_only(own)
        )

    def _own_closure(self) -> frozenset[str]:
        """What edgeroutes and its extras bring along, where requirements.txt pins all of it: a tool wrote such a file.

        `pip freeze` and `pip-compile` list what is installed, and nobody declares what they add.
        """
        pinned = {each.name for each in self._declarations.from_requirements if each.is_exact}
        own = self._installed.get(OWN_PACKAGE)
        extras = re.findall(r"""extra == ['"]([\w-]+)['"]""", " ".join(own.requires)) if own is not None else []
        closures = [self._reached([(OWN_PACKAGE, frozenset({extra}))]) - {OWN_PACKAGE} for extra in ("", *extras)]
        return (
            frozenset().union(*(each for each in closures if each <= pinned)) if closures[0] <= pinned else frozenset()
        )

    def _own_only(self, own: frozenset[str]) -> frozenset[str]:
        """Those of edgeroutes' distributions that nothing else needs, by the comments that pip-compile and uv write."""
        via: dict[str, set[str]] = {}
        for file in self._declarations.files:
            for name, needed_by in needed_by_comments(read_text(self._root / file)).items():
                via.setdefault(name, set()).update(needed_by)
        in_project = {each.name for each in self._declarations.from_project}
        return frozenset(name for name in own - in_project if via.get(name) and via[name] <= own | {OWN_PACKAGE})

    def _required(self, name: str) -> list[str]:
        """The names that an installed distribution requires."""
        here = self._installed.get(name)
        return [] if here is None else [each for each, _ in required_names(here.requires, "", self._environment)]

    def _read_uv_lock(self) -> Locked:
        def read() -> Locked:
            require_no_problems(check_uv_lock(lock, self._declarations, self._root))
            return self._parsed(self._installer.export_lock(self._root))

        lock = read_text(self._source.path)
        return self._cached([lock, *(read_text(self._root / name) for name in self._source.files)], read)

    def _read_pylock(self) -> Locked:
        lock = self._checked_lock("Make the lock again, with the tool that made it")
        return self._cached([lock], lambda: self._parsed(lock))

    def _read_tool_lock(self) -> Locked:
        name = self._source.name
        lock = self._checked_lock(f"Run '{name.partition('.')[0]} lock'")
        return self._cached([lock], lambda: parse_tool_lock(lock, self._root, self._environment, where=name))

    def _checked_lock(self, hint: str) -> str:
        lock, name = read_text(self._source.path), self._source.name
        require_no_problems(
            check_names(parse_toml(lock, where=name), self._declarations, name, hint, self._environment)
        )
        return lock

    def _parsed(self, lock: str) -> Locked:
        return parse_pylock(lock, self._root, self._environment, where=self._source.name)

    def _read_requirements(self) -> Locked:
        request = Request(
            where=REQUIREMENTS_FILE,
            files=(REQUIREMENTS_FILE,),
            requirements="".join(f"{line}\n" for line in self._unlisted()),
            overrides=_WITHOUT_OWN,
            preferred={each.name: each.version for each in self._installed.values() if not each.direct_url},
        )
        files = (self._root / name for name in self._declarations.files)
        places = [_stamp(self._root, line.requirement) for line in self._declarations.lines]
        parts = [repr(request), *map(read_text, files), *places, self._indexes()]
        locked = self._cached(parts, lambda: self._parsed(self._compiled(request)))
        return replace(locked, pins=_with_hashes(locked.pins, self._declarations))

    def _compiled(self, request: Request) -> str:
        """The lock of a request. Names that no index has are taken out one after the other, to report all of them."""
        problems: list[ProjectError] = []
        while True:
            try:
                lock = self._installer.compile(request, self._root, self._target)
            except DependencyError as error:
                problems.append(self._placed(error))
                if not isinstance(error, UnknownDistributionError) or len(problems) > _REPORTED_NAMES:
                    require_no_problems(problems)
                else:
                    without = f"{request.overrides}{error.name} ; python_version < '0'\n"
                    request = replace(request, overrides=without)
            else:
                require_no_problems(problems)
                return lock

    def _placed(self, error: DependencyError) -> DependencyError:
        """The error at the line of the one declared distribution that it names."""
        named = {
            each.name: each.where for each in reversed([*self._declarations]) if has_name(error.problem, each.name)
        }
        where = named.popitem()[1] if len(named) == 1 else error.where
        return DependencyError(error.problem, where=where, hint=error.hint)

    def _unlisted(self) -> list[str]:
        """What edgeroutes and pyproject.toml need to run, where requirements.txt does not name it.

        edgeroutes and folders of this machine stand for what they require.
        """
        listed = {each.name for each in self._declarations.from_requirements} | {OWN_PACKAGE}
        has_own = any(_OWN_PLACE.search(each.requirement) for each in self._declarations.lines)
        found = own_requirements() if has_own or any(each.name == OWN_PACKAGE for each in self._declarations) else []
        for each in self._declarations.from_project:
            if each.group or each.name in listed:
                continue
            here = self._local.get(each.name)
            required = (text for text in here.requires if "extra ==" not in text) if here is not None else [each.text]
            found += [text for text in required if parse_requirement(text, where=each.where).name != OWN_PACKAGE]
        return found

    def _read_environment(self) -> Locked:
        indexes = source_indexes(self._root)
        pins = (
            _installed_pin(each, indexes.get(each.name, ""))
            for each in self._installed.values()
            if not each.is_local and each.name != OWN_PACKAGE
        )
        return Locked(pins={pin.name: pin for pin in pins}, folders={})

    def _project_requirements(self) -> list[str]:
        """What the project needs to run; what its build backend said where pyproject.toml leaves that to it."""
        here = self._local.get(self._declarations.name)
        if self._declarations.is_dynamic and here is not None:
            return list(here.requires)
        return [each.text for each in self._declarations.from_project if not each.group]

    def _closure(self) -> frozenset[str]:
        """The distributions that the project's declarations reach through what is installed; those not installed, too."""
        declared = [each.text for each in self._declarations.from_project]
        texts = dict.fromkeys((*declared, *self._project_requirements()))
        queue = [parse_requirement(text, where=CONFIG_FILE) for text in texts]
        return self._reached([(each.name, frozenset(each.extras)) for each in queue])

    def _reached(self, pairs: list[tuple[str, frozenset[str]]]) -> frozenset[str]:
        """These distributions, with what they require of what is installed."""
        seen = {(self._declarations.name, "")}
        found: set[str] = set()
        for name, extras in pairs:
            normal = normalize_name(name)
            found.add(normal)
            here = self._installed.get(normal)
            for extra in ("", *sorted(extras)):
                if here is not None and (normal, extra) not in seen:
                    seen.add((normal, extra))
                    pairs += required_names(here.requires, extra, self._environment)
        return frozenset(found)

    def _indexes(self) -> str:
        return index_digest(self._root, (each for _, each in uv_settings(self._root)), self._index_options())

    def _index_options(self) -> Iterable[str]:
        for line in self._declarations.lines:
            option = _INDEX_OPTIONS.get(line.option)
            if option is None:
                continue
            value = os.path.expandvars(line.value)
            if option == "--find-links" and "://" not in value:
                value = str(self._root / value)
            yield from (option, value) if value else (option,)

    def _cached(self, parts: Sequence[str], read: Callable[[], Locked]) -> Locked:
        """What was read before from the same files for the same target; else it is read, and kept."""
        if self._cache is None:
            return read()
        key = [_FORMAT, self._source.name, self._target.tag, str(self._root), *parts]
        path = self._cache / f"{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]}.json"
        known = read_text(path)
        if known:
            return Locked.from_json(known)
        locked = read()
        with contextlib.suppress(OSError):  # without it, the next build asks uv again
            write_whole(path, locked.to_json())
        return locked


def own_requirements() -> list[str]:
    """The requirements of the installed edgeroutes for handling requests, without extras."""
    try:
        required = metadata.requires(OWN_PACKAGE) or []
    except metadata.PackageNotFoundError:
        return []
    return [text for text in required if "extra ==" not in text]


def _member_declarations(member: LocalDistribution, root: Path) -> list[Declaration]:
    """What a distribution inside the project needs to run: its modules are the project's own, and so are its declarations."""
    place = Path(member.where)
    shown = place.relative_to(root).as_posix() if place.is_relative_to(root) else str(place)
    declared = read_declarations(member.folder, with_requirements=False)
    if declared.is_dynamic or not declared.from_project:
        return [each for each in declarations_of(member.requires, where=shown) if not each.group]
    return [
        replace(each, where=each.where.replace(CONFIG_FILE, shown, 1))
        for each in declared.from_project
        if not each.group
    ]


def _installed_pin(installed: InstalledDistribution, index: str) -> Pin:
    """What is installed, in its version and from where it came. Source: PEP 610."""
    name, version, origin = installed.name, installed.version, installed.direct_url
    vcs, archive = origin.get("vcs_info"), origin.get("archive_info")
    url = str(origin.get("url", ""))
    package: dict[str, Any] = {"name": name, "version": version}
    requirement = f"{name}=={version}"
    if isinstance(vcs, dict):
        below = {"subdirectory": origin["subdirectory"]} if origin.get("subdirectory") else {}
        package["vcs"] = {"type": vcs["vcs"], "url": url, "commit-id": vcs["commit_id"], **below}
        requirement = f"{name} @ {vcs['vcs']}+{url}@{vcs['commit_id']}"
    elif isinstance(archive, dict):
        requirement = f"{name} @ {url}"
        file = file_of_url(url)
        if file is None or not file.is_file():
            return Pin(name=name, version=version, requirement=requirement)
        package["archive"] = {"path": str(file), "hashes": {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}}
    else:
        package = {}
    return Pin(name=name, version=version, requirement=requirement, package=package, index=index)


def _with_hashes(pins: Mapping[str, Pin], declarations: Declarations) -> dict[str, Pin]:
    """The pins with those of their files alone whose hashes requirements.txt lists, where it lists some.

    Raises:
        DependencyError: None of a distribution's files has such a hash; ProblemsError for several distributions.
    """
    found = dict(pins)
    problems: list[ProjectError] = []
    for line in declarations.lines:
        name = normalize_name(parse_requirement(line.requirement, where=line.where).name) if line.has_name else ""
        if not line.hashes or name not in pins:
            continue
        found[name] = pins[name].with_hashes(line.hashes)
        if not found[name].files:
            hashes = ", ".join(each for each in pins[name].hashes)
            problem = f"no file of {pins[name].requirement!r} has a hash that this line lists: theirs are {hashes}"
            hint = "Find out why they differ; then correct the line (uv pip compile --generate-hashes)"
            problems.append(DependencyError(problem, where=line.where, hint=hint))
    require_no_problems(problems)
    return found


def _stamp(root: Path, requirement: str) -> str:
    """What tells whether the file or folder that a requirement names has changed; empty for one that names none."""
    place = requirement.partition(" ;")[0].rpartition(" @ ")[2].strip().partition("[")[0]
    path = file_of_url(place) if place.startswith("file:") else root / place
    if path is None or not path.exists() or path == root:
        return ""
    project = path / CONFIG_FILE
    status = (project if project.is_file() else path).stat()
    return f"{path} {status.st_mtime_ns} {status.st_size}"
