"""What `importlib.metadata` finds in a bundle: of the project itself, and of distributions that are folders of this machine.

A `METADATA`, an `entry_points.txt` and a `top_level.txt` in a `*.dist-info` folder, which is all that `version()`, `entry_points()` and
`packages_distributions()` read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeroutes.build.declared import PROJECT_FILE
from edgeroutes.build.modules import normalize_name
from edgeroutes.build.requirements import read_text
from edgeroutes.config import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from edgeroutes.build.local import LocalDistribution

METADATA_FILES = ("METADATA", "entry_points.txt", "top_level.txt")
# Source: packaging.python.org "pyproject.toml specification", project.scripts and project.gui-scripts.
_SCRIPTS = {"scripts": "console_scripts", "gui-scripts": "gui_scripts"}


def project_metadata(root: Path, local: Mapping[str, LocalDistribution]) -> dict[str, Path | bytes]:
    """The project's own metadata by the paths in a bundle; nothing for a project without a name and a version.

    Args:
        root: The project.
        local: Distributions that are folders of this machine: one of them may be the project, and know its dynamic version.
    """
    document = parse_toml(read_text(root / PROJECT_FILE), where=PROJECT_FILE)
    project = document.get("project")
    name = project.get("name") if isinstance(project, dict) else None
    if not isinstance(project, dict) or not isinstance(name, str):
        return {}
    installed = local.get(normalize_name(name))
    version = project.get("version")
    if installed is not None and version in (None, installed.version):
        return local_metadata(installed)
    if not isinstance(version, str):
        return {}
    folder = f"{normalize_name(name).replace('-', '_')}-{version}.dist-info"
    files = {"METADATA": _render_metadata(name, version, project), "entry_points.txt": _render_entry_points(project)}
    return {f"{folder}/{file}": text.encode() for file, text in files.items() if text}


def local_metadata(distribution: LocalDistribution, paths: Iterable[str] = ()) -> dict[str, Path | bytes]:
    """The metadata of a distribution that is a folder of this machine.

    Args:
        distribution: As its build backend made it.
        paths: Of its files.
    """
    folder = distribution.metadata
    found: dict[str, Path | bytes] = {
        f"{folder.name}/{name}": folder / name for name in METADATA_FILES if (folder / name).is_file()
    }
    listed = "".join(f"{top}\n" for top in top_level_names(paths))
    if listed:
        found.setdefault(f"{folder.name}/top_level.txt", listed.encode())
    return found


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
