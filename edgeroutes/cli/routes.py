"""`edgeroutes routes`: what there is, as a table or as JSON. Roof."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rich.table import Table

from edgeroutes.cli import DONE, REFUSED
from edgeroutes.cli.console import make_console
from edgeroutes.cli.documents import json_value, problem_document
from edgeroutes.dev.project import Project
from edgeroutes.dev.reload import require_app_folder
from edgeroutes.routing.conventions import CONFIG_NAMES, SegmentConfig

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from edgeroutes.routing.scan import RouteFile

_DEFAULTS = SegmentConfig()


def print_routes(root: Path, *, as_json: bool) -> int:
    """Print the project's routes, and its problems below them; 1 when there are any.

    Raises:
        ProjectError: For a project that cannot be read at all.
    """
    project = Project(root)
    require_app_folder(project)
    found, problems = project.scan.routes, project.scan.problems
    if as_json:
        document = {
            "base_path": project.config.base_path,
            "routes": [route_document(route) for route in found],
            "problems": [problem_document(problem) for problem in problems],
        }
        print(json.dumps(document, indent=2))
        return REFUSED if problems else DONE
    print_table(found, project.config.base_path, make_console())
    for problem in problems:
        print(problem, file=sys.stderr)
    return REFUSED if problems else DONE


def route_document(route: RouteFile) -> dict[str, Any]:
    """A route for programs: `config` has what the file sets."""
    return {
        "path": route.route_path,
        "file": route.source_file,
        "methods": list(route.exports.method_names),
        "app": route.exports.app is not None,
        "streaming": route.exports.streams,
        "config": {name: json_value(value) for name, value in differing_config(route).items()},
        "middleware": list(route.middleware_files),
    }


def differing_config(route: RouteFile) -> dict[str, Any]:
    """The route's segment config where it is not the default; 0 is not False here."""
    values = {name: getattr(route.config, name) for name in sorted(CONFIG_NAMES)}
    return {name: value for name, value in values.items() if repr(value) != repr(getattr(_DEFAULTS, name))}


def print_table(found: tuple[RouteFile, ...], base_path: str, console: Console) -> None:
    """Print the routes in the order in which they are tried."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    columns = ("Path", "Methods", "File", "Config", "Middleware of")
    for column in columns if any(route.middleware_files for route in found) else columns[:-1]:
        table.add_column(column, overflow="fold", no_wrap=column == "Path")
    for route in found:
        cells = (base_path + route.route_path, _methods(route), route.source_file, _config(route), _middleware(route))
        table.add_row(*(cell.replace("[", r"\[") for cell in cells[: len(table.columns)]))
    with console.capture() as capture:
        console.print(table)
    console.file.write("".join(f"{line.rstrip()}\n" for line in capture.get().splitlines()))


def _methods(route: RouteFile) -> str:
    if route.exports.app is not None:
        return "any (app)"
    return " ".join(route.exports.method_names) or "none"


def _config(route: RouteFile) -> str:
    parts = [f"{name}={_short(value)}" for name, value in differing_config(route).items() if name != "streaming"]
    if route.exports.streams:
        parts.append("streaming")
    elif route.config.streaming is False:
        parts.append("streaming=False")
    return ", ".join(parts)


def _middleware(route: RouteFile) -> str:
    """The folders whose `middleware.py` wraps the route."""
    return ", ".join(file.rpartition("/")[0] for file in route.middleware_files)


def _short(value: Any) -> str:
    return "|".join(map(str, value)) if isinstance(value, tuple) else str(value)
