"""A project's functions and its template as dev wants them: of the good routes, whatever their code uses. Floor 3."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from edgeroutes.config import INFRA_FOLDER
from edgeroutes.dev.cloud.local_template import stands_in_front
from edgeroutes.dev.faults import faults_by_route
from edgeroutes.dev.surroundings import DEPLOYED_ONLY

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from edgeroutes.dev.project import Project
    from edgeroutes.plan.model import ProjectPlan


@dataclass(frozen=True, slots=True)
class FunctionsPlan:
    """What the functions of a project will be.

    Args:
        plan: The functions.
        document: The template.
        resources: Those that infra/ declares, logical id → type; what stands before the functions is not among them.
    """

    plan: ProjectPlan
    document: Mapping[str, Any]
    resources: Mapping[str, str]

    @property
    def variables(self) -> dict[str, dict[str, Any]]:
        """Logical id of a function → its variables, as the template has them: texts, or what only a stack can resolve."""
        everywhere = self.document.get("Globals", {}).get("Function", {}).get("Environment", {}).get("Variables", {})
        found = {}
        for function in self.plan.functions:
            properties = self.document["Resources"][function.logical_id].get("Properties", {})
            own = {**everywhere, **properties.get("Environment", {}).get("Variables", {})}
            found[function.logical_id] = {key: value for key, value in own.items() if key not in DEPLOYED_ONLY}
        return found

    @property
    def unresolved(self) -> dict[str, list[str]]:
        """Of the variables those that are no plain texts, each with the functions that have it."""
        from edgeroutes.plan.cloudformation import is_intrinsic

        found: dict[str, list[str]] = {}
        for function, variables in self.variables.items():
            for name, value in variables.items():
                if is_intrinsic(value) or "{{resolve:" in str(value):
                    found.setdefault(name, []).append(function)
        return found

    @property
    def plain_variables(self) -> dict[str, dict[str, str]]:
        """Of the variables those that are plain texts."""
        unresolved = self.unresolved
        return {
            function: {name: str(value) for name, value in variables.items() if name not in unresolved}
            for function, variables in self.variables.items()
        }

    @property
    def needs_cloud(self) -> bool:
        """Whether there is something to be made, or to be resolved."""
        return bool(self.resources or self.unresolved)


def plan_functions(project: Project) -> FunctionsPlan:
    """The functions of those routes that can answer.

    Raises:
        ProjectError: For what is wrong with function.yaml files and infra/.
    """
    # Here, because a project that needs none of this starts without it.
    from edgeroutes.pipeline import plan_scan, read_infra
    from edgeroutes.plan.loops import expand_loops
    from edgeroutes.template.document import make_document

    faulty = faults_by_route(project.scan)
    good = tuple(route for route in project.scan.routes if route.route_path not in faulty)
    infra = read_infra(project.root)
    plan = plan_scan(project.root, project.config, replace(project.scan, routes=good, problems=()), infra)
    whole = make_document(plan, infra)
    document = expand_loops(whole)
    declared = {name for name, _, _ in infra.properties("Resources")} | (
        document["Resources"].keys() - whole["Resources"].keys()
    )
    own = {*(each.logical_id for each in plan.functions), plan.fallback.logical_id}
    resources = {
        name: str(resource.get("Type"))
        for name, resource in document["Resources"].items()
        if name in declared - own and not stands_in_front(resource)
    }
    return FunctionsPlan(plan, document, resources)


def may_need_plan(project: Project) -> bool:
    """Whether any file can give functions something around them; cheap, for a project that has none."""
    has_settings = any(route.function_yaml_files for route in project.scan.routes)
    return has_settings or any((project.root / INFRA_FOLDER).glob("*.y*ml"))


def layout_of(project: Project) -> Hashable:
    """What of the routes decides which functions there are: the same again where only handlers have changed."""
    return tuple(
        (route.source_file, route.function_yaml_files, repr(route.config.isolate), route.exports.streams)
        for route in project.scan.routes
    )
