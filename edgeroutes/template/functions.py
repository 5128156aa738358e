"""The functions' resources: their roles, their log group, the origin secret, and what they need to revalidate.

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

from edgeroutes.names import DISTRIBUTION_PARAMETER_VARIABLE, SECRET_HEADER, SECRET_VARIABLE, STATE_TABLE_VARIABLE
from edgeroutes.plan.cloudformation import is_intrinsic
from edgeroutes.plan.model import HANDLER, REVALIDATION

if TYPE_CHECKING:
    from collections.abc import Collection

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
        resources[function.logical_id] = _function(function, plan, roles[function.logical_id])
    resources[plan.fallback.logical_id] = _fallback(plan, roles[plan.fallback.logical_id])
    shared, owned = _role_resources(plan, roles)
    return {LOG_GROUP: _log_group(), **shared, **dict(sorted({**resources, **owned}.items()))}


def _function(function: FunctionPlan, plan: ProjectPlan, role: str | None) -> dict[str, Any]:
    config = plan.config
    variables = {
        **(origin_secret_environment() if config.cdn.enabled else {}),
        **(revalidation_environment() if revalidates(function, config) else {}),
        **({STATE_TABLE_VARIABLE: {"Ref": STATE_TABLE}} if uses_state_table(function, plan) else {}),
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
    if role == _role_of(function) and _sam_makes_role(function):  # SAM creates it for a function without a Role
        role_keys: dict[str, Any] = {"AssumeRolePolicyDocument": _assume_function_role()}
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


LOG_GROUP = "FunctionsLogGroup"
_ROLE = "FunctionsRole"
_REVALIDATING_ROLE = "RevalidatingFunctionsRole"
_STATE_ROLE = "StateFunctionsRole"
_REVALIDATING_STATE_ROLE = "RevalidatingStateFunctionsRole"
# Whether a function revalidates, and whether it uses the state table → the role of functions without needs of their own.
_SHARED_ROLES = {
    (False, False): _ROLE,
    (True, False): _REVALIDATING_ROLE,
    (False, True): _STATE_ROLE,
    (True, True): _REVALIDATING_STATE_ROLE,
}
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

    Functions share the plain role, the one for revalidation or state, or the role of the first function with the same needs.
    """
    owners: dict[str, str] = {}
    roles: dict[str, str | None] = {}
    for function in (*plan.functions, plan.fallback):
        wanted = _wanted(function)
        extends = revalidates(function, plan.config), uses_state_table(function, plan)
        if "Role" in function.properties:
            roles[function.logical_id] = None
        elif not wanted:
            roles[function.logical_id] = _SHARED_ROLES[extends]
        else:
            key = json.dumps([wanted, extends], sort_keys=True)
            roles[function.logical_id] = owners.setdefault(key, _role_of(function))
    return roles


