"""The functions' execution roles: who shares which, and what each may do. Build wing, floor 2; knows no YAML.

A role that edgeroutes makes may write to one log group, and what its functions' `Policies` allow. Only a function whose other
properties imply permissions (a VPC, a dead letter queue, events) has a role that SAM makes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgeroutes.plan.cloudformation import is_intrinsic
from edgeroutes.template.policies import UnknownPolicyError, inline_policy, managed_policy_arn
from edgeroutes.template.revalidation import revalidates

if TYPE_CHECKING:
    from edgeroutes.plan.model import FunctionPlan, ProjectPlan

LOG_GROUP = "FunctionsLogGroup"
ROLE = "FunctionsRole"
REVALIDATING_ROLE = "RevalidatingFunctionsRole"
# What SAM ignores beside a Role, or refuses.
ROLE_ONLY_KEYS = ("AssumeRolePolicyDocument", "PermissionsBoundary", "Policies", "RolePath")
# Properties for which SAM gives a function's role permissions that depend on the property's value.
# Source: aws-sam-translator 1.115.0, samtranslator/model/sam_resources.py, SamFunction._construct_role.
_IMPLY_PERMISSIONS = (
    "CapacityProviderConfig",
    "DeadLetterQueue",
    "DurableConfig",
    "EventInvokeConfig",
    "Events",
    "FileSystemConfigs",
    "VpcConfig",
)
_ROLE_KEYS = (*ROLE_ONLY_KEYS, *_IMPLY_PERMISSIONS)
# All properties of a function that decide which role it has.
ROLE_INPUT = (*_ROLE_KEYS, "LoggingConfig", "Role", "Tracing")


def function_roles(plan: ProjectPlan) -> dict[str, str | None]:
    """Function id → role id; None where function.yaml names a role.

    Functions share the plain role, the one of functions that revalidate, or the role of the first function that wants the same.
    """
    owners: dict[str, str] = {}
    roles: dict[str, str | None] = {}
    for function in (*plan.functions, plan.fallback):
        wanted = _wanted(function)
        may_revalidate = revalidates(function, plan.config)
        if "Role" in function.properties:
            roles[function.logical_id] = None
        elif not wanted:
            roles[function.logical_id] = REVALIDATING_ROLE if may_revalidate else ROLE
        else:
            key = json.dumps([wanted, may_revalidate], sort_keys=True)
            roles[function.logical_id] = owners.setdefault(key, role_of(function))
    return roles


def role_resources(plan: ProjectPlan, roles: Mapping[str, str | None]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Logical id → role: those without `Policies`, and those that are called after a function."""
    shared = {name: _role(_statements({}), []) for name in (ROLE, *sorted({REVALIDATING_ROLE} & {*roles.values()}))}
    owned = {
        role_of(function): _function_role(function)
        for function in (*plan.functions, plan.fallback)
        if roles[function.logical_id] == role_of(function) and not sam_makes_role(function)
    }
    return shared, owned


def role_of(function: FunctionPlan) -> str:
    """The id of a function's own role; SAM calls the role that it makes the same."""
    return f"{function.logical_id}Role"


def sam_makes_role(function: FunctionPlan) -> bool:
    """Whether the role has to be SAM's, because only SAM knows what it must allow."""
    if any(key in function.properties for key in _IMPLY_PERMISSIONS):
        return True
    try:
        _split_policies(function)
    except UnknownPolicyError:
        return True
    return False


