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
    ROLE,
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
    resources[plan.fallback.logical_id] = _fallback(plan)
    shared, owned = role_resources(plan, roles)
    return {LOG_GROUP: _log_group(), **shared, **dict(sorted({**resources, **owned}.items()))}


def _function(function: FunctionPlan, config: Config, role: str | None) -> dict[str, Any]:
    properties = dict(function.properties)
    if role == role_of(function) and sam_makes_role(function):  # SAM makes it for a function that names none
        named = {"AssumeRolePolicyDocument": assume_function_role()}
    else:
        named = {} if role is None else {"Role": {"Fn::GetAtt": [role, "Arn"]}}
        properties = {key: value for key, value in properties.items() if key not in ROLE_ONLY_KEYS}
    always = _always(config, f"{function.routes[0].directory}/")
    logging = properties.get("LoggingConfig")
    if isinstance(logging, Mapping) and not is_intrinsic(logging):
        properties["LoggingConfig"] = {**always["LoggingConfig"], **logging}
    variables = {
        **(origin_secret_environment() if config.cdn.enabled else {}),
        **(revalidation_environment() if revalidates(function, config) else {}),
        **({"POWERTOOLS_SERVICE_NAME": config.name} if _POWERTOOLS & function.features else {}),
        **config.env,
        **properties.pop("Environment", {}).get("Variables", {}),
    }
    made = {
        **always,
        "Timeout": config.timeout_s,
        **_environment(variables),
        **named,
        **properties,
    }
    return {"Type": "AWS::Serverless::Function", "Metadata": dict(_METADATA), "Properties": made}


def _environment(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {"Environment": {"Variables": dict(sorted(variables.items()))}} if variables else {}


def _fallback(plan: ProjectPlan) -> dict[str, Any]:
    made = {
        # No code of the user's is in it; SAM wants a folder to look at.
        **_always(plan.config, f"{plan.config.app_dir.strip('/')}/"),
        "Timeout": FALLBACK_TIMEOUT_S,
        **_environment(origin_secret_environment() if plan.config.cdn.enabled else {}),
        "Role": {"Fn::GetAtt": [ROLE, "Arn"]},
    }
    return {"Type": "AWS::Serverless::Function", "Metadata": dict(_METADATA), "Properties": made}


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
