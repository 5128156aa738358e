"""The functions' execution roles: who shares which, and its permissions.

A generated role may write to one log group, and has the `Policies` of its functions. SAM creates the role of a function whose other
properties imply permissions (a VPC, a dead letter queue, events). Policy templates and managed policies come from SAM's own tables, read as
files: importing samtranslator takes longer than generating the template.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeroutes.plan.cloudformation import is_intrinsic
from edgeroutes.template.revalidation import revalidates

if TYPE_CHECKING:
    from edgeroutes.plan.model import FunctionPlan, ProjectPlan

LOG_GROUP = "FunctionsLogGroup"
ROLE = "FunctionsRole"
_REVALIDATING_ROLE = "RevalidatingFunctionsRole"
# Properties that SAM ignores or refuses beside a Role.
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
    """Function id → role id; None for a role of function.yaml.

    Functions share the plain role, the role for revalidation, or the role of the first function with the same needs.
    """
    owners: dict[str, str] = {}
    roles: dict[str, str | None] = {}
    for function in (*plan.functions, plan.fallback):
        wanted = _wanted(function)
        may_revalidate = revalidates(function, plan.config)
        if "Role" in function.properties:
            roles[function.logical_id] = None
        elif not wanted:
            roles[function.logical_id] = _REVALIDATING_ROLE if may_revalidate else ROLE
        else:
            key = json.dumps([wanted, may_revalidate], sort_keys=True)
            roles[function.logical_id] = owners.setdefault(key, role_of(function))
    return roles


def role_resources(plan: ProjectPlan, roles: Mapping[str, str | None]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Logical id → role: those without `Policies`, and those named after a function."""
    shared = {name: _role(_statements({}), []) for name in (ROLE, *sorted({_REVALIDATING_ROLE} & {*roles.values()}))}
    owned = {
        role_of(function): _function_role(function)
        for function in (*plan.functions, plan.fallback)
        if roles[function.logical_id] == role_of(function) and not sam_makes_role(function)
    }
    return shared, owned


def role_of(function: FunctionPlan) -> str:
    """The id of a function's own role; SAM gives its own the same."""
    return f"{function.logical_id}Role"


def sam_makes_role(function: FunctionPlan) -> bool:
    """Whether SAM has to create the role, because only SAM knows its permissions."""
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
    """A function's needs beyond the plain role."""
    properties = function.properties
    wanted = {key: properties[key] for key in _ROLE_KEYS if key in properties}
    group = _log_group_name(properties)
    if group is not None:
        wanted["LogGroup"] = group
    if "Tracing" in properties:
        wanted["Tracing"] = properties["Tracing"]
    return wanted


def _log_group_name(properties: Mapping[str, Any]) -> Any:
    """The log group of function.yaml; None for the shared one."""
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
        UnknownPolicyError: Only SAM or the account knows one of them.
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
    """Permission to write to the function's log group only. AWS's own policy is `logs:*` on all."""
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
    """The permission to send traces, where tracing is possible."""
    if tracing == "Disabled":
        return None
    arn = {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AWSXRayDaemonWriteAccess"}
    if tracing is not None and tracing != {"Ref": "Tracing"}:
        return arn
    return {"Fn::If": ["TracingActive", arn, {"Ref": "AWS::NoValue"}]}


class UnknownPolicyError(Exception):
    """A policy that SAM's tables do not have; SAM or CloudFormation may know it."""


def inline_policy(policy: Mapping[str, Any]) -> Any:
    """The IAM document of an entry of `Policies`.

    Raises:
        UnknownPolicyError: It is neither.
    """
    if "Statement" in policy:
        return policy
    name, values = next(iter(policy.items())) if len(policy) == 1 else ("", None)
    template = _policy_templates().get(name)
    values = {} if values is None else values
    if template is None or not isinstance(values, Mapping) or template["Parameters"].keys() - values.keys():
        raise UnknownPolicyError
    return _fill(template["Definition"], {name: values[name] for name in template["Parameters"]})


def managed_policy_arn(name: str) -> Any:
    """The ARN of one of AWS's managed policies; an ARN stays as it is.

    Raises:
        UnknownPolicyError: SAM's tables have no policy of this name.
    """
    if name.startswith("arn:"):
        return name
    arn = _managed_policies().get(name)
    if arn is None:
        raise UnknownPolicyError
    return {"Fn::Sub": arn.replace("arn:aws:", "arn:${AWS::Partition}:", 1)}


def _fill(value: Any, values: Mapping[str, Any]) -> Any:
    """A definition with values in place of its parameters."""
    if isinstance(value, list):
        return [_fill(item, values) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Ref"} and value["Ref"] in values:
        return values[value["Ref"]]
    return {key: _fill(item, values) for key, item in value.items()}


@cache
def _policy_templates() -> Mapping[str, Any]:
    document = _read("policy_templates_data/policy_templates.json")
    return {name: {"Parameters": {}, **template} for name, template in document.get("Templates", {}).items()}


@cache
def _managed_policies() -> Mapping[str, str]:
    policies: Mapping[str, str] = _read("internal/data/aws_managed_policies.json").get("aws", {})
    return policies


def _read(name: str) -> dict[str, Any]:
    """A table of aws-sam-translator; an empty one where it is not installed or has moved the table."""
    spec = find_spec("samtranslator")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder, name)
        if path.is_file():
            document: dict[str, Any] = json.loads(path.read_text("utf-8"))
            return document
    return {}
