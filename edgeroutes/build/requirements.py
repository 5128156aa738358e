"""Requirements files and the project's own declarations as values. Floor 2; does no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from edgeroutes.build.modules import OWN_PACKAGE, normalize_name
from edgeroutes.config import parse_toml
from edgeroutes.errors import ConfigError, DependencyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_PYPROJECT = "pyproject.toml"
_EXACT = frozenset({"==", "==="})
_LOCAL_PREFIXES = ("-e ", "--editable ", "./", "../", "/", "file:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One distribution in one version.

    Args:
        name: Normalised.
        requirement: As uv is asked for it: `starlette==1.0`, or a name with its URL.
        version: Empty for one that comes from a URL.
        hashes: Of its files, sorted; empty where nobody recorded them.
    """

    name: str
    requirement: str
    version: str = ""
    hashes: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The pin as a line of a requirements file."""
        return " ".join((self.requirement, *(f"--hash={each}" for each in self.hashes)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a project says that it depends on, in its own words.

    Args:
        extras: Extras asked for, by the normalised name of the distribution; an empty set for none.
        exact: The names that are declared with `==`.
    """

    extras: Mapping[str, frozenset[str]] = field(default_factory=dict)
    exact: frozenset[str] = frozenset()


def parse_pins(text: str, environment: Mapping[str, str], *, where: str) -> dict[str, Pin]:
    """The distributions that a compiled requirements file pins for one target, by name.

    Args:
        text: Of the file; the folders in it are left out, wheels are not.
        environment: The target's, for markers.
        where: The file's name, for the error.

    Raises:
        DependencyError: A line is no requirement.
    """
    pins: dict[str, Pin] = {}
    for line in logical_lines(text):
        if line.startswith(("-", *_LOCAL_PREFIXES)) and ".whl" not in line:
            continue
        written, *options = line.split(" --")
        if written.startswith(_LOCAL_PREFIXES):
            written = _wheel_requirement(written)
        requirement = parse_requirement(written, where=where)
        if requirement.marker is not None and not requirement.marker.evaluate(dict(environment)):
            continue
        name = normalize_name(requirement.name)
        versions = [each.version for each in requirement.specifier if each.operator in _EXACT]
        pins[name] = Pin(
            name=name,
            requirement=written.partition(";")[0].strip(),
            version=versions[0] if versions else "",
            hashes=tuple(sorted(option.removeprefix("hash=").strip() for option in options if option[:5] == "hash=")),
        )
    return pins


def parse_declared(requirements: Iterable[str], *, where: str) -> Declared:
    """What a list of requirements asks for by itself."""
    extras: dict[str, frozenset[str]] = {}
    exact = set()
    for text in requirements:
        requirement = parse_requirement(text, where=where)
        name = normalize_name(requirement.name)
        extras[name] = extras.get(name, frozenset()) | frozenset(requirement.extras)
        if any(each.operator in _EXACT for each in requirement.specifier):
            exact.add(name)
    return Declared(extras=extras, exact=frozenset(exact))


def project_requirements(pyproject: str) -> tuple[list[str], list[str]]:
    """What pyproject.toml says a project needs to run, and what it needs besides: extras and dependency groups.

    Raises:
        ConfigError: The text is no TOML.
    """
    document = parse_toml(pyproject, _PYPROJECT)
    project = _table(document, "project", "project")
    needed = _texts(project, "dependencies", "project.dependencies")
    optional = _table(project, "optional-dependencies", "project.optional-dependencies")
    groups = _table(document, "dependency-groups", "dependency-groups")
    besides = [text for name in optional for text in _texts(optional, name, f"project.optional-dependencies.{name}")]
    besides += [
        text
        for name in groups
        for text in _texts(groups, name, f"dependency-groups.{name}", besides=dict)  # {include-group = "other"}
        if not isinstance(text, dict)
    ]
    return needed, besides


def _table(document: Mapping[str, Any], key: str, name: str) -> Mapping[str, Any]:
    value = document.get(key, {})
    if not isinstance(value, dict):
        raise ConfigError(f"the value is {value!r}. Allowed is a table", where=f"{_PYPROJECT}, {name}")
    return value


def _texts(table: Mapping[str, Any], key: str, name: str, besides: type = str) -> list[Any]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str | besides) for each in value):
        problem = f"the value is {value!r}. Allowed is a list of requirements"
        raise ConfigError(problem, where=f"{_PYPROJECT}, {name}", hint='Write strings such as "httpx>=0.27"')
    return value


def without_edgeroutes(requirements: str, own: Iterable[str]) -> str:
    """A requirements file in which edgeroutes, whose files ship by themselves, stands for what it requires."""
    lines = []
    for line in logical_lines(requirements):
        bare = line.removeprefix("-e ").removeprefix("--editable ")
        is_own = not bare.startswith("-") and normalize_name(_leading_name(bare)) == OWN_PACKAGE
        lines += list(own) if is_own else [line]
    return "\n".join(lines) + "\n"


def logical_lines(text: str) -> Iterator[str]:
    """The lines of a requirements file without comments, continued ones joined."""
    for line in text.replace("\\\n", " ").splitlines():
        bare = line.split(" #")[0].strip() if not line.lstrip().startswith("#") else ""
        if bare:
            yield " ".join(bare.split())


def parse_requirement(text: str, *, where: str) -> Requirement:
    """One requirement.

    Raises:
        DependencyError: It is none.
    """
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        problem = f"{text!r} is no requirement: {str(error).splitlines()[0]}"
        raise DependencyError(problem, where=where) from error


def _wheel_requirement(line: str) -> str:
    """A path to a wheel as a requirement with a name: `./vendor/a-1-py3-none-any.whl` → `a @ file:///…`."""
    path, semicolon, marker = line.partition(" ;")
    file = Path(path.strip()).resolve()
    return f"{file.name.partition('-')[0]} @ {file.as_uri()}{semicolon}{marker}"


def _leading_name(requirement: str) -> str:
    path = requirement.partition("[")[0].partition(" ")[0].rstrip("/")
    for mark in "=<>~!;@":
        path = path.partition(mark)[0]
    return path.rpartition("/")[2]
