"""What a project declares: every distribution that its own files name, with extras, groups, place and import names.

Read from pyproject.toml (`[project]`, `[dependency-groups]`, `[tool.uv]`, `[tool.poetry]`, `[tool.pdm]`) and, where the project has
one, from requirements.txt with all files that it includes. What a lock adds to these is not declared: the project never wrote it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from edgeroutes.build.modules import OWN_PACKAGE, normalize_name
from edgeroutes.build.target import allows_python
from edgeroutes.config import parse_toml
from edgeroutes.errors import ConfigError, DependencyError, require_no_problems, show_value
from edgeroutes.names import CONFIG_FILE
from edgeroutes.routing import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from importlib.metadata import EntryPoint

    from edgeroutes.build.distributions import InstalledDistribution
    from edgeroutes.errors import ProjectError

# Groups and extras that by their usual names hold tools, not what a function runs on.
_DEV_GROUP = re.compile(
    r"(?:.*[-_])?(?:dev|develop|development|tests?|testing|lint|linting|linters?|format|formatting|docs?|documentation|typing|types?"
    r"|type-?check(?:ing)?|mypy|ci|build|release|publish|bench|benchmarks?|coverage|debug|tools?|tooling|pre-?commit|notebooks?)"
    r"(?:[-_].*)?",
    re.IGNORECASE,
)

# PDM's `-e file:///${PROJECT_ROOT}/lib#egg=lib`, as far as the name. Source: pdm-project.org "Manage dependencies", editable.
_EGG = re.compile(r"^-e\s.*#egg=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One line of the project's files that names a distribution.

    Args:
        name: Normalized.
        where: `pyproject.toml:7`.
        text: As written; of a poetry table, as a requirement.
        extras: Of the distribution that it requests.
        group: The dependency group or extra of the project; empty for what the project needs to run.
        is_dev: Whether the group holds tools by its name.
        is_exact: Whether it is declared with `==`.
        is_standard: Whether it is declared where PyPA or uv say, not in a table of Poetry's or PDM's.
    """

    name: str
    where: str
    text: str
    extras: frozenset[str] = frozenset()
    group: str = ""
    is_dev: bool = False
    is_exact: bool = False
    is_standard: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredDistribution:
    """A distribution that a project declares, in all its declarations.

    Args:
        name: Normalized.
        declarations: In the order of the files; at least one.
        import_names: The dotted names under which it is imported: `yaml`; `google.cloud.storage` of a namespace package. Empty where it is
            not installed.
        entry_points: Its entry points.
        required_by: The other declared distributions that require it, directly or not: it ships where they do.
        is_local: Whether it is a folder of this machine.
        is_own_only: Whether a tool listed it because edgeroutes needs it, and nothing else does.
    """

    name: str
    declarations: tuple[Declaration, ...]
    import_names: frozenset[str] = frozenset()
    entry_points: tuple[EntryPoint, ...] = ()
    required_by: frozenset[str] = frozenset()
    is_local: bool = False
    is_own_only: bool = False

    @property
    def where(self) -> str:
        """The file and line of its first declaration."""
        return self.declarations[0].where

    @property
    def extras(self) -> frozenset[str]:
        """The extras that any declaration requests."""
        return frozenset().union(*(each.extras for each in self.declarations))

    @property
    def groups(self) -> frozenset[str]:
        """The groups and extras of the project that have it; the empty string for what the project needs to run."""
        return frozenset(each.group for each in self.declarations)

    @property
    def is_dev_only(self) -> bool:
        """Whether only groups of tools have it."""
        return all(each.is_dev for each in self.declarations)

    @property
    def is_exact(self) -> bool:
        """Whether the project declares one exact version."""
        return any(each.is_exact for each in self.declarations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """All declarations of a project.

    Args:
        from_project: Of pyproject.toml.
        from_requirements: Of requirements.txt and what it includes.
        lines: Of requirements.txt and what it includes, options too.
        name: Of the project, normalized; empty where it has none.
        is_dynamic: Whether pyproject.toml leaves dependencies to the build backend.
        files: That were read, relative to the project where they are below it.
    """

    from_project: tuple[Declaration, ...] = ()
    from_requirements: tuple[Declaration, ...] = ()
    lines: tuple[_RequirementLine, ...] = ()
    name: str = ""
    is_dynamic: bool = False
    files: tuple[str, ...] = field(default=(CONFIG_FILE,))

    def __iter__(self) -> Iterator[Declaration]:
        return iter((*self.from_project, *self.from_requirements))


def read_declarations(root: Path, *, with_requirements: bool = True) -> Declarations:
    """What the project in `root` declares.

    Raises:
        ConfigError: pyproject.toml is not valid TOML.
        DependencyError: A requirement cannot be parsed, or a file cannot be read.
    """
    text = read_text(root / CONFIG_FILE)
    document = parse_toml(text, where=CONFIG_FILE)
    require_no_problems(list(_check_tables(document)))
    project = table(document, "project")
    dynamic = project.get("dynamic") or ()
    lines: tuple[_RequirementLine, ...] = ()
    files: tuple[str, ...] = (CONFIG_FILE,)
    if with_requirements and (root / REQUIREMENTS_FILE).exists():
        read = _read_requirements_file(root, REQUIREMENTS_FILE)
        lines, files = tuple(read.lines), (CONFIG_FILE, *read.files)
    return Declarations(
        from_project=tuple(_project_declarations(document, text)),
        from_requirements=tuple(_declaration(each.requirement, where=each.where) for each in lines if each.has_name),
        lines=lines,
        name=normalize_name(str(project.get("name", ""))),
        is_dynamic="dependencies" in dynamic or "optional-dependencies" in dynamic,
        files=files,
    )


def declared_distributions(
    declarations: Iterable[Declaration],
    installed: Mapping[str, InstalledDistribution],
    requires: Callable[[str], Sequence[str]],
    own: frozenset[str] = frozenset(),
    own_only: frozenset[str] = frozenset(),
) -> tuple[DeclaredDistribution, ...]:
    """The declared distributions, in the order in which the project names them, without edgeroutes itself.

    Args:
        declarations: Of the project.
        installed: By name: gives import names and entry points.
        requires: Gives the names that a distribution requires on the functions' platform.
        own: What only edgeroutes requires, and the project does not declare by itself.
        own_only: Those of them that no other distribution requires either.
    """
    by_name: dict[str, list[Declaration]] = {}
    for declaration in declarations:
        if declaration.name != OWN_PACKAGE:
            by_name.setdefault(declaration.name, []).append(declaration)
    required_by = _required_by(by_name, requires)
    found = []
    for name, several in by_name.items():
        here = installed.get(name)
        found.append(
            DeclaredDistribution(
                name=name,
                declarations=tuple(several),
                import_names=here.import_names if here is not None else frozenset(),
                entry_points=here.entry_points if here is not None else (),
                required_by=frozenset(required_by[name]) | ({OWN_PACKAGE} if name in own else frozenset()),
                is_local=here is not None and here.is_local,
                is_own_only=name in own_only,
            )
        )
    return tuple(found)


def declarations_of(requires: Iterable[str], *, where: str) -> list[Declaration]:
    """The `Requires-Dist` lines of a project whose build backend decides what it depends on, as declarations."""
    found = []
    for text in requires:
        extra = re.search(r"""extra == ['"]([^'"]+)['"]""", text)
        found.append(_declaration(text, where=where, group=extra[1] if extra else ""))
    return found


def is_dev_group(name: str) -> bool:
    """Whether a dependency group or extra holds tools, by its name: `dev`, `lint`, `test-tools`."""
    return _DEV_GROUP.fullmatch(name) is not None


def _required_by(names: Iterable[str], requires: Callable[[str], Sequence[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {name: set() for name in names}
    known: dict[str, Sequence[str]] = {}
    for name in found:
        seen: set[str] = set()
        queue = [name]
        while queue:
            each = queue.pop()
            if each not in known:
                known[each] = requires(each)
            queue += [required for required in known[each] if required not in seen]
            seen.update(known[each])
        for required in seen & found.keys() - {name}:
            found[required].add(name)
    return found


def _project_declarations(document: Mapping[str, Any], text: str) -> Iterator[Declaration]:
    own = normalize_name(str(table(document, "project").get("name", "")))
    places = _Places(text)
    standard, others = list(_requirements(document)), list(_other_requirements(table(document, "tool")))
    for number, (group, requirement) in enumerate((*standard, *others)):
        is_standard = number < len(standard)
        found = _declaration(requirement, where=places.find(requirement), group=group, is_standard=is_standard)
        if found.name != own:  # `all = ["own[a,b]"]`: what a and b hold is read by itself
            yield found


def _check_tables(document: Mapping[str, Any]) -> Iterator[ConfigError]:
    """What of the tables that PyPA defines is not what it has to be: read leniently, it would be lost in silence.

    Source: packaging.python.org "pyproject.toml specification" and "Dependency Groups".
    """
    for name in ("project", "dependency-groups"):
        if not isinstance(document.get(name, {}), dict):
            yield _wrong_value(name, document[name], "a table")
    project, optional = table(document, "project"), table(document, "project", "optional-dependencies")
    if not isinstance(project.get("optional-dependencies", {}), dict):
        yield _wrong_value("project.optional-dependencies", project["optional-dependencies"], "a table of lists")
    lists = {"project.dependencies": project.get("dependencies", []), "project.dynamic": project.get("dynamic", [])}
    lists |= {f"project.optional-dependencies.{name}": listed for name, listed in optional.items()}
    for name, listed in lists.items():
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            yield _wrong_value(name, listed, "a list of strings")
    for name, listed in table(document, "dependency-groups").items():
        if not isinstance(listed, list) or not all(isinstance(each, str | dict) for each in listed):
            yield _wrong_value(f"dependency-groups.{name}", listed, "a list of strings and {include-group = …}")


def _wrong_value(name: str, value: object, allowed: str) -> ConfigError:
    return ConfigError(f"the value is {show_value(value)}. Allowed is {allowed}", where=f"{CONFIG_FILE}, {name}")


def _requirements(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The requirements in the tables that PyPA and uv define, as text, each with its group."""
    project = table(document, "project")
    groups = [
        ("", project.get("dependencies")),
        *table(project, "optional-dependencies").items(),
        *table(document, "dependency-groups").items(),
        ("dev", table(document, "tool", "uv").get("dev-dependencies")),
    ]
    for group, listed in groups:
        yield from ((group, each) for each in strings(listed))


def _other_requirements(tool: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The requirements in the tables of PDM and Poetry."""
    for group, listed in table(tool, "pdm", "dev-dependencies").items():
        yield from ((f"dev-{group}", _EGG.sub("", each)) for each in strings(listed))
    poetry = table(tool, "poetry")
    yield from _poetry_requirements("", table(poetry, "dependencies"))
    yield from _poetry_requirements("dev", table(poetry, "dev-dependencies"))
    for group, settings in table(poetry, "group").items():
        yield from _poetry_requirements(group, table(settings, "dependencies"))


def _poetry_requirements(group: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Poetry's own table of dependencies. Source: python-poetry.org/docs/dependency-specification."""
    for name, value in table.items():
        if name == "python":
            continue
        for each in value if isinstance(value, list) else [value]:
            settings = each if isinstance(each, dict) else {"version": each}
            extras = ",".join(strings(settings.get("extras")))
            version = str(settings.get("version", ""))
            exact = f"=={version.lstrip('= ')}" if re.fullmatch(r"={0,3}\s*\d[\w.!+-]*", version) else ""
            yield group, f"{name}[{extras}]{exact}" if extras else f"{name}{exact}"


def _declaration(text: str, *, where: str, group: str = "", is_standard: bool = True) -> Declaration:
    requirement = parse_requirement(text, where=where)
    exact = any(each.operator in {"==", "==="} and not each.version.endswith(".*") for each in requirement.specifier)
    return Declaration(
        name=normalize_name(requirement.name),
        where=where,
        text=text,
        extras=frozenset(requirement.extras),
        group=group,
        is_dev=bool(group) and is_dev_group(group),
        is_exact=exact,
        is_standard=is_standard,
    )


class _Places:
    """Finds the lines of pyproject.toml that hold requirements; one that is written twice is found twice."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._found: set[tuple[str, int]] = set()

    def find(self, requirement: str) -> str:
        """The file and line; the file alone where the requirement is written in another way."""
        name = re.escape(re.split(r"[\[\s<>=!~;@(]", requirement)[0])
        written = re.compile(rf"""["']{re.escape(requirement)}["']""")
        loosely = re.compile(rf"""(?:^|["'])\s*{name}\s*(?:["'\[<>=!~;@(\s])""")
        for pattern in (written, loosely):
            matching = [n for n, line in enumerate(self._lines, start=1) if pattern.search(line)]
            if matching:
                number = next((n for n in matching if (requirement, n) not in self._found), matching[-1])
                self._found.add((requirement, number))
                return f"{CONFIG_FILE}:{number}"
        return CONFIG_FILE


def table(parent: Any, *names: str) -> Mapping[str, Any]:
    """A table in tables of a TOML document; empty where there is none."""
    for name in names:
        parent = parent.get(name) if isinstance(parent, dict) else None
    return parent if isinstance(parent, dict) else {}


def strings(value: Any) -> list[str]:
    """The strings in an array of a TOML document; none where it is not an array."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


REQUIREMENTS_FILE = "requirements.txt"
_INCLUDES = frozenset({"-r", "--requirement"})
_CONSTRAINTS = frozenset({"-c", "--constraint"})
_EDITABLES = frozenset({"-e", "--editable"})
_LINE_OPTION = re.compile(r"\s--(?=[a-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class _RequirementLine:
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


def _read_requirements_file(root: Path, name: str) -> _RequirementsReader:
    """The lines of a requirements file of the project, `-r` followed, and the files that were read.

    Raises:
        DependencyError: A file is not there or cannot be read.
    """
    reader = _RequirementsReader(root)
    reader.read(root / name)
    require_no_problems(reader.problems)
    return reader


class _RequirementsReader:
    """Reads requirements files with those that they include, and collects what is wrong with them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.lines: list[_RequirementLine] = []
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
        for number, each in _numbered_lines(text):
            self._add(_parse_line(each, where=f"{shown}:{number}"), path.parent, is_constraint=is_constraint)

    def _add(self, line: _RequirementLine, folder: Path, *, is_constraint: bool) -> None:
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


def _parse_line(text: str, *, where: str) -> _RequirementLine:
    if text.startswith("-"):
        option, value = re.split(r"[\s=]", text, maxsplit=1) if re.search(r"[\s=]", text) else (text, "")
        value = value.strip().strip("\"'")
        requirement = value if option in _EDITABLES else ""
        return _RequirementLine(where=where, requirement=requirement, option=option, value=value)
    requirement, *options = _LINE_OPTION.split(text)
    hashes = frozenset(each[5:].strip() for each in options if each.startswith(("hash=", "hash ")))
    return _RequirementLine(where=where, requirement=requirement.strip(), hashes=hashes)


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


def _numbered_lines(text: str) -> Iterator[tuple[int, str]]:
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


_POETRY_PYTHON = re.compile(r"\s*([~^])\s*(\d+)(?:\.(\d+))?[\d.]*\s*")


def check_project_python(document: Mapping[str, Any], text: str, python: str) -> Iterator[ConfigError]:
    """What pyproject.toml says of the project's Python, where that excludes the functions' one."""
    requires = table(document, "project").get("requires-python")
    poetry = table(document, "tool", "poetry", "dependencies").get("python")
    written = {"requires-python": requires, "python": _without_caret(poetry) if isinstance(poetry, str) else None}
    for key, specifier in written.items():
        if isinstance(specifier, str) and not allows_python(specifier, python):
            line = next((n for n, each in enumerate(text.splitlines(), 1) if re.match(rf"\s*{key}\s*=", each)), 0)
            problem = f"{key} is {(requires if key == 'requires-python' else poetry)!r}, and the functions run on python{python}"
            hint = f"Set 'runtime' in [tool.edgeroutes] to a Python that it allows, or allow {python}"
            yield ConfigError(problem, where=f"{CONFIG_FILE}:{line}" if line else CONFIG_FILE, hint=hint)


def _without_caret(constraint: str) -> str:
    """Poetry's `^3.12` and `~3.12` as PyPA writes them. Source: python-poetry.org/docs/dependency-specification."""
    match = _POETRY_PYTHON.fullmatch(constraint)
    if match is None:
        return constraint
    sign, major, minor = match.groups()
    below = f"{major}.{int(minor) + 1}" if sign == "~" and minor else str(int(major) + 1)
    return f">={constraint.strip(' ~^')},<{below}"