def assume_role(service: str, *, condition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The policy document by which only this service may assume a role."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = dict(condition)
    return {"Version": "2012-10-17", "Statement": [statement]}


def assume_function_role() -> dict[str, Any]:
    """The policy document by which Lambda may assume a role for functions of this account.

    Source: github.com/aws/agent-toolkit-for-aws, lambda-trust-policy.json (read 2026-11-30). API Gateway does not send
    aws:SourceAccount when it assumes the role of an integration, so the condition would make each request a 500. Source:
    github.com/aws-solutions-library-samples/accelerated-intelligent-document-processing-on-aws/pull/479 (read 2026-11-30).
    """
    return assume_role(
        "lambda.amazonaws.com", condition={"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    )


def _wanted(function: FunctionPlan) -> dict[str, Any]:
    """What a function wants of its role beyond the plain one."""
    properties = function.properties
    wanted = {key: properties[key] for key in _ROLE_KEYS if key in properties}
    group = _log_group_name(properties)
    if group is not None:
        wanted["LogGroup"] = group
    if "Tracing" in properties:
        wanted["Tracing"] = properties["Tracing"]
    return wanted


def _log_group_name(properties: Mapping[str, Any]) -> Any:
    """The log group that function.yaml names; None for the one that all functions share."""
    logging = properties.get("LoggingConfig")
    return logging.get("LogGroup") if isinstance(logging, Mapping) and not is_intrinsic(logging) else None


def _function_role(function: FunctionPlan) -> dict[str, Any]:
    properties = function.properties
    documents, arns = _split_policies(function)
    role = _role(_statements(properties), arns, tracing=properties.get("Tracing"))
    made = role["Properties"]
    made["Policies"] += [
        {"PolicyName": f"{role_of(function)}Policy{index}", "PolicyDocument": document} for index, document in documents
    ]
    for key, target in (
        ("AssumeRolePolicyDocument", "AssumeRolePolicyDocument"),
        ("PermissionsBoundary", "PermissionsBoundary"),
        ("RolePath", "Path"),
    ):
        if key in properties:
            made[target] = properties[key]
    tags = properties.get("Tags")
    if isinstance(tags, Mapping) and not is_intrinsic(tags):
        made["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return role


def _split_policies(function: FunctionPlan) -> tuple[list[tuple[int, Any]], list[Any]]:
    """A function's `Policies` as documents, each with its index, and as ARNs of managed policies.

    Raises:
        UnknownPolicyError: Only SAM, or only the account, can say what one of them is.
    """
    policies = function.properties.get("Policies") or []
    documents: list[tuple[int, Any]] = []
    arns: list[Any] = []
    for index, policy in enumerate(policies if isinstance(policies, list) else [policies]):
        if isinstance(policy, str):
            arns.append(managed_policy_arn(policy))
        elif is_intrinsic(policy):
            if "Fn::If" in policy or "Fn::Transform" in policy:
                raise UnknownPolicyError
            arns.append(policy)
        else:
            documents.append((index, inline_policy(policy)))
    return documents, [arn for index, arn in enumerate(arns) if arn not in arns[:index]]


def _statements(properties: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Leave to write to the function's log group, and no other. AWS's own policy for it is `logs:*` on all of them."""
    group = _log_group_name(properties)
    arn: dict[str, Any] = {"Fn::GetAtt": [LOG_GROUP, "Arn"]}
    if group is not None:
        name = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${Name}:*"
        arn = {"Fn::Sub": [name, {"Name": group}]}
    return [
        {"Effect": "Allow", "Action": "logs:CreateLogStream", "Resource": arn},
        {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": arn},
    ]


def _role(statements: list[dict[str, Any]], arns: list[Any], *, tracing: Any = None) -> dict[str, Any]:
    traces = _tracing_policy(tracing)
    managed = [*([traces] if traces else []), *arns]
    logs = {"PolicyName": "logs", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": assume_function_role(),
            **({"ManagedPolicyArns": managed} if managed else {}),
            "Policies": [logs],
        },
    }


def _tracing_policy(tracing: Any) -> dict[str, Any] | None:
    """The policy to send traces by, where the function may do so at all."""
    if tracing == "Disabled":
        return None
    arn = {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AWSXRayDaemonWriteAccess"}
    if tracing is not None and tracing != {"Ref": "Tracing"}:
        return arn
    return {"Fn::If": ["TracingActive", arn, {"Ref": "AWS::NoValue"}]}
