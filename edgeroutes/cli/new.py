"""`edgeroutes new PATH`: a route's file with its handlers, and a test of it. Roof; what routing refuses, the real scanner refuses here."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from edgeroutes.cli import DONE, REFUSED
from edgeroutes.cli.changes import (
    Change,
    has_own_template,
    print_changes,
    print_notes,
    refresh_template,
    write_changes,
)
from edgeroutes.cli.documents import problem_document
from edgeroutes.cli.route_text import render_route, render_test
from edgeroutes.config import load_config
from edgeroutes.errors import LayoutError, require_no_problems
from edgeroutes.pipeline import TEMPLATE_FILE
from edgeroutes.routing.conventions import METHODS, ROUTE_FILE
from edgeroutes.routing.misplaced import foreign_segments
from edgeroutes.routing.scan import DiskTree, scan
from edgeroutes.routing.segments import PRIVATE, parse_segment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgeroutes.errors import EdgeroutesError, ProjectError
    from edgeroutes.routing.scan import RouteFile


def print_new(root: Path, path: str, methods: Sequence[str], *, as_json: bool) -> int:
    """Make a route and a test of it, and say where; 1 when template.yaml cannot be brought up to date.

    Args:
        root: The project's folder.
        path: The route's folder, from the folder of all routes or as it lies in the project; or its URL, with a slash in front.
        methods: Names of HTTP methods.
        as_json: Whether to say it as JSON.

    Raises:
        ProjectError: Routing refuses the route, or it is there already.
        ToolError: Something cannot be written.
    """
    config = load_config(root)
    app_dir = config.app_dir.strip("/")
    directory = read_directory(path, app_dir)
    route = plan_route(root, app_dir, directory, methods)
    changes = [
        Change(
            path=route.source_file,
            text=render_route(route.pattern, methods),
            about=f"{' '.join(methods)} {route.route_path}",
        )
    ]
    folders = route.directory.split("/")
    notes = [
        str(each).rstrip(".")
        for each in foreign_segments("/".join(folders[: depth + 1]) for depth in range(len(folders)))
    ]
    test = place_test(root, directory.removeprefix(app_dir).strip("/"))
    if (root / test).exists():
        notes.append(f"{test}: it is there already, and was left as it is")
    else:
        changes.append(Change(path=test, text=render_test(route.pattern, methods, config)))
    write_changes(root, changes)
    template = ""
    problems: Sequence[EdgeroutesError] = ()
    if (root / TEMPLATE_FILE).is_file() and not has_own_template(root):
        template, problems = refresh_template(root)
    else:
        notes.append("template.yaml does not have it yet. Run 'edgeroutes template'")
    _print(route, changes, template, notes, problems, as_json=as_json)
    return REFUSED if problems else DONE


def read_directory(path: str, app_dir: str) -> str:
    """The folder that a path means: 'users/[id]', '/users/[id]' and 'functions/users/[id]/route.py' are the same one."""
    inner = path.removesuffix(f"/{ROUTE_FILE}").removeprefix("./").rstrip("/")
    if inner == app_dir or inner.startswith(f"{app_dir}/"):
        inner = inner[len(app_dir) :]
    inner = inner.removeprefix("/")
    return f"{app_dir}/{inner}" if inner else app_dir


def plan_route(root: Path, app_dir: str, directory: str, methods: Sequence[str]) -> RouteFile:
    """The route as it will be found, with the project's other routes beside it.

    Raises:
        ProjectError: What routing says of the project with it and does not say without it, at once.
    """
    file = f"{directory}/{ROUTE_FILE}"
    if (root / file).exists():
        raise LayoutError("the route is there already", where=file, hint="Add a handler to the file")
    require_no_problems(_check_names(directory[len(app_dir) :].split("/")[1:], file))
    tree = DiskTree(root)
    known = {str(problem) for problem in scan(tree, app_dir).problems}
    text = "".join(f"def {method}():\n    return ''\n" for method in methods)
    found = scan(TreeWithFile(tree, file, text), app_dir)
    require_no_problems([problem for problem in found.problems if str(problem) not in known])
    return next(route for route in found.routes if route.source_file == file)


def _check_names(names: Sequence[str], file: str) -> list[ProjectError]:
    """What is wrong with folders that the scan would not look into: '..' leads out, and private ones hold no routes."""
    problems: list[ProjectError] = []
    for name in names:
        try:
            segment = parse_segment(name, file)
        except LayoutError as error:
            problems.append(error)
            continue
        if segment.kind == PRIVATE:
            problem = f"folder {name!r} is private: nothing in it is a route"
            hint = f"Name it '%5F{name[1:]}' if its URL is to begin with an underscore"
            problems.append(LayoutError(problem, where=file, hint=hint))
    return problems


class TreeWithFile:
    """A `FileTree` with one file more, and the folders that lead to it.

    Args:
        tree: All else.
        file: The file's path.
        text: What is in it.
    """

    def __init__(self, tree: DiskTree, file: str, text: str) -> None:
        self._tree = tree
        self._file = file
        self._text = text

    def list_names(self, directory: str) -> Sequence[str]:
        """The names in a folder, sorted."""
        names = set(self._tree.list_names(directory)) if self._tree.is_directory(directory) else set()
        if self._file.startswith(f"{directory}/"):
            names.add(self._file[len(directory) + 1 :].partition("/")[0])
        return sorted(names)

    def is_directory(self, path: str) -> bool:
        """Whether this is a folder, or will be."""
        return self._file.startswith(f"{path}/") or self._tree.is_directory(path)

    def resolve(self, directory: str) -> str:
        """What tells two folders apart."""
        return self._tree.resolve(directory)

    def leads_out(self, path: str) -> str:
        """Where a link on this path leads outside the project; empty for a path inside."""
        return self._tree.leads_out(path)

    def read_text(self, path: str) -> str:
        """A Python file's text."""
        return self._text if path == self._file else self._tree.read_text(path)


def place_test(root: Path, inner: str) -> str:
    """Where the test of a route goes: beside the other tests of routes, named like the folders."""
    folder = "tests/functions" if (root / "tests/functions").is_dir() else "tests"
    words = re.findall(r"[A-Za-z0-9]+", inner)
    return f"{folder}/test_{'_'.join(words).lower() or 'root'}.py"


def _print(
    route: RouteFile,
    changes: list[Change],
    template: str,
    notes: list[str],
    problems: Sequence[EdgeroutesError],
    *,
    as_json: bool,
) -> None:
    if as_json:
        told = [problem_document(problem) for problem in problems]
        made = [change.path for change in changes]
        print(json.dumps({"path": route.route_path, "made": made, "notes": notes, "problems": told}))
        return
    print(route.route_path)
    print_changes(changes, template=template)
    print_notes(notes, problems)


def read_methods(text: str) -> list[str]:
    """The methods in 'GET,post', in the order in which HTTP names them.

    Raises:
        ValueError: One of them is none, or there is none at all.
    """
    named = [name.strip().upper() for name in text.split(",") if name.strip()]
    unknown = [name for name in named if name not in METHODS]
    if unknown or not named:
        raise ValueError(
            f"{', '.join(unknown) or 'nothing'!r} is no method. Allowed are {', '.join(METHODS)}, with commas between."
        )
    return [method for method in METHODS if method in named]
