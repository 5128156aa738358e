"""Which project tests are of. Roof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.config import FILE, load_config
from edgeroutes.errors import ConfigError, EdgeroutesError

if TYPE_CHECKING:
    from pathlib import Path


def require_root(folder: Path) -> Path:
    """The folder, as an option or a setting names it.

    Raises:
        ConfigError: It is no project.
    """
    folder = folder.resolve()
    if not _is_project(folder):
        problem = f"{str(folder)!r} has no folder of routes. Allowed is a folder with a functions/ in it"
        raise ConfigError(problem, where="edgeroutes_root")
    return folder


def find_root(*starts: Path) -> Path:
    """The first project among folders and those above them.

    Raises:
        ConfigError: There is none.
    """
    for start in starts:
        for folder in (start, *start.parents):
            if _is_project(folder):
                return folder
    problem = f"neither {str(starts[0])!r} nor a folder above it has a functions/ with routes"
    hint = "Run pytest in the project, or name its folder by --edgeroutes-root, or by edgeroutes_root in the ini file"
    raise ConfigError(problem, where="edgeroutes' fixtures", hint=hint)


def _is_project(folder: Path) -> bool:
    """Whether a folder has an app folder; one whose settings cannot be read says so later."""
    try:
        return (folder / load_config(folder).app_dir).is_dir()
    except EdgeroutesError:
        return (folder / FILE).is_file()
