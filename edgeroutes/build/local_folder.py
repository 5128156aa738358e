"""`.edgeroutes/`, the project's folder for what this machine alone needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NAME = ".edgeroutes"


def make_local_folder(folder: Path) -> None:
    """Make a folder; git ignores all of `.edgeroutes/` around it, also where `init` never ran.

    Raises:
        OSError: It cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for parent in folder.parents:
        if parent.name == _NAME and not (parent / ".gitignore").exists():
            (parent / ".gitignore").write_text("*\n", "utf-8")
