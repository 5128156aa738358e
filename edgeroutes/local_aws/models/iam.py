"""IAM: roles with the managed policies attached to them, which moto's CloudFormation leaves out, and their changes. Floor 3."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, ManagedPolicy, Role, iam_backends

from edgeroutes.local_aws.models.model import CompletedType, Made, OwnType, Place, Properties

if TYPE_CHECKING:
    from moto.iam.models import IAMBackend


def _backend(place: Place) -> IAMBackend:
    return iam_backends[place.account_id][place.partition]


def _complete_role(place: Place, role: Role, properties: Properties) -> None:
    role.assume_role_policy_document = _text(properties["AssumeRolePolicyDocument"])
    wanted = {policy["PolicyName"]: policy["PolicyDocument"] for policy in properties.get("Policies", [])}
    for name in set(role.policies) - set(wanted):
        role.delete_policy(name)
    for name, document in wanted.items():
        role.put_policy(name, _text(document))
    backend, arns = _backend(place), properties.get("ManagedPolicyArns", [])
    for arn in set(role.managed_policies) - set(arns):
        backend.detach_role_policy(arn, role.name)
    if "PermissionsBoundary" in properties:
        _require_policy(place, properties["PermissionsBoundary"])
    for arn in arns:
        if arn not in role.managed_policies:
            _require_policy(place, arn)
            backend.attach_role_policy(arn, role.name)


def _require_policy(place: Place, arn: str) -> None:
    """AWS's own policies are in moto only if it is told to load all of them, which takes a second: load this one."""
    backend, name = _backend(place), arn.rsplit("/", 1)[-1]
    if arn not in backend.managed_policies and arn.split(":")[4] == "aws" and name in _aws_policies():
        policy = AWSManagedPolicy.from_data(name, place.account_id, place.region_name, _aws_policies()[name])
        backend.managed_policies[arn] = policy


@cache
def _aws_policies() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return found


def aws_policy_arns() -> dict[str, str]:
    """The policies that AWS keeps, name → ARN, as SAM's transform wants them."""
    return {name: f"arn:aws:iam::aws:policy{policy['Path']}{name}" for name, policy in _aws_policies().items()}


def _complete_policy(place: Place, policy: ManagedPolicy, properties: Properties) -> None:
    document = _text(properties["PolicyDocument"])
    current = next(version for version in policy.versions if version.is_default)
    if current.document == document:
        return
    policy.versions = [current]
    _backend(place).create_policy_version(policy.arn, document, set_as_default=True)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _put_role_policy(place: Place, name: str, properties: Properties, before: Made | None) -> Made:
    role = properties["RoleName"]
    _backend(place).put_role_policy(role, properties["PolicyName"], _text(properties["PolicyDocument"]))
    return before or Made(name)


def _remove_role_policy(place: Place, made: Made) -> None:
    _backend(place).delete_role_policy(made.properties["RoleName"], made.properties["PolicyName"])


TYPES = (
    CompletedType(Role, _complete_role),
    CompletedType(ManagedPolicy, _complete_policy),
    OwnType("AWS::IAM::RolePolicy", _put_role_policy, _remove_role_policy),
)
