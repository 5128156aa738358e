"""Files and folders that look like a convention and are none: `Route.py`, `page.py`, a middleware.py beside functions/, a folder `:id`.

Nothing is refused: they may be the author's own modules. So a file is suspected only if it contains what the convention would contain.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from edgeroutes.errors import LayoutError, ProjectError
from edgeroutes.routing.conventions import FUNCTION_FILE, METHODS, MIDDLEWARE_FILE, ROUTE_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from edgeroutes.routing.file_tree import FileTree

_METHOD = rf"^(?:async[ \t]+)?def[ \t]+(?:{'|'.join((*METHODS, *map(str.lower, METHODS)))})[ \t]*\("
_HANDLER = re.compile(rf"{_METHOD}|^app[ \t]*=", re.MULTILINE)
_MIDDLEWARE = re.compile(r"^(?:async[ \t]+)?def[ \t]+(?:middleware|proxy)[ \t]*\(", re.MULTILINE)
_ROUTE_NAMES = frozenset(
    {
        "api.py",
        "default.py",
        "endpoint.py",
        "handler.py",
        "handlers.py",
        "index.py",
        "main.py",
        "page.py",
        "routes.py",
        "view.py",
    }
)
_MIDDLEWARE_NAMES = frozenset({"middlewares.py", "proxy.py", "_middleware.py"})
_FUNCTION_NAMES = frozenset({"function.yml", "functions.yaml", "functions.yml", "function.json"})
_SCRIPTS = frozenset({"route.js", "route.jsx", "route.ts", "route.tsx"})


def misplaced_files(tree: FileTree, app_dir: str, names: dict[str, Sequence[str]]) -> Iterator[LayoutError]:
    """A warning for each file that nothing reads.

    Args:
        tree: The project.
        app_dir: The folder of its routes.
        names: The files of each folder at or below it.
    """
    for name in (MIDDLEWARE_FILE, "proxy.py"):
        if app_dir and _contains(tree, name, _MIDDLEWARE):
            problem = f"a middleware beside {app_dir}/ wraps no route"
            yield LayoutError(problem, where=name, hint=f"Move it to {app_dir}/{MIDDLEWARE_FILE}")
    for directory, files in names.items():
        for name in files:
            right = _right_name(tree, directory, name, files)
            if right:
                problem = f"edgeroutes does not read a file named {name!r}"
                yield LayoutError(problem, where=f"{directory}/{name}", hint=f"Rename it to {right!r}")


def _right_name(tree: FileTree, directory: str, name: str, files: Sequence[str]) -> str:
    """The name that a file is meant to have; empty for one that is fine, or may be the author's own."""
    lower, path = name.lower(), f"{directory}/{name}"
    for convention in (ROUTE_FILE, MIDDLEWARE_FILE, FUNCTION_FILE):
        if lower == convention != name:
            return convention
    if lower in _FUNCTION_NAMES:
        return FUNCTION_FILE
    if lower in _SCRIPTS:
        return ROUTE_FILE
    if lower in _MIDDLEWARE_NAMES and _contains(tree, path, _MIDDLEWARE):
        return MIDDLEWARE_FILE
    if lower in _ROUTE_NAMES and ROUTE_FILE not in files and _contains(tree, path, _HANDLER):
        return ROUTE_FILE
    return ""


def _contains(tree: FileTree, path: str, expression: re.Pattern[str]) -> bool:
    with suppress(OSError, ProjectError):
        return not tree.is_directory(path) and expression.search(tree.read_text(path)) is not None
    return False


def foreign_segments(folders: Iterable[str]) -> Iterator[LayoutError]:
    """A warning for each folder that spells a parameter as other frameworks do: `:id` is a text in the URL here."""
    for folder in sorted(folders):
        name = folder.rpartition("/")[2]
        if name.startswith(":") and name[1:].isidentifier():
            problem = f"the segment {name!r} is literal text in the URL, not a parameter"
            yield LayoutError(problem, where=folder, hint=f"Name the folder '[{name[1:]}]'")
