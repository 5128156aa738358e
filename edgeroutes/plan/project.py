"""Plans a project's functions from its settings and routes. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, ProjectError, require_no_problems
from edgeroutes.plan.api_tree import make_resources
from edgeroutes.plan.function_yaml import (
    THROTTLE_KEYS,
    FunctionSettings,
    merge_property,
    merge_settings,
    parse_function_yaml,
    parse_globals,
    places_within,
)
from edgeroutes.plan.grouping import Group, group_routes
from edgeroutes.plan.logical_ids import group_id, route_id, unique_ids
from edgeroutes.plan.manifest import plan_cors
from edgeroutes.plan.model import ALIAS, FALLBACK_ID, FunctionPlan, ProjectPlan
from edgeroutes.plan.validate import (
    check_cdn,
    check_functions,
    check_timeout,
    route_timeout,
    uses_snapstart,
    warn_api_resources,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgeroutes.config import Config
    from edgeroutes.http.cors import CORS
    from edgeroutes.plan.infra import Infra
    from edgeroutes.routing.scan import RouteFile, RouteScan

# The larger value works for both routes of a function.
_LARGEST_WINS = ("MemorySize", "Timeout")
_UNITED = ("Environment", "Policies")


def make_plan(
    config: Config, scan: RouteScan, texts: Mapping[str, str] | None = None, infra: Infra | None = None
) -> ProjectPlan:
    """The project's functions, each with its routes and its properties.

    Args:
        config: The project's settings.
        scan: Its routes.
        texts: The function.yaml files of the scan, path → content; a missing one counts as empty.
        infra: The files of infra/: `Globals` are like a function.yaml around all others.

    Raises:
        ProjectError: For all problems of the scan, the function.yaml files and the groups together.
    """
    problems: list[ProjectError] = list(scan.problems)
    read = _read_files(scan.routes, texts or {}, problems)
    shared = parse_globals(infra, problems) if infra is not None else FunctionSettings()
    settings = {
        route.route_path: merge_settings([shared, *(read[file] for file in route.function_yaml_files)])
        for route in scan.routes
    }
    cors = plan_cors(scan.routes, config.cors, {file: each.cors for file, each in read.items()}, problems)
    for route in scan.routes:
        problems += check_timeout(route, settings[route.route_path], config)
    isolate = {path: own.isolate or config.isolate for path, own in settings.items()}
    groups = group_routes(scan.routes, isolate, problems)
    functions = tuple(
        _plan_function(logical_id, group, settings, config, problems, cors=cors, shared=shared)
        for logical_id, group in zip(_name_groups(groups), groups, strict=True)
    )
    problems += [*check_functions(functions, config), *check_cdn(config)]
    require_no_problems(_once(problems))
    resources, count = make_resources(
        [route.pattern for route in scan.routes],
        {route.route_path: function.logical_id for function in functions for route in function.routes},
        shared=frozenset(function.logical_id for function in functions if len(function.routes) > 1),
        fallback=FALLBACK_ID,
        base_path=config.base_path,
    )
    return ProjectPlan(
        config=config,
        functions=functions,
        fallback=_plan_fallback(shared),
        api_resources=resources,
        api_resource_count=count,
        warnings=(
            *scan.warnings,
            *warn_api_resources(count),
        ),
    )


def _read_files(
    routes: Sequence[RouteFile], texts: Mapping[str, str], problems: list[ProjectError]
) -> dict[str, FunctionSettings]:
    """The settings in each function.yaml, by file."""
    files = sorted({file for route in routes for file in route.function_yaml_files})
    return {file: parse_function_yaml(texts.get(file, ""), file, problems) for file in files}


def _name_groups(groups: Sequence[Group]) -> list[str]:
    wanted = []
    for group in groups:
        path = group.routes[0].route_path
        # A named group has its name even with one route, so that a second route does not rename it.
        wanted.append((group_id(group.name), f"isolate={group.name}") if group.name else (route_id(path), path))
    return unique_ids(wanted, reserved=[FALLBACK_ID])


def _plan_function(
    logical_id: str,
    group: Group,
    settings: Mapping[str, FunctionSettings],
    config: Config,
    problems: list[ProjectError],
    *,
    cors: Mapping[str, CORS],
    shared: FunctionSettings,
) -> FunctionPlan:
    include: list[str] = []
    exclude: list[str] = []
    properties: dict[str, Any] = {}
    said_by: dict[str, str] = {}
    standard = {key: getattr(config, key) for key in THROTTLE_KEYS}
    for route in group.routes:
        own = settings[route.route_path]
        include += own.include
        exclude += own.exclude
        timeout = {"Timeout": route_timeout(route, own, config)}
        for key, value in {**own.properties, **standard, **own.throttles, **timeout}.items():
            is_of_route = key == "Timeout" and route.config.max_duration is not None
            place = route.source_file if is_of_route else own.places.get(key) or route.source_file
            if key not in properties:
                properties[key] = value
                said_by |= {key: place} if is_of_route else {**places_within(own.places, key), key: place}
            elif properties[key] != value:
                properties[key] = _agree(key, (properties[key], said_by[key]), (value, place), group, problems)
    throttles = {key: properties.pop(key) for key in THROTTLE_KEYS}
    _publish_where_needed(properties)
    return FunctionPlan(
        logical_id=logical_id,
        routes=group.routes,
        streams=group.routes[0].exports.streams,
        properties=dict(sorted(properties.items())),
        inherited=frozenset(key for key in shared.properties if said_by.get(key) == shared.places[key]),
        places=said_by,
        include=tuple(dict.fromkeys(include)),
        exclude=tuple(dict.fromkeys(entry for entry in exclude if entry not in include)),  # one of its routes needs it
        throttles=throttles if throttles != standard else {},
        reason=group.reason,
        cors={route.route_path: cors[route.route_path] for route in group.routes if route.route_path in cors},
    )


def _plan_fallback(shared: FunctionSettings) -> FunctionPlan:
    properties = {key: value for key, value in shared.properties.items() if value is not None and key != "Timeout"}
    _publish_where_needed(properties)
    return FunctionPlan(
        logical_id=FALLBACK_ID,
        routes=(),
        properties=properties,
        inherited=frozenset(properties) & shared.properties.keys(),
        places=shared.places,
    )


def _publish_where_needed(properties: dict[str, Any]) -> None:
    """SnapStart and provisioned concurrency need published versions."""
    if uses_snapstart(properties) or "ProvisionedConcurrencyConfig" in properties:
        properties.setdefault("AutoPublishAlias", ALIAS)


def _agree(key: str, first: tuple[Any, str], other: tuple[Any, str], group: Group, problems: list[ProjectError]) -> Any:
    """One value of a property for two routes of a function."""
    (value, place), (other_value, other_place) = first, other
    if key in _LARGEST_WINS and isinstance(value, int) and isinstance(other_value, int):
        return max(value, other_value)
    if key in _UNITED and not _variables_differ(key, value, other_value):
        return merge_property(key, value, other_value)
    routes = " and ".join(route.route_path for route in group.routes[:2])
    problem = (
        f"{key} is {value!r} by {place} and {other_value!r} by {other_place}, and both are for one function "
        f"({routes}{' …' if len(group.routes) > 2 else ''}: {group.reason})"
    )
    hint = f"Give both the same {key}, or take one of the routes out of the group by another 'isolate'"
    problems.append(ConfigError(problem, where=other_place, hint=hint))
    return value


def _variables_differ(key: str, value: Any, other: Any) -> bool:
    if key != "Environment":
        return False
    variables, others = value["Variables"], other["Variables"]
    return any(variables[name] != others[name] for name in variables.keys() & others.keys())


def _once(problems: Sequence[ProjectError]) -> list[ProjectError]:
    """The problems without duplicates: several routes may share one function.yaml."""
    return list({str(problem): problem for problem in problems}.values())
