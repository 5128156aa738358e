"""The functions' resources, their roles and their log group. Build wing, floor 2; knows no YAML."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from edgeroutes.plan.model import HANDLER
from edgeroutes.template.origin_secret import origin_secret_environment
from edgeroutes.template.revalidation import revalidates, revalidation_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeroutes.config import Config
    from edgeroutes.plan.model import FunctionPlan, ProjectPlan

LOG_GROUP = "FunctionsLogGroup"
ROLE = "FunctionsRole"
REVALIDATING_ROLE = "RevalidatingFunctionsRole"
FALLBACK_TIMEOUT_S = 10
# `sam build` calls `make build-<LogicalId>` in the project's Makefile, with ARTIFACTS_DIR to fill.
_METADATA = {"BuildMethod": "makefile", "ContextPath": "."}
# What makes SAM give a function a role that is more than the plain one.
# Source: aws-sam-translator 1.115.0, samtranslator/model/sam_resources.py, SamFunction._construct_role.
_ROLE_KEYS = (
    "AssumeRolePolicyDocument",
    "CapacityProviderConfig",
    "DeadLetterQueue",
    "DurableConfig",
    "EventInvokeConfig",
    "Events",
    "FileSystemConfigs",
    "PermissionsBoundary",
    "Policies",
    "RolePath",
    "VpcConfig",
)
# Features whose lines and metrics name the service; without the variable Powertools calls it `service_undefined`.
_POWERTOOLS = frozenset({"logger", "metrics", "tracer"})
# Of those, what SAM ignores beside a Role, or refuses.
_ROLE_ONLY_KEYS = ("AssumeRolePolicyDocument", "PermissionsBoundary", "Policies", "RolePath")


def function_resources(plan: ProjectPlan) -> dict[str, Any]:
    """Logical id → resource, of all functions with what they share."""
    roles = function_roles(plan)
    resources: dict[str, Any] = {}
    for function in plan.functions:
        resources[function.logical_id] = _function(function, plan.config, roles[function.logical_id])
    resources[plan.fallback.logical_id] = _fallback(plan)
    shared = {name: _plain_role() for name in (ROLE, *sorted({REVALIDATING_ROLE} & {*roles.values()}))}
    return {LOG_GROUP: _log_group(), **shared, **dict(sorted(resources.items()))}


def function_roles(plan: ProjectPlan) -> dict[str, str | None]:
    """The id of a function → that of its role; None where function.yaml names one.

    Functions share the plain role, or that of those that revalidate, or, where they want more, the one that SAM makes for the
    first that wants the same.
    """
    owners: dict[str, str] = {}
    roles: dict[str, str | None] = {}
    for function in plan.functions:
        wanted = {key: function.properties[key] for key in _ROLE_KEYS if key in function.properties}
        may_revalidate = revalidates(function, plan.config)
        if "Role" in function.properties:
            roles[function.logical_id] = None
        elif not wanted:
            roles[function.logical_id] = REVALIDATING_ROLE if may_revalidate else ROLE
        else:
            key = json.dumps([wanted, may_revalidate], sort_keys=True)
            roles[function.logical_id] = owners.setdefault(key, f"{function.logical_id}Role")
    return roles


def _function(function: FunctionPlan, config: Config, role: str | None) -> dict[str, Any]:
    properties = dict(function.properties)
    # SAM makes the role of a function that has none, under this name.
    shared = {} if role in (None, f"{function.logical_id}Role") else {"Role": {"Fn::GetAtt": [role, "Arn"]}}
    if shared or "Role" in properties:
        properties = {key: value for key, value in properties.items() if key not in _ROLE_ONLY_KEYS}
    variables = {
        **(origin_secret_environment() if config.cdn.enabled else {}),
        **(revalidation_environment() if revalidates(function, config) else {}),
        **({"POWERTOOLS_SERVICE_NAME": config.name} if _POWERTOOLS & function.features else {}),
        **config.env,
        **properties.pop("Environment", {}).get("Variables", {}),
    }
    made = {
        **_always(config, f"{function.routes[0].directory}/"),
        "Timeout": config.timeout_s,
        **_environment(variables),
        **shared,
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


def _plain_role() -> dict[str, Any]:
    logs = "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    traces = "arn:${AWS::Partition}:iam::aws:policy/AWSXRayDaemonWriteAccess"
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": assume_role("lambda.amazonaws.com"),
            "ManagedPolicyArns": [
                {"Fn::Sub": logs},
                {"Fn::If": ["TracingActive", {"Fn::Sub": traces}, {"Ref": "AWS::NoValue"}]},
            ],
        },
    }


def _log_group() -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {
            "LogGroupName": {"Fn::Sub": "/aws/lambda/${AWS::StackName}"},
            "RetentionInDays": {"Ref": "LogRetentionDays"},
        },
    }


def assume_role(service: str) -> dict[str, Any]:
    """The policy document by which this service, and no other, may take a role."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}
