"""The functions' resources, their roles and their log group. Build wing, floor 2; knows no YAML."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from edgeroutes.plan.model import HANDLER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeroutes.config import Config
    from edgeroutes.plan.model import FunctionPlan, ProjectPlan

LOG_GROUP = "FunctionsLogGroup"
ROLE = "FunctionsRole"
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
# Of those, what SAM ignores beside a Role, or refuses.
_ROLE_ONLY_KEYS = ("AssumeRolePolicyDocument", "PermissionsBoundary", "Policies", "RolePath")


def function_resources(plan: ProjectPlan) -> dict[str, Any]:
    """Logical id → resource, of all functions with what they share."""
    owners: dict[str, str] = {}
    resources: dict[str, Any] = {}
    for function in plan.functions:
        resources[function.logical_id] = _function(function, plan.config, _role(function, owners))
    resources[plan.fallback.logical_id] = _fallback(plan)
    return {LOG_GROUP: _log_group(), ROLE: _plain_role(), **dict(sorted(resources.items()))}


def _function(function: FunctionPlan, config: Config, role: Mapping[str, Any]) -> dict[str, Any]:
    properties = dict(function.properties)
    if "Role" in role or "Role" in properties:
        properties = {key: value for key, value in properties.items() if key not in _ROLE_ONLY_KEYS}
    variables = {**config.env, **properties.pop("Environment", {}).get("Variables", {})}
    environment = {"Environment": {"Variables": dict(sorted(variables.items()))}} if variables else {}
    made = {
        **_always(config, f"{function.routes[0].directory}/"),
        "Timeout": config.timeout_s,
        **environment,
        **role,
        **properties,
    }
    return {"Type": "AWS::Serverless::Function", "Metadata": dict(_METADATA), "Properties": made}


def _fallback(plan: ProjectPlan) -> dict[str, Any]:
    made = {
        # No code of the user's is in it; SAM wants a folder to look at.
        **_always(plan.config, f"{plan.config.app_dir.strip('/')}/"),
        "Timeout": FALLBACK_TIMEOUT_S,
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


def _role(function: FunctionPlan, owners: dict[str, str]) -> dict[str, Any]:
    """The function's Role property; none where SAM makes a role for it, which those that want the same one then use."""
    if "Role" in function.properties:
        return {}
    wanted = {key: function.properties[key] for key in _ROLE_KEYS if key in function.properties}
    if not wanted:
        return {"Role": {"Fn::GetAtt": [ROLE, "Arn"]}}
    key = json.dumps(wanted, sort_keys=True)
    if key not in owners:
        owners[key] = function.logical_id
        return {}
    return {"Role": {"Fn::GetAtt": [f"{owners[key]}Role", "Arn"]}}


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
