"""A project's functions and its template for dev, without what is wrong, so that a mistake breaks only what depends on it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes.dev.function_environment import DEPLOYED_ONLY
from edgeroutes.dev.project import faults_by_file, faults_by_route, file_of
from edgeroutes.errors import ProblemsError, ProjectError
from edgeroutes.local_aws.template import stands_in_front
from edgeroutes.names import INFRA_FOLDER

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterator, Mapping

    from edgeroutes.build.graph import ImportGraph
    from edgeroutes.build.variables import VariableUse
    from edgeroutes.dev.function_environment import FunctionEnvironment
    from edgeroutes.dev.project import Project
    from edgeroutes.plan.cloudformation import Infra
    from edgeroutes.plan.model import ProjectPlan
    from edgeroutes.routing.scan import RouteFile


_MAY_REFER = re.compile(rb"Resources|Ref\b|Fn::|![A-Z]|\{\{resolve:")


@dataclass(frozen=True, slots=True)
class FunctionsPlan:
    """The functions of a project.

    Args:
        plan: The functions.
        document: The template.
        resources: The ones of infra/ that local AWS creates, and the state table, logical id → type.
        infra: The files of infra/ that were used.
        faults: Route path → the problems that keep it from having a function.
        problems: The problems of infra/; its file is left out, or used as it was before.
    """

    plan: ProjectPlan
    document: Mapping[str, Any]
    resources: Mapping[str, str]
    infra: Infra
    faults: Mapping[str, tuple[ProjectError, ...]] = field(default_factory=dict)
    problems: tuple[ProjectError, ...] = ()

    @property
    def variables(self) -> dict[str, dict[str, Any]]:
        """Logical id of a function → its variables as in the template: strings, or intrinsic functions."""
        everywhere = self.document.get("Globals", {}).get("Function", {}).get("Environment", {}).get("Variables", {})
        found = {}
        for function in self.plan.functions:
            properties = self.document["Resources"][function.logical_id].get("Properties", {})
            own = {**everywhere, **properties.get("Environment", {}).get("Variables", {})}
            found[function.logical_id] = {key: value for key, value in own.items() if key not in DEPLOYED_ONLY}
        return found

    @property
    def unresolved(self) -> dict[str, frozenset[str]]:
        """Function → the names of its variables that are not plain strings."""
        return {
            function: frozenset(name for name, value in variables.items() if _is_unresolved(value))
            for function, variables in self.variables.items()
        }

    @property
    def plain_variables(self) -> dict[str, dict[str, str]]:
        """Function → its variables that are plain strings."""
        return {
            function: {name: str(value) for name, value in variables.items() if not _is_unresolved(value)}
            for function, variables in self.variables.items()
        }

    @property
    def needs_cloud(self) -> bool:
        return bool(self.resources) or any(self.unresolved.values())


def _is_unresolved(value: Any) -> bool:
    from edgeroutes.plan.cloudformation import is_intrinsic

    return is_intrinsic(value) or "{{resolve:" in str(value)


def plan_functions(project: Project, good: Infra | None = None) -> FunctionsPlan:
    """The functions of the routes without problems.

    Args:
        project: The project.
        good: The files of infra/ as they last were right, used instead of broken ones.

    Raises:
        ProjectError: A problem that is not in a file of a route or of infra/.
    """
    # Here, because a project that needs none of this starts without it.
    from edgeroutes.pipeline import plan_scan, plan_uploads, read_infra
    from edgeroutes.template.document import make_document

    faults = dict(faults_by_route(project.scan))
    infra, problems = _without_broken(read_infra(project.root), good)
    while True:
        routes = tuple(route for route in project.scan.routes if route.route_path not in faults)
        scan = replace(project.scan, routes=routes, problems=())
        try:
            plan = plan_scan(project.root, project.config, scan, infra)
            whole = make_document(plan, infra, plan_uploads(project.root, plan, infra))
            break
        except ProjectError as error:
            found = error.problems if isinstance(error, ProblemsError) else (error,)
            broken = faults_by_file(routes, found)
            wrong = tuple(each for each in found if file_of(each.where).startswith(f"{INFRA_FOLDER}/"))
            replaced = _replace_documents(infra, {file_of(each.where) for each in wrong}, good)
            if replaced == infra and not broken:
                raise
            good = None  # what was right with the routes of before may be wrong with these
            causes = problems if any("refers to" in each.problem for each in found) else ()
            infra, problems = replaced, (*problems, *wrong)
            faults |= {path: (*each, *causes) for path, each in broken.items()}
    return _functions_plan(plan, whole, infra, faults, problems)


def _functions_plan(
    plan: ProjectPlan,
    whole: Mapping[str, Any],
    infra: Infra,
    faults: Mapping[str, tuple[ProjectError, ...]],
    problems: tuple[ProjectError, ...],
) -> FunctionsPlan:
    from edgeroutes.template.functions import STATE_TABLE
    from edgeroutes.template.transform import expand_loops

    document = expand_loops(whole)
    declared = {name for name, _, _ in infra.properties("Resources")} | (
        document["Resources"].keys() - whole["Resources"].keys() | {STATE_TABLE}
    )
    own = {*(each.logical_id for each in plan.functions), plan.fallback.logical_id}
    resources = {
        name: str(resource.get("Type"))
        for name, resource in document["Resources"].items()
        if name in declared - own and not stands_in_front(resource)
    }
    return FunctionsPlan(plan, document, resources, infra, faults, problems)


def _without_broken(infra: Infra, good: Infra | None) -> tuple[Infra, tuple[ProjectError, ...]]:
    """The readable files of infra/, with the earlier ones instead of the others, and the problems of these."""
    broken = {file_of(each.where) for each in infra.problems}
    return _replace_documents(replace(infra, problems=()), broken, good), infra.problems


def _replace_documents(infra: Infra, files: Collection[str], good: Infra | None) -> Infra:
    before = [each for each in (good.documents if good else ()) if each.source_file in files]
    rest = [each for each in infra.documents if each.source_file not in files]
    return replace(infra, documents=tuple(sorted([*rest, *before], key=lambda each: each.source_file)))


def may_need_plan(project: Project) -> bool:
    """Whether a file or a guard may give functions variables; cheap, for a project without any."""
    has_settings = any(route.function_yaml_files or route.guards is not None for route in project.scan.routes)
    return has_settings or any((project.root / INFRA_FOLDER).glob("*.y*ml"))


def may_need_cloud(project: Project) -> bool:
    """Whether a guard needs the state table, or a file may declare resources or refer to some; reads files as text."""
    if any(route.guards is not None and route.guards.needs_state for route in project.scan.routes):
        return True
    files = {file for route in project.scan.routes for file in route.function_yaml_files}
    names = [project.root / file for file in files] + [*(project.root / INFRA_FOLDER).glob("*.y*ml")]
    return any(_MAY_REFER.search(path.read_bytes()) for path in names if path.is_file())


def layout_of(project: Project) -> Hashable:
    """What decides which functions there are: unchanged where only handlers have changed."""
    return tuple(
        (
            route.source_file,
            route.function_yaml_files,
            repr(route.config.isolate),
            route.exports.streams,
            _declared_guards(route),
        )
        for route in project.scan.routes
    )


def _declared_guards(route: RouteFile) -> str:
    """The guards without the lines on which they are: they give functions variables."""
    guards = route.guards
    return "" if guards is None else repr((guards.auth, guards.limits, guards.idempotent))


_BLOCKING_CLIENTS = frozenset({"boto3", "botocore"})


def wait_before_loading(
    function_environment: FunctionEnvironment, project: Project, route: RouteFile, method: str
) -> None:
    """Wait for the variables that the route's modules read while they are imported, which one thread does at a time.

    All other routes wait in their handler, when it reads a variable or calls AWS. A route on the shared event loop would block that, so
    it also waits here for the variables that it reads later, and for AWS if it uses boto3.

    Raises:
        ProjectError: A variable gets no value.
    """
    needs_loop = project.needs_loop(route)
    if not route.function_yaml_files and not needs_loop:
        return
    names = function_environment.unresolved(route)
    shares_loop = needs_loop and not _has_own_thread(route, method)
    if not names and not shares_loop:
        return
    try:
        graph = project.tracer.trace(map(Path, route.files))
    except ProjectError:
        return  # loading reports it better
    for use in _variable_uses(graph):
        if use.name in names and (use.runs_at_import or shares_loop):
            function_environment.wait_for(route, use.name, f"it reads {use.name}")
            return
    if shares_loop and _has_blocking_client(graph):
        function_environment.wait_for_cloud(route, "it uses boto3 on the event loop that async routes share")


def _has_own_thread(route: RouteFile, method: str) -> bool:
    """Whether a sync handler runs without middleware, which is called in its request's thread."""
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
