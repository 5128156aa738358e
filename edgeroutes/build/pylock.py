"""`pylock.toml` as pins: what uv resolved, with the index, files and hashes of every distribution. Reads and writes text only.

Source: PEP 751; packaging.python.org "pylock.toml specification", read 2026-11-30.
"""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from packaging.markers import InvalidMarker, Marker
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from edgeroutes.build.modules import OWN_PACKAGE, normalize_name
from edgeroutes.config import parse_toml
from edgeroutes.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from edgeroutes.build.target import Target

_LOCAL = "directory"
# Not needed to install; the time has no JSON form.
_LEFT_OUT = frozenset({"upload-time", "size", "dependencies", "attestation-identities", "tool"})
_GLIBC_MINORS = range(4, 41)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One distribution in one version, from one place.

    Args:
        name: Normalized.
        version: Empty where only its place says it.
        requirement: As uv takes it: `starlette==1.0`, or a name with a URL.
        package: Its entry of a `pylock.toml`, with absolute paths; empty where nobody has looked up its files.
        index: The one index that may have it, as `name=URL`; empty for those that uv is configured with.
        allowed: Hashes of which its files must have one; empty where nobody recorded any.
    """

    name: str
    version: str = ""
    requirement: str = ""
    package: Mapping[str, Any] = field(default_factory=dict)
    index: str = ""
    allowed: frozenset[str] = frozenset()

    @property
    def hashes(self) -> tuple[str, ...]:
        """`sha256:…` of all its files, and the commit of a repository, sorted."""
        found = [f"{kind}:{value}" for file in self.files for kind, value in file.get("hashes", {}).items()]
        commit = self.package.get("vcs", {}).get("commit-id")
        return tuple(sorted({*found, *self.allowed, *([f"commit:{commit}"] if commit else [])}))

    @property
    def files(self) -> list[Mapping[str, Any]]:
        """The tables of its files: wheels, a source distribution, an archive."""
        single = [self.package[key] for key in ("sdist", "archive") if key in self.package]
        return [*self.package.get("wheels", ()), *single]

    def wheels(self, target: Target) -> list[str]:
        """The names of its wheels that the target can load."""
        tags = _supported_tags(target)
        return [name for name in self.wheel_names if not tags.isdisjoint(_tags(name))]

    def with_hashes(self, allowed: Collection[str]) -> Pin:
        """The pin with those of its files alone that have one of these hashes."""
        package = dict(self.package)
        package["wheels"] = [each for each in package.get("wheels", ()) if _has_hash(each, allowed)]
        for key in ("sdist", "archive"):
            if key in package and not _has_hash(package[key], allowed):
                del package[key]
        return replace(self, package=package)

    @property
    def wheel_names(self) -> list[str]:
        """The names of all its wheels."""
        names = [_file_name(file) for file in self.files]
        return [name for name in names if name.endswith(".whl")]

    @property
    def has_source(self) -> bool:
        """Whether a wheel can be built from it."""
        return "vcs" in self.package or any(not _file_name(file).endswith(".whl") for file in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A lock, read for one target.

    Args:
        pins: By normalized name.
        folders: The distributions that are folders of this machine, by normalized name.
    """

    pins: Mapping[str, Pin]
    folders: Mapping[str, Path]

    def to_json(self) -> str:
        """As a text that is read faster than TOML."""
        pins = [
            [pin.name, pin.version, pin.requirement, pin.package, pin.index, sorted(pin.allowed)]
            for pin in self.pins.values()
        ]
        return json.dumps({"pins": pins, "folders": {name: str(path) for name, path in self.folders.items()}})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote."""
        document = json.loads(text)
        pins = (
            Pin(
                name=name,
                version=version,
                requirement=requirement,
                package=package,
                index=index,
                allowed=frozenset(allowed),
            )
            for name, version, requirement, package, index, allowed in document["pins"]
        )
        folders = {name: Path(path) for name, path in document["folders"].items()}
        return cls(pins={pin.name: pin for pin in pins}, folders=folders)


def parse_pylock(text: str, base: Path, environment: Mapping[str, str], *, where: str) -> Locked:
    """The distributions that a lock has for one environment.

    Args:
        text: Of the lock.
        base: The folder that its relative paths begin at.
        environment: Values of markers.
        where: The file that the versions come from, for errors.

    Raises:
        DependencyError: It is not a lock, or of a version that is not known.
    """
    document = parse_toml(text, where=where)
    if not str(document.get("lock-version", "")).startswith("1."):
        raise DependencyError(f"lock-version is {document.get('lock-version')!r}, and not 1.x", where=where)
    pins: dict[str, Pin] = {}
    folders: dict[str, Path] = {}
    for package in document.get("packages", ()):
        name = normalize_name(str(package.get("name", "")))
        if not name or name == OWN_PACKAGE or not applies(package.get("marker"), environment, where=where):
            continue
        absolute = {key: _absolute(value, base) for key, value in package.items() if key not in _LEFT_OUT}
        if _LOCAL in absolute:
            folders[name] = Path(absolute[_LOCAL]["path"])
        else:
            version = str(package.get("version", ""))
            pins[name] = Pin(name=name, version=version, requirement=_requirement(name, absolute), package=absolute)
    return Locked(pins=pins, folders=folders)


def render_pylock(pins: Iterable[Pin]) -> str:
    """A lock that has these distributions alone, for uv to install from; each must have its package."""
    packages = (dict(pin.package) for pin in sorted(pins, key=lambda pin: pin.name))
    return _render({key: value for key, value in each.items() if key != "marker"} for each in packages)


def with_absolute_paths(lock: str, base: Path) -> str:
    """The same lock, whose relative paths began at `base`, for reading it anywhere."""
    packages = tomllib.loads(lock).get("packages", ())
    return _render({key: _absolute(value, base) for key, value in each.items()} for each in packages)


def render_preferences(versions: Mapping[str, str]) -> str:
    """A lock that says nothing but versions, for uv to prefer."""
    return _render({"name": name, "version": versions[name]} for name in sorted(versions))


def _render(packages: Iterable[Mapping[str, Any]]) -> str:
    lines = ['lock-version = "1.0"', 'created-by = "edgeroutes"']
    packages = list(packages)
    if not packages:
        lines.append("packages = []")  # uv requires the key
    for package in packages:
        lines += ["", "[[packages]]"]
        lines += [f"{key} = {_toml(value)}" for key, value in package.items() if key not in _LEFT_OUT]
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=8)
def _supported_tags(target: Target) -> frozenset[Tag]:
    """The tags of the wheels that the target can load. Source: PEP 425, PEP 600."""
    newest = int(target.platform.rpartition("_")[2])
    platforms = [f"manylinux_2_{minor}_{target.machine}" for minor in _GLIBC_MINORS if minor <= newest]
    platforms += [f"manylinux{each}_{target.machine}" for each in ("2014", "2010", "1")]
    version = target.version_info
    return frozenset((*cpython_tags(version, platforms=platforms), *compatible_tags(version, platforms=platforms)))


def wheel_tags(metadata: Path) -> list[str]:
    """The tags that an installed wheel says of itself. Source: PyPA, "Binary distribution format", WHEEL."""
    try:
        lines = (metadata / "WHEEL").read_text("utf-8").splitlines()
    except OSError:
        return []
    return [line.partition(":")[2].strip() for line in lines if line.startswith("Tag:")]


def _requirement(name: str, package: Mapping[str, Any]) -> str:
    """The package as a requirement: `a==1.0`, `a @ https://…`, `a @ git+https://…@commit`."""
    if "vcs" in package:
        vcs = package["vcs"]
        place = vcs.get("url") or Path(vcs["path"]).as_uri()
        below = f"#subdirectory={vcs['subdirectory']}" if vcs.get("subdirectory") else ""
        return f"{name} @ {vcs['type']}+{place}@{vcs['commit-id']}{below}"
    if "archive" in package:
        archive = package["archive"]
        return f"{name} @ {archive.get('url') or Path(archive['path']).as_uri()}"
    return f"{name}=={package['version']}" if package.get("version") else name


def applies(marker: Any, environment: Mapping[str, str], *, where: str, extras: Iterable[str] = ()) -> bool:
    """Whether a marker holds for the project, with or without any of its extras, or there is none.

    Args:
        marker: Of a lock's entry.
        environment: Values of markers.
        where: The lock.
        extras: Of the project, which Poetry's markers name.

    Raises:
        DependencyError: It is not a marker.
    """
    if not marker:
        return True
    try:
        parsed = Marker(str(marker))
    except InvalidMarker as error:
        raise DependencyError(f"{marker!r} is not a marker", where=where) from error
    if "extra ==" in str(parsed):
        return any(parsed.evaluate({**environment, "extra": extra}) for extra in ("", *extras))
    try:
        return parsed.evaluate(dict(environment), context="lock_file")
    except TypeError:  # packaging before 25 has no context
        return parsed.evaluate(dict(environment))


def _absolute(value: Any, base: Path) -> Any:
    """The value with its relative paths made absolute."""
    if isinstance(value, list):
        return [_absolute(each, base) for each in value]
    if not isinstance(value, dict):
        return value
    made = {key: _absolute(each, base) for key, each in value.items() if key not in _LEFT_OUT}
    if isinstance(made.get("path"), str):
        made["path"] = os.path.normpath(base / made["path"])
    return made


def _toml(value: Any) -> str:
    """A value as TOML; JSON's strings, numbers and truth values are TOML's. Source: toml.io v1.0.0."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _has_hash(file: Mapping[str, Any], allowed: Collection[str]) -> bool:
    return any(f"{kind}:{value}" in allowed for kind, value in file.get("hashes", {}).items())


def _file_name(file: Mapping[str, Any]) -> str:
    place = str(file.get("name") or file.get("path") or file.get("url") or "")
    return place.partition("#")[0].partition("?")[0].replace("\\", "/").rpartition("/")[2].replace("%2B", "+")


def _tags(wheel_name: str) -> frozenset[Tag]:
    try:
        return parse_wheel_filename(wheel_name)[3]
    except InvalidWheelFilename:
        return frozenset()


def described_platforms(pin: Pin) -> Iterator[str]:
    """The Pythons and platforms that the wheels of a pin are for, as their names say: `cp313-win_amd64`."""
    yield from sorted({f"{tag.interpreter}-{tag.platform}" for name in pin.wheel_names for tag in _tags(name)})
