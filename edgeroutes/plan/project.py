"""Plans a project's functions from its settings and routes: their names, properties and groups, and what AWS would reject. No I/O."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, Problem, ProjectError, RouteFileError, require_no_problems
from edgeroutes.names import CONFIG_FILE
from edgeroutes.plan.api_tree import Group, group_routes, make_resources
from edgeroutes.plan.cloudformation import is_intrinsic
from edgeroutes.plan.function_yaml import (
    THROTTLE_KEYS,
    FunctionSettings,
    merge_property,
    merge_settings,
    parse_function_yaml,
    parse_globals,
    places_within,
)
from edgeroutes.plan.manifest import plan_cors
from edgeroutes.plan.model import ALIAS, FALLBACK_ID, REVALIDATION, FunctionPlan, ProjectPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from edgeroutes.config import Config
    from edgeroutes.http.cors import CORS
    from edgeroutes.plan.cloudformation import Infra
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
        problems += _check_timeout(route, settings[route.route_path], config)
    isolate = {path: own.isolate or config.isolate for path, own in settings.items()}
    groups = group_routes(scan.routes, isolate, problems)
    functions = tuple(
        _plan_function(logical_id, group, settings, config, problems, cors=cors, shared=shared)
        for logical_id, group in zip(_name_groups(groups), groups, strict=True)
    )
    problems += [*_check_functions(functions, config), *_check_cdn(config)]
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
        timeout = {"Timeout": _route_timeout(route, own, config)}
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
    if _uses_snapstart(properties) or "ProvisionedConcurrencyConfig" in properties:
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


_SUFFIX = "Function"
# CloudFormation allows 255 characters; SAM appends its own ('Aliaslive', 'Role', a version's hash).
MAX_LENGTH = 120
_HASH_LENGTH = 6


def route_id(route_path: str) -> str:
    """The logical id of a route's function.

    Returns:
        'ApiUsersIdFunction' for '/api/users/[id]', 'RssXmlFunction' for '/rss.xml', 'RootFunction' for '/'.
    """
    return _named(_camel_case(route_path) or ("Root" if route_path == "/" else ""), route_path)


def group_id(name: str) -> str:
    """The logical id of a named group's function, 'AdminGroupFunction' for 'admin'."""
    return _named(_camel_case(name) + "Group", f"isolate={name}")


def unique_ids(wanted: Sequence[tuple[str, str]], reserved: Iterable[str] = ()) -> list[str]:
    """Unique ids: the first of several equal ids stays, the others get a hash of their names.

    Args:
        wanted: Pairs of a logical id and what it names, such as ('UsersIdFunction', '/users/[id]').
        reserved: Ids that are in use already.

    Returns:
        An id for each of `wanted`, in the same order; a hash depends only on the name.
    """
    taken = set(reserved)
    ids = []
    for logical_id, name in wanted:
        chosen = logical_id if logical_id not in taken else _hashed(logical_id, name)
        taken.add(chosen)
        ids.append(chosen)
    return ids


