"""Lambda functions with all their settings, versions, aliases and URLs, and their IAM roles with managed policies.

Source: docs.aws.amazon.com/AWSCloudFormation, AWS::Lambda::* (Ref and Fn::GetAtt of each; read 2026-11-21).
"""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, ManagedPolicy, Role, iam_backends

from edgeroutes.local_aws.models import CompletedType, Made, OwnType, Properties

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaBackend
    from moto.iam.models import IAMBackend

    from edgeroutes.local_aws import AccountRegion


def _iam(place: AccountRegion) -> IAMBackend:
    return iam_backends[place.account_id][place.partition]


def _complete_role(place: AccountRegion, role: Role, properties: Properties) -> None:
    role.assume_role_policy_document = _text(properties["AssumeRolePolicyDocument"])
    wanted = {policy["PolicyName"]: policy["PolicyDocument"] for policy in properties.get("Policies", [])}
    for name in set(role.policies) - set(wanted):
        role.delete_policy(name)
    for name, document in wanted.items():
        role.put_policy(name, _text(document))
    backend, arns = _iam(place), properties.get("ManagedPolicyArns", [])
    for arn in set(role.managed_policies) - set(arns):
        backend.detach_role_policy(arn, role.name)
    if "PermissionsBoundary" in properties:
        _require_policy(place, properties["PermissionsBoundary"])
    for arn in arns:
        if arn not in role.managed_policies:
            _require_policy(place, arn)
            backend.attach_role_policy(arn, role.name)


def _require_policy(place: AccountRegion, arn: str) -> None:
    """Load one of AWS's policies: moto has them only if it loads all, which takes a second."""
    backend, name = _iam(place), arn.rsplit("/", 1)[-1]
    if arn not in backend.managed_policies and arn.split(":")[4] == "aws" and name in _aws_policies():
        policy = AWSManagedPolicy.from_data(name, place.account_id, place.region_name, _aws_policies()[name])
        backend.managed_policies[arn] = policy


@cache
def _aws_policies() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return found


def aws_policy_arns() -> dict[str, str]:
    """AWS's policies, name → ARN, for SAM's transform."""
    return {name: f"arn:aws:iam::aws:policy{policy['Path']}{name}" for name, policy in _aws_policies().items()}


def _complete_policy(place: AccountRegion, policy: ManagedPolicy, properties: Properties) -> None:
    document = _text(properties["PolicyDocument"])
    current = next(version for version in policy.versions if version.is_default)
    if current.document == document:
        return
    policy.versions = [current]
    _iam(place).create_policy_version(policy.arn, document, set_as_default=True)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _put_role_policy(place: AccountRegion, name: str, properties: Properties, before: Made | None) -> Made:
    role = properties["RoleName"]
    _iam(place).put_role_policy(role, properties["PolicyName"], _text(properties["PolicyDocument"]))
    return before or Made(name)


def _remove_role_policy(place: AccountRegion, made: Made) -> None:
    _iam(place).delete_role_policy(made.properties["RoleName"], made.properties["PolicyName"])


_ROLE_TYPES = (
    CompletedType(Role, _complete_role),
    CompletedType(ManagedPolicy, _complete_policy),
    OwnType("AWS::IAM::RolePolicy", _put_role_policy, _remove_role_policy),
)


def _lambda(place: AccountRegion) -> LambdaBackend:
    return lambda_backends[place.account_id][place.region_name]


def _complete_function(place: AccountRegion, function: LambdaFunction, properties: Properties) -> None:
    function.description = properties.get("Description", "")
    function.memory_size = properties.get("MemorySize", 128)
    function.timeout = properties.get("Timeout", 3)
    function.architectures = properties.get("Architectures", ["x86_64"])
    function.tracing_config = properties.get("TracingConfig") or {"Mode": "PassThrough"}
    function.environment_vars = _texts(properties.get("Environment", {}).get("Variables", {}))
    function.ephemeral_storage = properties.get("EphemeralStorage", {}).get("Size", 512)
    function.reserved_concurrency = properties.get("ReservedConcurrentExecutions")
    function.tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    function.layers = [_layer(place, arn) for arn in properties.get("Layers", [])]


def _texts(variables: dict[str, Any]) -> dict[str, str]:
    """As Lambda has them: CloudFormation writes `true` for True."""
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in variables.items()}


def _layer(place: AccountRegion, arn: str) -> Any:
    """A layer's version; only the name where it is another account's."""
    known = _lambda(place).layers_versions_by_arn(arn)
    return {"Arn": arn, "CodeSize": known.code_size if known else 0}


def _put_version(place: AccountRegion, _: str, properties: Properties, before: Made | None) -> Made:
    if before is not None:
        return before
    function = _lambda(place).publish_version(properties["FunctionName"], properties.get("Description", ""))
    arn = str(function.function_arn) if function else ""
    version = str(function.version) if function else ""
    return Made(arn, {"Version": version, "FunctionArn": arn})


def _put_alias(place: AccountRegion, _: str, properties: Properties, before: Made | None) -> Made:
    backend, put = _lambda(place), _lambda(place).create_alias
    if before is not None:
        put = backend.update_alias
    alias = put(
        properties["Name"],
        properties["FunctionName"],
        properties["FunctionVersion"],
        properties.get("Description", ""),
        properties.get("RoutingConfig", ""),
    )
    return Made(alias.arn, {"AliasArn": alias.arn})


def _remove_alias(place: AccountRegion, made: Made) -> None:
    _lambda(place).delete_alias(made.properties["Name"], made.properties["FunctionName"])


def _put_url(place: AccountRegion, _: str, properties: Properties, before: Made | None) -> Made:
    backend, name = _lambda(place), properties["TargetFunctionArn"]
    config: dict[str, Any] = {key: properties[key] for key in ("AuthType", "Cors", "InvokeMode") if key in properties}
    put = backend.create_function_url_config if before is None else backend.update_function_url_config
    made = put(name, config)
    return Made(made.function.function_arn, {"FunctionUrl": made.url, "FunctionArn": made.function.function_arn})


def _remove_url(place: AccountRegion, made: Made) -> None:
    _lambda(place).delete_function_url_config(made.properties["TargetFunctionArn"])


class _FunctionType(CompletedType):
    """Functions, whose code may be in the template."""

    def update_from_cloudformation_json(
        self, original_resource: Any, new_resource_name: str, cloudformation_json: Properties, *where: str, **more: str
    ) -> Any:
        """Moto zips code of the template when it creates a function, but not when it changes one."""
        properties = cloudformation_json["Properties"]
        code = properties["Code"]
        if "ZipFile" in code:
            zipped = LambdaFunction._create_zipfile_from_plaintext_code(code["ZipFile"])  # noqa: SLF001 - moto has no other
            properties = {**properties, "Code": {"ZipFile": base64.b64encode(zipped)}}
        changed = {**cloudformation_json, "Properties": properties}
        return super().update_from_cloudformation_json(original_resource, new_resource_name, changed, *where, **more)


TYPES = (
    *_ROLE_TYPES,
    _FunctionType(LambdaFunction, _complete_function, taken_over=("Environment", "Layers")),
    OwnType("AWS::Lambda::Version", _put_version, attributes=("Version", "FunctionArn")),
    OwnType("AWS::Lambda::Alias", _put_alias, _remove_alias, attributes=("AliasArn",)),
    OwnType("AWS::Lambda::Url", _put_url, _remove_url, attributes=("FunctionUrl", "FunctionArn")),
)
