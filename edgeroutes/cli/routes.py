"""`edgeroutes routes`: the routes and their functions, as a table or JSON."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

from edgeroutes.cli import DONE, REFUSED
from edgeroutes.cli.output import problem_document
from edgeroutes.dev.project import Project
from edgeroutes.dev.reload import require_app_folder
from edgeroutes.errors import ProblemsError, ProjectError
from edgeroutes.pipeline import plan_scan
from edgeroutes.routing.conventions import CONFIG_NAMES, GUARD_NAMES, SegmentConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from edgeroutes.errors import EdgeroutesError
    from edgeroutes.plan.model import FunctionPlan
    from edgeroutes.routing.scan import RouteFile

_DEFAULTS = SegmentConfig()
# Columns where the output is not a terminal: a log or a pipe breaks no line.
_UNLIMITED = 10_000


def print_routes(root: Path, *, as_json: bool) -> int:
    """Print the routes and the problems; 1 when there are problems."""
    project = Project(root)
    require_app_folder(project)
    functions, problems = _plan(project)
    if as_json:
        names = _function_names(functions)
        document = {
            "base_path": project.config.base_path,
            "routes": [_route_document(route, names.get(route.route_path)) for route in project.scan.routes],
            "functions": [_function_document(function) for function in functions],
            "problems": [problem_document(problem) for problem in problems],
            "warnings": [problem_document(warning) for warning in project.scan.warnings],
        }
        print(json.dumps(document, indent=2))
        return REFUSED if problems else DONE
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _UNLIMITED
    for line in table_lines(project.scan.routes, functions, project.config.base_path, width):
        click.echo(line)
    for warning in project.scan.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for problem in problems:
        print(problem, file=sys.stderr)
    return REFUSED if problems else DONE


def _plan(project: Project) -> tuple[tuple[FunctionPlan, ...], tuple[EdgeroutesError, ...]]:
    """The functions of the routes; none, and the problems, where there are problems."""
    try:
        return plan_scan(project.root, project.config, project.scan).functions, ()
    except ProblemsError as error:
        return (), error.problems
    except ProjectError as error:
        return (), (error,)


def _function_names(functions: Iterable[FunctionPlan]) -> dict[str, str]:
    return {route.route_path: function.logical_id for function in functions for route in function.routes}


def _function_document(function: FunctionPlan) -> dict[str, Any]:
    """For programs; `reason` is why several routes share it, `throttle` is null where the project's limits apply."""
    return {
        "function": function.logical_id,
        "routes": [route.route_path for route in function.routes],
        "streaming": function.streams,
        "reason": function.reason,
        "throttle": dict(function.throttles) or None,
    }


def _route_document(route: RouteFile, function: str | None) -> dict[str, Any]:
    """For programs; `config` has what the file sets, `guards` where each is declared; `function` is null while the project has problems."""
    return {
        "path": route.route_path,
        "file": route.source_file,
        "function": function,
        "methods": list(route.exports.method_names),
        "app": route.exports.app is not None,
        "streaming": route.exports.streams,
        "config": {name: _json_value(value) for name, value in _differing_config(route).items()},
        "middleware": list(route.middleware_files),
        "guards": {} if route.guards is None else {name: route.guards.place(name) for name in route.guards.files},
    }


def _differing_config(route: RouteFile) -> dict[str, Any]:
    """The route's segment config where it differs from the default; 0 is not False here."""
    values = {name: getattr(route.config, name) for name in sorted(CONFIG_NAMES)}
    return {name: value for name, value in values.items() if repr(value) != repr(getattr(_DEFAULTS, name))}


def table_lines(
    found: tuple[RouteFile, ...], functions: tuple[FunctionPlan, ...], base_path: str, width: int
) -> Iterator[str]:
    """The routes in the order in which the router tries them, then why some share a function."""
    names = _function_names(functions)
    columns: dict[str, Callable[[RouteFile], str]] = {
        "Path": lambda route: base_path + route.route_path,
        "Methods": _methods,
        "File": lambda route: route.source_file,
        "Function": lambda route: names[route.route_path],
        "Config": _config,
        "Guards": _guards,
        "Middleware in": _middleware,
    }
    if not functions:
        del columns["Function"]
    if not any(route.middleware_files for route in found):
        del columns["Middleware in"]
    if not any(route.guards for route in found):
        del columns["Guards"]
    rows = [[cell(route) for cell in columns.values()] for route in found]
    titles, *lines = _aligned([list(columns), *rows])
    if max(map(len, (titles, *lines))) <= width:
        yield click.style(titles, bold=True)
        yield from lines
    else:
        for row in rows:
            yield from _stacked(dict(zip(columns, row, strict=True)), width)
    shared = [each for each in functions if each.reason]
    yield from [""] if shared else []
    for each in shared:
        yield f"{each.logical_id} serves {len(each.routes)} routes: {each.reason}"


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _stacked(row: dict[str, str], width: int) -> list[str]:
    """A route's lines where the table is too wide."""
    path, methods = row.pop("Path"), row.pop("Methods")
    folders = row.pop("Middleware in", "")
    others = [*filter(None, row.values()), *([f"middleware in {folders}"] if folders else [])]
    below = ["  ".join(others)] if len("  ".join(others)) + 4 <= width else others
    return [f"{path}  {methods}", *(f"    {line}" for line in below)]


def _methods(route: RouteFile) -> str:
    if route.exports.app is not None:
        return "any (app)"
    return " ".join(route.exports.method_names) or "none"


def _config(route: RouteFile) -> str:
    parts = [
        f"{name}={_short(value)}"
        for name, value in _differing_config(route).items()
        if name not in ("streaming", *GUARD_NAMES)
    ]
    if route.exports.streams:
        parts.append("streaming")
    elif route.config.streaming is False:
        parts.append("streaming=False")
    return ", ".join(parts)


def _guards(route: RouteFile) -> str:
    """What applies to the route, also from its folders."""
    guards = route.guards
    if guards is None:
        return ""
    parts = [f"auth={'|'.join(each.called for each in guards.auth.schemes)}"] if guards.auth is not None else []
    parts += [f"limit={each.rate} by {each.key}" for each in guards.limits]
    return ", ".join([*parts, *(["idempotent"] if guards.idempotent is not None else [])])


def _middleware(route: RouteFile) -> str:
    return ", ".join(file.rpartition("/")[0] for file in route.middleware_files)


def _short(value: Any) -> str:
    return "|".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _json_value(value: Any) -> Any:
    """A value of segment config for JSON."""
    if isinstance(value, tuple):
        return [_json_value(each) for each in value]
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)