def _camel_case(text: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", text)
    return "".join(word[0].upper() + word[1:] for word in words)


def _named(stem: str, name: str) -> str:
    logical_id = stem + _SUFFIX
    # An id starts with something readable; a path of other letters than ASCII leaves nothing.
    return logical_id if stem and len(logical_id) <= MAX_LENGTH else _hashed(logical_id, name)


def _hashed(logical_id: str, name: str) -> str:
    stem = logical_id.removesuffix(_SUFFIX)[: MAX_LENGTH - len(_SUFFIX) - _HASH_LENGTH] or "Route"
    return stem + hashlib.sha256(name.encode()).hexdigest()[:_HASH_LENGTH].upper() + _SUFFIX


# Source: docs.aws.amazon.com/apigateway "api-gateway-execution-service-limits-table" (read 2026-11-21).
_API_RESOURCES = 300
_API_RESOURCES_QUOTA = "Resources per API"
_TIMEOUT_QUOTA = "Maximum integration timeout in milliseconds"
# Source: docs.aws.amazon.com/lambda "gettingstarted-limits" and "snapstart" (read 2026-11-21).
_STREAMING_TIMEOUT_S = 300
_TIMEOUTS_S = range(1, 901)
_NO_SNAPSTART = ("python3.11",)


def _route_timeout(route: RouteFile, settings: FunctionSettings, config: Config) -> Any:
    """The timeout in seconds: from the route file, else function.yaml, else the default."""
    if route.config.max_duration is not None:
        return route.config.max_duration
    said = settings.properties.get("Timeout")
    if said is not None:
        return said
    return _STREAMING_TIMEOUT_S if route.exports.streams else config.timeout_s


def _check_timeout(route: RouteFile, settings: FunctionSettings, config: Config) -> list[ProjectError]:
    """Problems with a timeout that Lambda or, without streaming, API Gateway does not allow."""
    error: type[ProjectError] = RouteFileError
    name, where = "max_duration", route.source_file
    seconds: Any = route.config.max_duration
    if seconds is None:
        error = ConfigError
        name, where = "Timeout", settings.places.get("Timeout", "")
        seconds = settings.properties.get("Timeout")
    if seconds is None or is_intrinsic(seconds):
        return []
    if type(seconds) is not int or seconds not in _TIMEOUTS_S:
        problem = f"{name} is {seconds!r}. Allowed are whole seconds from 1 to {_TIMEOUTS_S[-1]}"
        return [error(problem, where=where)]
    if route.exports.streams and seconds * 1000 <= config.stream_margin_ms:
        problem = (
            f"{name} is {seconds} seconds, and stream_margin_ms in [tool.edgeroutes] is {config.stream_margin_ms}: every stream of "
            f"{route.route_path} would be ended before it begins"
        )
        return [error(problem, where=where, hint=f"Raise {name}, or lower stream_margin_ms")]
    allowed = config.integration_timeout_s
    if route.exports.streams or seconds <= allowed:
        return []
    problem = (
        f"{name} is {seconds} seconds, and {route.route_path} does not stream. API Gateway ends a response that does "
        f"not stream after {allowed} seconds"
    )
    hint = (
        f"Export 'streaming = True' in {route.source_file}, or ask AWS to raise the quota '{_TIMEOUT_QUOTA}' and set "
        f"integration_timeout_s = {seconds} in [tool.edgeroutes]"
    )
    return [error(problem, where=where, hint=hint)]


def _check_functions(functions: Sequence[FunctionPlan], config: Config) -> list[ProjectError]:
    problems: list[ProjectError] = []
    names: dict[str, FunctionPlan] = {}
    for function in functions:
        name = function.properties.get("FunctionName")
        if isinstance(name, str):
            other = names.setdefault(name, function)
            if other is not function:
                problem = f"FunctionName {name!r} is given to {other.logical_id} and {function.logical_id}"
                hint = "Remove it from function.yaml, or set it for one route only"
                problems.append(ConfigError(problem, where=_place_of(function, "FunctionName"), hint=hint))
        if _uses_snapstart(function.properties) and config.runtime in _NO_SNAPSTART:
            problem = f"SnapStart is set, which {config.runtime} does not have"
            hint = 'Set runtime = "python3.13" in [tool.edgeroutes], or take SnapStart out'
            problems.append(ConfigError(problem, where=_place_of(function, "SnapStart"), hint=hint))
    return problems


def _check_cdn(config: Config) -> list[ProjectError]:
    cdn = config.cdn
    set_by = "certificate_arn" if cdn.certificate_arn else "domain_name"
    where = config.places.get(f"cdn.{set_by}", f"{CONFIG_FILE}, [tool.edgeroutes.cdn] {set_by}")
    if cdn.domain_names and not cdn.certificate_arn:
        problem = f"domain_name is {cdn.domain_name!r} and certificate_arn is not set. CloudFront needs both"
        return [ConfigError(problem, where=where, hint="Set certificate_arn to a certificate of ACM in us-east-1")]
    if cdn.certificate_arn and ":us-east-1:" not in cdn.certificate_arn:
        problem = f"certificate_arn is {cdn.certificate_arn!r}. CloudFront accepts only certificates of us-east-1"
        return [ConfigError(problem, where=where, hint="Request the certificate in us-east-1")]
    return []


def _uses_snapstart(properties: Mapping[str, Any]) -> bool:
    snapstart = properties.get("SnapStart")
    return isinstance(snapstart, dict) and snapstart.get("ApplyOn", "None") != "None"


def warn_api_resources(count: int) -> list[Problem]:
    """A warning if the API has more resources than an account's default quota."""
    if count <= _API_RESOURCES:
        return []
    problem = f"the API has {count} resources, and an account allows {_API_RESOURCES} unless the quota is raised"
    hint = (
        f"Raise '{_API_RESOURCES_QUOTA}' of Amazon API Gateway in the Service Quotas console before you deploy, or share one function "
        "among the routes of a folder: 'isolate: <name>' in its function.yaml"
    )
    return [Problem(problem, hint=hint)]


def warn_foreign_roles(functions: Sequence[FunctionPlan]) -> list[Problem]:
    """Warnings for functions that need permissions and have a role of function.yaml, whose policies edgeroutes does not set."""
    state = "dynamodb:GetItem, PutItem, UpdateItem and DeleteItem on the table EdgeroutesState: docs/guards.md"
    warnings = []
    for function in functions:
        if "Role" not in function.properties:
            continue
        where = _place_of(function, "Role")
        if REVALIDATION in function.features:
            problem = "it revalidates, and its role is one that function.yaml names"
            hint = "Allow that role cloudfront:CreateInvalidation and ssm:GetParameter: docs/revalidation.md"
            warnings.append(Problem(problem, where=where, hint=hint))
        if function.needs_state:
            problem = "it uses the state table, and its role is one that function.yaml names"
            warnings.append(Problem(problem, where=where, hint=f"Allow that role {state}"))
    return warnings


def _place_of(function: FunctionPlan, key: str) -> str:
    return function.places.get(key) or (function.routes[0].source_file if function.routes else function.logical_id)
