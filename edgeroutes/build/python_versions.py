"""Whether a project and its distributions are for the Python that the functions run on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from edgeroutes.build.declared import PROJECT_FILE, table
from edgeroutes.build.modules import normalize_name
from edgeroutes.errors import ConfigError, DependencyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Lambda's own patch version is not known here, and changes: any that a specifier allows will do.
_PATCHES = range(100)
_POETRY = re.compile(r"\s*([~^])\s*(\d+)(?:\.(\d+))?[\d.]*\s*")


def allows_python(specifier: str, python: str) -> bool:
    """Whether any patch version of a Python such as `3.13` is allowed; True where the specifier is not valid."""
    try:
        allowed = SpecifierSet(specifier)
    except InvalidSpecifier:
        return True
    return any(allowed.contains(f"{python}.{patch}", prereleases=True) for patch in _PATCHES)


def check_project_python(document: Mapping[str, Any], text: str, python: str) -> Iterator[ConfigError]:
    """What pyproject.toml says of the project's Python, where that excludes the functions' one."""
    requires = table(document, "project").get("requires-python")
    poetry = table(document, "tool", "poetry", "dependencies").get("python")
    written = {"requires-python": requires, "python": _plain(poetry) if isinstance(poetry, str) else None}
    for key, specifier in written.items():
        if isinstance(specifier, str) and not allows_python(specifier, python):
            line = next((n for n, each in enumerate(text.splitlines(), 1) if re.match(rf"\s*{key}\s*=", each)), 0)
            problem = f"{key} is {(requires if key == 'requires-python' else poetry)!r}, and the functions run on python{python}"
            hint = f"Set 'runtime' in [tool.edgeroutes] to a Python that it allows, or allow {python}"
            yield ConfigError(problem, where=f"{PROJECT_FILE}:{line}" if line else PROJECT_FILE, hint=hint)


def check_wheel_pythons(folder: Path, python: str) -> Iterator[DependencyError]:
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


def _plain(constraint: str) -> str:
    """Poetry's `^3.12` and `~3.12` as PyPA writes them. Source: python-poetry.org/docs/dependency-specification."""
    match = _POETRY.fullmatch(constraint)
    if match is None:
        return constraint
    sign, major, minor = match.groups()
    below = f"{major}.{int(minor) + 1}" if sign == "~" and minor else str(int(major) + 1)
    return f">={constraint.strip(' ~^')},<{below}"
