"""The functions' resources, their roles and their log group."""

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

_FALLBACK_TIMEOUT_S = 10
# `sam build` runs `make build-<LogicalId>` in the project's Makefile, which fills ARTIFACTS_DIR.
_METADATA = {"BuildMethod": "makefile", "ContextPath": "."}
# Features whose output names the service; without the variable it is `service_undefined`.
_POWERTOOLS = frozenset({"logger", "metrics", "tracer"})


def function_resources(plan: ProjectPlan) -> dict[str, Any]:
    """Logical id → resource, of all functions and what they share."""
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
    standard = {**_defaults(config, f"{function.routes[0].directory}/"), "Timeout": config.timeout_s}
    return _resource(function, standard, variables, role)


def _resource(
    function: FunctionPlan, standard: Mapping[str, Any], variables: Mapping[str, Any], role: str | None
) -> dict[str, Any]:
    """The function's resource: the defaults, then its own properties; not those that SAM takes from `Globals`."""
    own = {key: value for key, value in function.properties.items() if key not in {*function.inherited, "Environment"}}
    if role == role_of(function) and sam_makes_role(function):  # SAM creates it for a function without a Role
        role_keys: dict[str, Any] = {"AssumeRolePolicyDocument": assume_function_role()}
    else:
        role_keys = {} if role is None else {"Role": {"Fn::GetAtt": [role, "Arn"]}}
        own = {key: value for key, value in own.items() if key not in ROLE_ONLY_KEYS}
    properties = {
        **{key: value for key, value in standard.items() if key not in function.inherited},
        **_environment(variables),
        **{key: value for key, value in role_keys.items() if key not in function.properties},
        **own,
        **_logging(function),
    }
    return {"Type": "AWS::Serverless::Function", "Metadata": dict(_METADATA), "Properties": properties}


def _logging(function: FunctionPlan) -> dict[str, Any]:
    """The shared log group, unless the function's files or `Globals` name another."""
    logging = function.properties.get("LoggingConfig")
    if logging is None:
        return {}
    if not isinstance(logging, Mapping) or is_intrinsic(logging):
        return {"LoggingConfig": logging}
    own = {} if "LoggingConfig" in function.inherited else logging  # SAM adds those of Globals
    shared = {} if "LogGroup" in logging else {"LogGroup": {"Ref": LOG_GROUP}}
    return {"LoggingConfig": {**shared, **own}} if {**shared, **own} else {}


def _environment(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {"Environment": {"Variables": dict(sorted(variables.items()))}} if variables else {}


def _fallback(plan: ProjectPlan, role: str | None) -> dict[str, Any]:
    # It has no code of the user; SAM requires a folder.
    standard = {**_defaults(plan.config, f"{plan.config.app_dir.strip('/')}/"), "Timeout": _FALLBACK_TIMEOUT_S}
    variables = origin_secret_environment() if plan.config.cdn.enabled else {}
    return _resource(plan.fallback, standard, variables, role)


def _defaults(config: Config, directory: str) -> dict[str, Any]:
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
