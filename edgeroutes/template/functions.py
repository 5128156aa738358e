"""The functions' resources, their roles and their log group. Build wing, floor 2; knows no YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgeroutes.plan.cloudformation import is_intrinsic
from edgeroutes.plan.model import HANDLER
from edgeroutes.template.origin_secret import origin_secret_environment
from edgeroutes.template.revalidation import revalidates, revalidation_environment
from edgeroutes.template.roles import (
    LOG_GROUP,
    ROLE_ONLY_KEYS,
    assume_function_role,
    function_roles,
    role_of,
    role_resources,
    sam_makes_role,
)

if TYPE_CHECKING:
    from edgeroutes.config import Config
    from edgeroutes.plan.model import FunctionPlan, ProjectPlan

FALLBACK_TIMEOUT_S = 10
# `sam build` calls `make build-<LogicalId>` in the project's Makefile, with ARTIFACTS_DIR to fill.
_METADATA = {"BuildMethod": "makefile", "ContextPath": "."}
# Features whose lines and metrics name the service; without the variable Powertools calls it `service_undefined`.
_POWERTOOLS = frozenset({"logger", "metrics", "tracer"})


def function_resources(plan: ProjectPlan) -> dict[str, Any]:
    """Logical id → resource, of all functions with what they share."""
    roles = function_roles(plan)
    resources: dict[str, Any] = {}
    for function in plan.functions:
        resources[function.logical_id] = _function(function, plan.config, roles[function.logical_id])
    resources[plan.fallback.logical_id] = _fallback(plan, roles[plan.fallback.logical_id])
    shared, owned = role_resources(plan, roles)
    return {LOG_GROUP: _log_group(), **shared, **dict(sorted({**resources, **owned}.items()))}


def _function(function: FunctionPlan, config: Config, role: str | None) -> dict[str, Any]:
    variables = {
        **(origin_secret_environment() if config.cdn.enabled else {}),
        **(revalidation_environment() if revalidates(function, config) else {}),
        **({"POWERTOOLS_SERVICE_NAME": config.name} if _POWERTOOLS & function.features else {}),
        **config.env,
        **function.properties.get("Environment", {}).get("Variables", {}),
    }
    standard = {**_always(config, f"{function.routes[0].directory}/"), "Timeout": config.timeout_s}
    return _resource(function, standard, variables, role)


def _resource(
    function: FunctionPlan, standard: Mapping[str, Any], variables: Mapping[str, Any], role: str | None
) -> dict[str, Any]:
    """The function's resource: what all have, over it what its files set; not what SAM takes from `Globals`."""
    own = {key: value for key, value in function.properties.items() if key not in {*function.inherited, "Environment"}}
    named: dict[str, Any] = {}
    if role == role_of(function) and sam_makes_role(function):  # SAM makes it for a function that names none
        named = {"AssumeRolePolicyDocument": assume_function_role()}
    else:
        named = {} if role is None else {"Role": {"Fn::GetAtt": [role, "Arn"]}}
        own = {key: value for key, value in own.items() if key not in ROLE_ONLY_KEYS}
    made = {
        **{key: value for key, value in standard.items() if key not in function.inherited},
        **_environment(variables),
        **{key: value for key, value in named.items() if key not in function.properties},
        **own,
        **_logging(function),
    }
    return {"Type": "AWS::Serverless::Function", "Metadata": dict(_METADATA), "Properties": made}


def _logging(function: FunctionPlan) -> dict[str, Any]:
    """Where the function logs: the shared group, unless its files or `Globals` name another."""
    logging = function.properties.get("LoggingConfig")
    if logging is None:
        return {}
    if not isinstance(logging, Mapping) or is_intrinsic(logging):
        return {"LoggingConfig": logging}
    own = {} if "LoggingConfig" in function.inherited else logging  # SAM adds what Globals have
    shared = {} if "LogGroup" in logging else {"LogGroup": {"Ref": LOG_GROUP}}
    return {"LoggingConfig": {**shared, **own}} if {**shared, **own} else {}


def _environment(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {"Environment": {"Variables": dict(sorted(variables.items()))}} if variables else {}


def _fallback(plan: ProjectPlan, role: str | None) -> dict[str, Any]:
    # No code of the user's is in it; SAM wants a folder to look at.
    standard = {**_always(plan.config, f"{plan.config.app_dir.strip('/')}/"), "Timeout": FALLBACK_TIMEOUT_S}
    variables = origin_secret_environment() if plan.config.cdn.enabled else {}
    return _resource(plan.fallback, standard, variables, role)


def _always(config: Config, directory: str) -> dict[str, Any]:
    return {
        "CodeUri": directory,
        "Handler": HANDLER,
        "Runtime": config.runtime,
        "Architectures": [config.architecture],
        "MemorySize": config.memory_mib,
        "LoggingConfig": {"LogGroup": {"Ref": LOG_GROUP}},
        "Tracing": {"Ref": "Tracing"},
    }


def _log_group() -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {
            "LogGroupName": {"Fn::Sub": "/aws/lambda/${AWS::StackName}"},
            "RetentionInDays": {"Ref": "LogRetentionDays"},
        },
    }
