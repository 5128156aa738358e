"""Requirements files as values: their lines with the place of each, included files in their places."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from edgeroutes.build.modules import normalize_name
from edgeroutes.errors import DependencyError, require_no_problems
from edgeroutes.routing import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from edgeroutes.errors import ProjectError

REQUIREMENTS_FILE = "requirements.txt"
_INCLUDES = frozenset({"-r", "--requirement"})
_CONSTRAINTS = frozenset({"-c", "--constraint"})
_EDITABLES = frozenset({"-e", "--editable"})
_LINE_OPTION = re.compile(r"\s--(?=[a-z])")


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


# A path or a URL, which need not have the form of a requirement.
_PLACE = re.compile(r"[/\\]|^\.|\.(?:whl|zip|tar\.\w+)$")
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


def needed_by_comments(text: str) -> dict[str, set[str]]:
    """Distribution → what needs it, as the `# via` comments of `pip-compile` and `uv pip compile` say: `-r requirements.in`, `rich`."""
    found: dict[str, set[str]] = {}
    name, is_via = "", False
    for line in text.splitlines():
        requirement, _, comment = line.partition("#")
        if requirement.strip() and not line.startswith((" ", "-")):
            name, is_via = normalize_name(re.split(r"[\s\[<>=!~;@]", requirement, maxsplit=1)[0]), False
        comment = comment.strip()
        is_via = is_via or comment.startswith("via")
        if is_via and name and comment:
            needed_by = (each.strip() for each in comment.removeprefix("via").split(","))
            named = (each if " " in each else normalize_name(each) for each in needed_by)
            found.setdefault(name, set()).update(each for each in named if each and not each.startswith("-c "))
    return found


def read_requirements_file(root: Path, name: str) -> RequirementsFile:
    """A requirements file of the project, `-r` followed.

    Raises:
        DependencyError: A file is not there or cannot be read.
    """
    reader = _Reader(root)
    reader.read(root / name)
    require_no_problems(reader.problems)
    return RequirementsFile(lines=tuple(reader.lines), files=tuple(reader.files))


class _Reader:
    """Reads requirements files with those that they include, and collects what is wrong with them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.lines: list[RequirementLine] = []
        self.files: list[str] = []
        self.problems: list[ProjectError] = []

    def read(self, path: Path, *, included_at: str = "", is_constraint: bool = False) -> None:
        shown = _shown(self._root, path)
        if shown in self.files:
            return
        if included_at and not path.is_file():
            hint = "Correct the path, or remove it"
            self.problems.append(DependencyError(f"there is no file {shown!r}", where=included_at, hint=hint))
            return
        self.files.append(shown)
        try:
            text = read_text(path)
        except DependencyError as error:
            self.problems.append(error)
            return
        for number, each in numbered_lines(text):
            self._add(_parse_line(each, where=f"{shown}:{number}"), path.parent, is_constraint=is_constraint)

    def _add(self, line: RequirementLine, folder: Path, *, is_constraint: bool) -> None:
        if line.option in _INCLUDES | _CONSTRAINTS and "://" not in line.value:
            becomes_constraint = is_constraint or line.option in _CONSTRAINTS
            self.read(folder / line.value, included_at=line.where, is_constraint=becomes_constraint)
        if line.option in _INCLUDES or is_constraint:
            return
        if not line.option and not _PLACE.search(line.requirement):
            try:
                parse_requirement(line.requirement, where=line.where)
            except DependencyError as error:
                self.problems.append(error)
        self.lines.append(line)


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
        return reading.read_text(path, path.name, limit_bytes=reading.MAX_LOCK_BYTES, error=DependencyError)
    except FileNotFoundError:
        return ""


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


def parse_requirement(text: str, *, where: str) -> Requirement:
    """One requirement.

    Raises:
        DependencyError: It is none.
    """
    try:
        return _parse(text)
    except InvalidRequirement as error:
        problem = f"{text!r} is not a requirement: {str(error).splitlines()[0]}"
        raise DependencyError(problem, where=where) from error


def has_name(text: str, name: str) -> bool:
    """Whether a text has the normalized name of a distribution as a word of its own."""
    pattern = name.replace("-", "[-_.]")
    return re.search(rf"(?<![\w.-]){pattern}(?![\w-])", text, re.IGNORECASE) is not None


@lru_cache(maxsize=4096)
def _parse(text: str) -> Requirement:
    return Requirement(text)  # which nobody changes: every function of a project looks at the same ones


def required_names(
    requires: Iterable[str], extra: str, environment: Mapping[str, str]
) -> tuple[tuple[str, frozenset[str]], ...]:
    """What a distribution requires in an environment, each with the extras that it requests of it."""
    return _required_names(tuple(requires), extra, tuple(environment.items()))


@lru_cache(maxsize=4096)
def _required_names(
    requires: tuple[str, ...], extra: str, environment: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple(_requirements_of(requires, {**dict(environment), "extra": extra}))


def _requirements_of(requires: Iterable[str], variables: dict[str, str]) -> Iterator[tuple[str, frozenset[str]]]:
    extra = variables["extra"]
    for text in requires:
        requirement = parse_requirement(text, where="METADATA")
        if extra and "extra" not in text:
            continue
        if requirement.marker is None or requirement.marker.evaluate(variables):
            yield normalize_name(requirement.name), frozenset(requirement.extras)
