"""What `importlib.metadata` finds in a bundle of the project itself, where that is not installed; and the names of what wheels bring.

A `METADATA`, an `entry_points.txt` and a `top_level.txt` in a `*.dist-info` folder, which is all that `version()`, `entry_points()` and
`packages_distributions()` read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeroutes.build.declared import PROJECT_FILE, table
from edgeroutes.build.modules import normalize_name
from edgeroutes.build.requirements import read_text
from edgeroutes.config import parse_toml

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

# Source: packaging.python.org "pyproject.toml specification", project.scripts and project.gui-scripts.
_SCRIPTS = {"scripts": "console_scripts", "gui-scripts": "gui_scripts"}


def project_metadata(root: Path, local: Collection[str]) -> dict[str, bytes]:
    """The metadata of a package that is not installed here, by the paths in a bundle; nothing for a project that is not a package.

    No environment has metadata of such a project, and dev has none: `version()` raises there as in a function.

    Args:
        root: The project.
        local: The names of distributions that are folders of this machine: where the project is one, that one has its metadata.
    """
    document = parse_toml(read_text(root / PROJECT_FILE), where=PROJECT_FILE)
    project = document.get("project")
    name = project.get("name") if isinstance(project, dict) else None
    if not isinstance(project, dict) or not isinstance(name, str) or not _is_package(document):
        return {}
    version = project.get("version")
    if normalize_name(name) in local or not isinstance(version, str):
        return {}
    folder = f"{normalize_name(name).replace('-', '_')}-{version}.dist-info"
    files = {"METADATA": _render_metadata(name, version, project), "entry_points.txt": _render_entry_points(project)}
    return {f"{folder}/{file}": text.encode() for file, text in files.items() if text}


def _is_package(document: Mapping[str, Any]) -> bool:
    """Whether tools install the project. Source: docs.astral.sh/uv "Build systems"; python-poetry.org "Operating modes"."""
    said = (table(document, "tool", "uv").get("package"), table(document, "tool", "poetry").get("package-mode"))
    return next((each for each in said if isinstance(each, bool)), "build-system" in document)


def top_level_names(paths: Iterable[str]) -> list[str]:
    """The importable names at the top of these files: `packages_distributions()` reads them, where there is no RECORD."""
    tops = {path.partition("/")[0] for path in paths if path.endswith((".py", ".so"))}
    return sorted({name for top in tops if (name := top.partition(".")[0]).isidentifier()})


def _render_metadata(name: str, version: str, project: Mapping[str, Any]) -> str:
    """Source: packaging.python.org "Core metadata specifications"."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    if isinstance(project.get("description"), str):
        lines.append(f"Summary: {' '.join(project['description'].split())}")
    if isinstance(project.get("requires-python"), str):
        lines.append(f"Requires-Python: {project['requires-python']}")
    requires = project.get("dependencies")
    lines += [f"Requires-Dist: {each}" for each in requires or () if isinstance(each, str)]
    return "\n".join(lines) + "\n"


def _render_entry_points(project: Mapping[str, Any]) -> str:
    """Source: packaging.python.org "Entry points specification"."""
    groups = {group: project.get(key) for key, group in _SCRIPTS.items()}
    more = project.get("entry-points")
    groups |= more if isinstance(more, dict) else {}
    parts = []
    for group, points in groups.items():
        if isinstance(points, dict) and points:
            parts.append("\n".join([f"[{group}]", *(f"{key} = {value}" for key, value in points.items())]))
    return "\n\n".join(parts) + "\n" if parts else ""
