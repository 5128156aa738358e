"""Which versions a project's functions get: from uv.lock, requirements.txt, or what is installed. Floor 2.

Everything that the first of these three knows is declared, groups and extras too: what of it ships, the imports decide.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING

from edgeroutes.build.distributions import installed_distributions
from edgeroutes.build.modules import OWN_PACKAGE, normalize_name
from edgeroutes.build.requirements import (
    Declared,
    Pin,
    logical_lines,
    parse_declared,
    parse_pins,
    parse_requirement,
    project_requirements,
    without_edgeroutes,
)
from edgeroutes.routing.reading import MAX_LOCK_BYTES, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from edgeroutes.build.distributions import InstalledDistribution
    from edgeroutes.build.installer import Installer
    from edgeroutes.build.target import Target

LOCK_FILE = "uv.lock"
REQUIREMENTS_FILE = "requirements.txt"
PROJECT_FILE = "pyproject.toml"
ENVIRONMENT = "the environment"
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """The versions that a project has chosen.

    Args:
        source: Who says so: a file's name, or `the environment`.
        by_name: By normalised name.
        direct: What the project itself declares, to run.
        declared: The names that may be imported; None for all of `by_name`.
        files: Of the project, that say so.
        local: Distributions that are folders of this machine (editable, paths), which have no version to pin, with what they require.
    """

    source: str
    by_name: Mapping[str, Pin] = field(default_factory=dict)
    direct: Declared = field(default_factory=Declared)
    declared: frozenset[str] | None = None
    files: tuple[str, ...] = (PROJECT_FILE, LOCK_FILE, REQUIREMENTS_FILE)
    local: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All of them as the text of a requirements file."""
        return "".join(f"{self.by_name[name].line}\n" for name in sorted(self.by_name))

    def is_declared(self, name: str) -> bool:
        """Whether functions may import what this distribution brings."""
        known = self.by_name.keys() if self.declared is None else self.declared
        return name in known or name in self.local

    def is_pinned(self, name: str) -> bool:
        """Whether the project asks for one exact version of it, by itself.

        A file that pins boto3 with `==` beside botocore is a list of everything, and asks for nothing.
        """
        return name in self.direct.exact and not (self.source == REQUIREMENTS_FILE and "botocore" in self.direct.exact)


def read_pins(
    root: Path, installer: Installer, target: Target, site_packages: Sequence[Path], cache: Path | None = None
) -> Pins:
    """The versions that the project's functions get.

    Args:
        root: The project.
        installer: Reads the lock.
        target: Where the functions run.
        site_packages: What is installed, for a project without lock and requirements, and for its local folders.
        cache: A folder that keeps what the installer said of the same files.

    Raises:
        DependencyError: The lock or the requirements cannot be read, or contradict each other.
        ConfigError: pyproject.toml is no TOML.
    """
    pyproject = _read(root / PROJECT_FILE)
    needed, besides = project_requirements(pyproject)
    installed = installed_distributions(site_packages)
    local = {each.name: tuple(each.requires) for each in installed if each.is_local}
    if (root / LOCK_FILE).exists():
        text = _cached(cache, [_read(root / LOCK_FILE), pyproject], lambda: installer.export_lock(root))
        return Pins(
            source=LOCK_FILE,
            by_name=parse_pins(text, target.marker_environment(), where=LOCK_FILE),
            direct=parse_declared(needed, where=PROJECT_FILE),
            local=local,
        )
    if (root / REQUIREMENTS_FILE).exists():
        return _from_requirements(root, installer, target, installed, cache)
    by_name = {
        each.name: Pin(name=each.name, requirement=f"{each.name}=={each.version}", version=each.version)
        for each in installed
        if not each.is_local
    }
    direct = parse_declared(needed, where=PROJECT_FILE)
    reached = None if not pyproject or not needed else _closure([*needed, *besides], installed, target)
    return Pins(source=ENVIRONMENT, by_name=by_name, direct=direct, declared=reached, local=local)


def _from_requirements(
    root: Path, installer: Installer, target: Target, installed: Sequence[InstalledDistribution], cache: Path | None
) -> Pins:
    included: list[str] = []
    given = _with_included(root, REQUIREMENTS_FILE, included)
    requirements = without_edgeroutes(given, own_requirements())
    preferred = "".join(f"{each.name}=={each.version}\n" for each in installed if not each.is_local)
    parts = [requirements, preferred, target.platform, target.python]
    text = _cached(cache, parts, lambda: installer.compile(requirements, preferred, root, target))
    named = [line.split(" --")[0] for line in logical_lines(given) if line[:1].isalnum() and "://" not in line]
    return Pins(
        source=REQUIREMENTS_FILE,
        by_name=parse_pins(text, target.marker_environment(), where=REQUIREMENTS_FILE),
        direct=parse_declared(named, where=REQUIREMENTS_FILE),
        files=(PROJECT_FILE, LOCK_FILE, *included),
        local={each.name: tuple(each.requires) for each in installed if each.is_local},
    )


def own_requirements() -> list[str]:
    """What the installed edgeroutes requires to answer requests, extras left out."""
    try:
        required = metadata.requires(OWN_PACKAGE) or []
    except metadata.PackageNotFoundError:
        return []
    return [text for text in required if "extra ==" not in text]


def _closure(requirements: Sequence[str], installed: Sequence[InstalledDistribution], target: Target) -> frozenset[str]:
    """The installed distributions that these requirements reach; those that are not installed, too."""
    known = {each.name: each for each in installed}
    queue = [parse_requirement(text, where=PROJECT_FILE) for text in requirements]
    seen: set[tuple[str, str]] = set()
    while queue:
        requirement = queue.pop()
        name = normalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            for text in known[name].requires if name in known else ():
                required = parse_requirement(text, where=name)
                environment = {**target.marker_environment(), "extra": extra}
                if required.marker is None or required.marker.evaluate(environment):
                    queue.append(required)
    return frozenset(name for name, _ in seen)


def _with_included(root: Path, name: str, seen: list[str]) -> str:
    """A requirements file with those that it includes (`-r`) in their places; `seen` learns their names."""
    if name in seen:
        return ""
    seen.append(name)
    lines = []
    for line in logical_lines(_read(root / name)):
        if line.startswith(("-r ", "--requirement ")):
            included = (root / name).parent / line.split(" ", 1)[1]
            lines.append(_with_included(root, str(included), seen))
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _read(path: Path) -> str:
    try:
        return read_text(path, path.name, limit_bytes=MAX_LOCK_BYTES)
    except FileNotFoundError:
        return ""


def _cached(cache: Path | None, parts: Sequence[str], ask: Callable[[], str]) -> str:
    """What was said when the same was asked before; else the answer, kept."""
    if cache is None:
        return ask()
    digest = hashlib.sha256(json.dumps([_FORMAT, *parts]).encode()).hexdigest()[:32]
    path = cache / f"{digest}.txt"
    known = _read(path)
    if not known:
        known = ask()
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".new")
        unfinished.write_text(known, "utf-8")
        unfinished.replace(path)
    return known
