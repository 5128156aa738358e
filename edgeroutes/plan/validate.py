"""Checks for settings that AWS would reject or treat differently than the project expects. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, Problem, ProjectError, RouteFileError
from edgeroutes.plan.cloudformation import is_intrinsic
from edgeroutes.plan.model import REVALIDATION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgeroutes.config import Config
    from edgeroutes.plan.function_yaml import FunctionSettings
    from edgeroutes.plan.model import FunctionPlan
    from edgeroutes.routing.scan import RouteFile

# Source: docs.aws.amazon.com/apigateway "api-gateway-execution-service-limits-table" (read 2026-11-21).
API_RESOURCES = 300
API_RESOURCES_QUOTA = "Resources per API"
TIMEOUT_QUOTA = "Maximum integration timeout in milliseconds"
# Source: docs.aws.amazon.com/lambda "gettingstarted-limits" and "snapstart" (read 2026-11-21).
STREAMING_TIMEOUT_S = 300
TIMEOUTS_S = range(1, 901)
NO_SNAPSTART = ("python3.11",)


def route_timeout(route: RouteFile, settings: FunctionSettings, config: Config) -> Any:
    """The timeout in seconds: from the route file, else function.yaml, else the default."""
    if route.config.max_duration is not None:
        return route.config.max_duration
    said = settings.properties.get("Timeout")
    if said is not None:
        return said
    return STREAMING_TIMEOUT_S if route.exports.streams else config.timeout_s


def check_timeout(route: RouteFile, settings: FunctionSettings, config: Config) -> list[ProjectError]:
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
    if type(seconds) is not int or seconds not in TIMEOUTS_S:
        problem = f"{name} is {seconds!r}. Allowed are whole seconds from 1 to {TIMEOUTS_S[-1]}"
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
        f"Export 'streaming = True' in {route.source_file}, or ask AWS to raise the quota '{TIMEOUT_QUOTA}' and set "
        f"integration_timeout_s = {seconds} in [tool.edgeroutes]"
    )
    return [error(problem, where=where, hint=hint)]


def check_functions(functions: Sequence[FunctionPlan], config: Config) -> list[ProjectError]:
    """Problems with functions that AWS would reject."""
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
        if uses_snapstart(function.properties) and config.runtime in NO_SNAPSTART:
            problem = f"SnapStart is set, which {config.runtime} does not have"
            hint = 'Set runtime = "python3.13" in [tool.edgeroutes], or take SnapStart out'
            problems.append(ConfigError(problem, where=_place_of(function, "SnapStart"), hint=hint))
    return problems


def check_cdn(config: Config) -> list[ProjectError]:
    """Problems with settings that CloudFront would reject."""
    cdn = config.cdn
    set_by = "certificate_arn" if cdn.certificate_arn else "domain_name"
    where = config.places.get(f"cdn.{set_by}", f"pyproject.toml, [tool.edgeroutes.cdn] {set_by}")
    if cdn.domain_names and not cdn.certificate_arn:
        problem = f"domain_name is {cdn.domain_name!r} and certificate_arn is not set. CloudFront needs both"
        return [ConfigError(problem, where=where, hint="Set certificate_arn to a certificate of ACM in us-east-1")]
    if cdn.certificate_arn and ":us-east-1:" not in cdn.certificate_arn:
        problem = f"certificate_arn is {cdn.certificate_arn!r}. CloudFront accepts only certificates of us-east-1"
        return [ConfigError(problem, where=where, hint="Request the certificate in us-east-1")]
    return []


def uses_snapstart(properties: Mapping[str, Any]) -> bool:
    """Whether versions of the function start from a snapshot."""
    snapstart = properties.get("SnapStart")
    return isinstance(snapstart, dict) and snapstart.get("ApplyOn", "None") != "None"


def warn_api_resources(count: int) -> list[Problem]:
    """A warning if the API has more resources than an account's default quota."""
    if count <= API_RESOURCES:
        return []
    problem = f"the API has {count} resources, and an account allows {API_RESOURCES} unless the quota is raised"
    hint = (
        f"Raise '{API_RESOURCES_QUOTA}' of Amazon API Gateway in the Service Quotas console before you deploy, or share one function "
        "among the routes of a folder: 'isolate: <name>' in its function.yaml"
    )
    return [Problem(problem, hint=hint)]


def warn_foreign_roles(functions: Sequence[FunctionPlan]) -> list[Problem]:
    """Warnings for functions that revalidate with a role of function.yaml, whose policies edgeroutes does not set."""
    problem = "it revalidates, and its role is one that function.yaml names"
    hint = "Allow that role cloudfront:CreateInvalidation and ssm:GetParameter: docs/revalidation.md"
    return [
        Problem(problem, where=_place_of(each, "Role"), hint=hint)
        for each in functions
        if REVALIDATION in each.features and "Role" in each.properties
    ]


def _place_of(function: FunctionPlan, key: str) -> str:
    return function.places.get(key) or (function.routes[0].source_file if function.routes else function.logical_id)
