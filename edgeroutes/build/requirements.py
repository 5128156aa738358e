"""Requirements files as values: their lines with the place of each, included files in their places."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from edgeroutes.build.modules import OWN_PACKAGE, normalize_name
from edgeroutes.errors import ConfigError, DependencyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

REQUIREMENTS_FILE = "requirements.txt"
_INCLUDES = frozenset({"-r", "--requirement"})
_CONSTRAINTS = frozenset({"-c", "--constraint"})
_EDITABLES = frozenset({"-e", "--editable"})
_LINE_OPTION = re.compile(r"\s--(?=[a-z])")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementLine:
    """One requirement, or one option, of a requirements file.

    Args:
        where: File and line.
        requirement: As written, without its options; empty for a line of options.
        option: The line's leading option: `-e`, `--extra-index-url`; empty for none.
        value: Of that option.
        hashes: `sha256:…` that the line allows for the distribution's files.
    """

    where: str
    requirement: str = ""
    option: str = ""
    value: str = ""
    hashes: frozenset[str] = frozenset()

    @property
    def has_name(self) -> bool:
        """Whether the requirement says its distribution's name: a path or a URL alone does not."""
        return self.option not in _EDITABLES and _NAMED.match(self.requirement) is not None


_NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:$|[\[<>=!~;@(])")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementsFile:
    """A requirements file with all that it includes.

    Args:
        lines: In the order in which pip reads them.
        files: That were read, constraints included: relative to the project where they are below it.
    """

    lines: tuple[RequirementLine, ...] = ()
    files: tuple[str, ...] = ()


def read_requirements_file(root: Path, name: str) -> RequirementsFile:
    """A requirements file of the project, `-r` followed.

    Raises:
        DependencyError: A file is not there or cannot be read.
    """
    lines: list[RequirementLine] = []
    files: list[str] = []
    _read_into(root, root / name, lines, files, included_at="")
    return RequirementsFile(lines=tuple(lines), files=tuple(files))


def _read_into(root: Path, path: Path, lines: list[RequirementLine], files: list[str], *, included_at: str) -> None:
    shown = _shown(root, path)
    if shown in files:
        return
    if included_at and not path.is_file():
        raise DependencyError(f"there is no file {shown!r}", where=included_at, hint="Correct the path, or remove it")
    files.append(shown)
    for number, text in numbered_lines(read_text(path)):
        line = _parse_line(text, where=f"{shown}:{number}")
        if line.option in _INCLUDES:
            _read_into(root, path.parent / line.value, lines, files, included_at=line.where)
            continue
        if line.option in _CONSTRAINTS and "://" not in line.value:
            _read_into(root, path.parent / line.value, [], files, included_at=line.where)
        lines.append(line)


def _parse_line(text: str, *, where: str) -> RequirementLine:
    if text.startswith("-"):
        option, value = re.split(r"[\s=]", text, maxsplit=1) if re.search(r"[\s=]", text) else (text, "")
        value = value.strip().strip("\"'")
        requirement = value if option in _EDITABLES else ""
        return RequirementLine(where=where, requirement=requirement, option=option, value=value)
    requirement, *options = _LINE_OPTION.split(text)
    hashes = frozenset(each[5:].strip() for each in options if each.startswith(("hash=", "hash ")))
    return RequirementLine(where=where, requirement=requirement.strip(), hashes=hashes)


def _shown(root: Path, path: Path) -> str:
    path = Path(os.path.normpath(path))
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def read_text(path: Path) -> str:
    """The text of a file; empty where there is none.

    Raises:
        DependencyError: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise DependencyError("the file is not UTF-8", where=path.name, hint="Save it as UTF-8") from error
    except OSError as error:
        raise DependencyError(f"the file cannot be read: {error.strerror or error}", where=path.name) from error


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a requirements file without comments, continued ones joined, each with its first line's number."""
    start, waiting = 0, ""
    for number, raw in enumerate(text.splitlines(), start=1):
        start = start if waiting else number
        is_continued = raw.endswith("\\") and not raw.lstrip().startswith("#")
        waiting += f"{raw[:-1]} " if is_continued else raw
        if is_continued:
            continue
        bare = waiting.split(" #")[0].strip() if not waiting.lstrip().startswith("#") else ""
        if bare:
            yield start, " ".join(bare.split())
        waiting = ""


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
    try:
        document: dict[str, Any] = tomllib.loads(pyproject)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"this is no TOML: {error}", where="pyproject.toml") from error
    project = document.get("project", {})
    groups = (*project.get("optional-dependencies", {}).values(), *document.get("dependency-groups", {}).values())
    besides = [text for group in groups for text in group if isinstance(text, str)]
    return list(project.get("dependencies", [])), besides


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


def required_names(
    requires: Iterable[str], extra: str, environment: Mapping[str, str]
) -> Iterator[tuple[str, frozenset[str]]]:
    """What a distribution requires in an environment, each with the extras that it requests of it."""
    variables = {**environment, "extra": extra}
    for text in requires:
        requirement = parse_requirement(text, where="METADATA")
        if extra and "extra" not in text:
            continue
        if requirement.marker is None or requirement.marker.evaluate(variables):
            yield normalize_name(requirement.name), frozenset(requirement.extras)


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
