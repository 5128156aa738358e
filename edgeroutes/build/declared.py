"""What a project declares: every distribution that its own files name, with extras, groups, place and import names.

Read from pyproject.toml (`[project]`, `[dependency-groups]`, `[tool.uv]`, `[tool.poetry]`, `[tool.pdm]`) and, where the project has
one, from requirements.txt with all files that it includes. What a lock adds to these is not declared: the project never wrote it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgeroutes.build.modules import OWN_PACKAGE, normalize_name
from edgeroutes.build.requirements import (
    REQUIREMENTS_FILE,
    parse_requirement,
    read_requirements_file,
    read_text,
)
from edgeroutes.config import parse_toml
from edgeroutes.errors import ConfigError, require_no_problems, show_value
from edgeroutes.names import CONFIG_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from importlib.metadata import EntryPoint
    from pathlib import Path

    from edgeroutes.build.distributions import InstalledDistribution
    from edgeroutes.build.requirements import RequirementLine

PROJECT_FILE = CONFIG_FILE
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
    lines: tuple[RequirementLine, ...] = ()
    name: str = ""
    is_dynamic: bool = False
    files: tuple[str, ...] = field(default=(PROJECT_FILE,))

    def __iter__(self) -> Iterator[Declaration]:
        return iter((*self.from_project, *self.from_requirements))


def read_declarations(root: Path, *, with_requirements: bool = True) -> Declarations:
    """What the project in `root` declares.

    Raises:
        ConfigError: pyproject.toml is not valid TOML.
        DependencyError: A requirement cannot be parsed, or a file cannot be read.
    """
    text = read_text(root / PROJECT_FILE)
    document = parse_toml(text, where=PROJECT_FILE)
    require_no_problems(list(_check_tables(document)))
    project = table(document, "project")
    dynamic = project.get("dynamic") or ()
    lines: tuple[RequirementLine, ...] = ()
    files: tuple[str, ...] = (PROJECT_FILE,)
    if with_requirements and (root / REQUIREMENTS_FILE).exists():
        read = read_requirements_file(root, REQUIREMENTS_FILE)
        lines, files = read.lines, (PROJECT_FILE, *read.files)
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
    return ConfigError(f"the value is {show_value(value)}. Allowed is {allowed}", where=f"{PROJECT_FILE}, {name}")


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
                return f"{PROJECT_FILE}:{number}"
        return PROJECT_FILE


def table(parent: Any, *names: str) -> Mapping[str, Any]:
    """A table in tables of a TOML document; empty where there is none."""
    for name in names:
        parent = parent.get(name) if isinstance(parent, dict) else None
    return parent if isinstance(parent, dict) else {}


def strings(value: Any) -> list[str]:
    """The strings in an array of a TOML document; none where it is not an array."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
