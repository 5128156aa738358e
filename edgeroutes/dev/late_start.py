"""Which routes wait for local AWS before their file is imported: those that would make others wait.

All other routes wait in the middle of their handler, where it reads a variable or calls AWS.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgeroutes.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.build.graph import ImportGraph
    from edgeroutes.build.variables import VariableUse
    from edgeroutes.dev.project import Project
    from edgeroutes.dev.surroundings import Surroundings
    from edgeroutes.routing.scan import RouteFile

_BLOCKING_CLIENTS = frozenset({"boto3", "botocore"})


def wait_before_loading(surroundings: Surroundings, project: Project, route: RouteFile, method: str) -> None:
    """Wait for the variables that the route's modules read while they are imported, which one thread does at a time.

    A route on the shared event loop also waits for those that it reads later, and for AWS if it has boto3: a handler that waits there
    blocks the loop.

    Raises:
        ProjectError: A variable gets no value.
    """
    needs_loop = project.needs_loop(route)
    if not route.function_yaml_files and not needs_loop:
        return
    names = surroundings.unresolved(route)
    shares_loop = needs_loop and not _has_own_thread(route, method)
    if not names and not shares_loop:
        return
    try:
        graph = project.tracer.trace(map(Path, (*route.middleware_files, route.source_file)))
    except ProjectError:
        return  # loading reports it better
    for use in _variable_uses(graph):
        if use.name in names and (use.runs_at_import or shares_loop):
            surroundings.wait_for(route, use.name, f"it reads {use.name}")
            return
    if shares_loop and _has_blocking_client(graph):
        surroundings.wait_for_cloud(route, "it uses boto3 on the event loop that async routes share")


def _has_own_thread(route: RouteFile, method: str) -> bool:
    """Whether a sync handler runs, which is called in its request's thread, with no middleware around it."""
    exports = {export.name: export for export in route.exports.methods}
    export = exports.get(method) or (exports.get("GET") if method == "HEAD" else None)
    is_sync = export is not None and export.is_async is False and not export.is_decorated
    return is_sync and not route.middleware_files


def _variable_uses(graph: ImportGraph) -> Iterator[VariableUse]:
    from edgeroutes.build.variables import read_variable_uses

    for module in graph.project_modules:
        if module.file.suffix == ".py":
            yield from read_variable_uses(module.file)


def _has_blocking_client(graph: ImportGraph) -> bool:
    return any(each.module.name.partition(".")[0] in _BLOCKING_CLIENTS for each in graph.modules.values())