def _role_resources(plan: ProjectPlan, roles: Mapping[str, str | None]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Logical id → role: those without `Policies`, and those named after a function."""
    used = sorted({*_SHARED_ROLES.values()} & {*roles.values()} - {_ROLE, None})
    shared = {name: _role(_statements({}), []) for name in (_ROLE, *used)}
    owned = {
        _role_of(function): _function_role(function)
        for function in (*plan.functions, plan.fallback)
        if roles[function.logical_id] == _role_of(function) and not _sam_makes_role(function)
    }
    return shared, owned


def _role_of(function: FunctionPlan) -> str:
    """The id of a function's own role; SAM gives its own the same."""
    return f"{function.logical_id}Role"


def _sam_makes_role(function: FunctionPlan) -> bool:
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


def _assume_function_role() -> dict[str, Any]:
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
        {"PolicyName": f"{_role_of(function)}Policy{index}", "PolicyDocument": document}
        for index, document in documents
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
            "AssumeRolePolicyDocument": _assume_function_role(),
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


_PARAMETER = "DistributionParameter"
_POLICY = "RevalidationPolicy"
_NAME = "/${AWS::StackName}/edgeroutes/distribution"


def revalidates(function: FunctionPlan, config: Config) -> bool:
    """Whether the function creates invalidations."""
    return config.cdn.enabled and REVALIDATION in function.features


def revalidation_environment() -> dict[str, Any]:
    return {DISTRIBUTION_PARAMETER_VARIABLE: {"Fn::Sub": _NAME}}


def revalidation_resources(distribution: str, roles: Collection[str | None]) -> dict[str, Any]:
    """Logical id → resource; none when no function revalidates.

    The distribution's id reaches the functions by the *name* of an SSM parameter. A function that referred to the distribution would be
    part of a cycle, because the distribution needs the API, which needs the function. The policy is its own resource for the same reason.

    Args:
        distribution: The distribution's logical id.
        roles: Of the functions that revalidate; None for a role of function.yaml, which edgeroutes does not extend.
    """
    named = sorted(role for role in roles if role is not None)
    arns = "arn:${AWS::Partition}:"
    statements = [
        {
            "Effect": "Allow",
            "Action": "cloudfront:CreateInvalidation",
            "Resource": {"Fn::Sub": f"{arns}cloudfront::${{AWS::AccountId}}:distribution/${{{distribution}}}"},
        },
        {
            "Effect": "Allow",
            "Action": "ssm:GetParameter",
            "Resource": {"Fn::Sub": f"{arns}ssm:${{AWS::Region}}:${{AWS::AccountId}}:parameter{_NAME}"},
        },
    ]
    policy = {
        "PolicyName": "edgeroutes-revalidation",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
        "Roles": [{"Ref": name} for name in named],
    }
    parameter = {
        "Type": "String",
        "Name": {"Fn::Sub": _NAME},
        "Description": "The distribution that functions invalidate",
        "Value": {"Ref": distribution},
    }
    made = {
        _PARAMETER: ("AWS::SSM::Parameter", parameter if roles else None),
        _POLICY: ("AWS::IAM::Policy", policy if named else None),
    }
    return {name: {"Type": kind, "Properties": value} for name, (kind, value) in made.items() if value}


STATE_TABLE = "EdgeroutesState"
_STATE_POLICY = "EdgeroutesStatePolicy"
STATE_ACTIONS = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")


def uses_state_table(function: FunctionPlan, plan: ProjectPlan) -> bool:
    """Whether the function uses the table that edgeroutes creates: it needs state, and the project names no other table."""
    own = {*plan.config.env, *(function.properties.get("Environment") or {}).get("Variables", {})}
    return STATE_TABLE_VARIABLE not in own and function.needs_state


def state_resources(plan: ProjectPlan, roles: Mapping[str, str | None]) -> dict[str, Any]:
    """Logical id → resource, of the table with rate limits, idempotency keys and sessions; none when no function needs it.

    Args:
        plan: The project.
        roles: Function id → role id; None for a role of function.yaml, which edgeroutes does not extend.
    """
    using = [function.logical_id for function in plan.functions if uses_state_table(function, plan)]
    if not using:
        return {}
    table = {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
    }
    resources = {STATE_TABLE: {"Type": "AWS::DynamoDB::Table", "Properties": table}}
    named = sorted({role for name in using if (role := roles[name]) is not None})
    if named:
        statement = {
            "Effect": "Allow",
            "Action": list(STATE_ACTIONS),
            "Resource": {"Fn::GetAtt": [STATE_TABLE, "Arn"]},
        }
        policy = {
            "PolicyName": "edgeroutes-state",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "Roles": [{"Ref": name} for name in named],
        }
        resources[_STATE_POLICY] = {"Type": "AWS::IAM::Policy", "Properties": policy}
    return resources


_SECRET = "OriginSecret"  # noqa: S105  # a resource's name
_VALUES = "OriginSecretValues"
_VERSION_PARAMETER = "OriginSecretVersion"
LENGTH = 48


def origin_secret_parameters() -> dict[str, Any]:
    """The parameter that puts a new secret into place: it is part of the references, so a new value resolves them again."""
    about = (
        "The VersionId of the origin secret; empty uses the one that was current when CloudFormation last resolved it"
    )
    return {_VERSION_PARAMETER: {"Type": "String", "Default": "", "Description": about}}


def origin_secret_resources() -> dict[str, Any]:
    """Logical id → resource, of the secret with which a function recognizes requests of the distribution.

    Secrets Manager generates it, CloudFront sends it, and the functions have it in their environment. The current and the previous one are
    valid, so that no request fails while a deploy replaces it.

    The functions read it from one SSM parameter: a template may have 60 dynamic references, and a stack 400 functions. The parameter is as
    plain as the functions' environment and the distribution's settings.
    Source: docs.aws.amazon.com/AWSCloudFormation "dynamic-references", "dynamic-references-secretsmanager" (read 2026-11-21).
    """
    generated = {
        # Functions ignore a value of fewer than 32 characters.
        "SecretStringTemplate": json.dumps({"previous": "none"}),
        "GenerateStringKey": "current",
        "PasswordLength": LENGTH,
        "ExcludePunctuation": True,
    }
    about = {"Fn::Sub": "Shows the functions of ${AWS::StackName} that a request comes from CloudFront"}
    both = f"{_reference('current')} {_reference('previous')}"
    return {
        _SECRET: {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"Description": about, "GenerateSecretString": generated},
        },
        _VALUES: {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Description": about, "Value": {"Fn::Sub": both}},
        },
    }


def origin_headers() -> list[dict[str, Any]]:
    """Headers that CloudFront adds to requests to the API, over any that a viewer has sent."""
    return [{"HeaderName": SECRET_HEADER, "HeaderValue": {"Fn::Sub": _reference("current")}}]


def origin_secret_environment() -> dict[str, Any]:
    """Every function's variable: the valid secrets, separated by a space."""
    return {SECRET_VARIABLE: {"Fn::GetAtt": [_VALUES, "Value"]}}


def _reference(key: str) -> str:
    return f"{{{{resolve:secretsmanager:${{{_SECRET}}}:SecretString:{key}::${{{_VERSION_PARAMETER}}}}}}}"
