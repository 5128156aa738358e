"""The role of a function in the stack: its policies, and the condition keys of its calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from edgeroutes.local_aws import AccountRegion
from edgeroutes.local_aws.iam.policies import RolePolicies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edgeroutes.local_aws.iam.needs import Call
    from edgeroutes.local_aws.stack import Cloud

# Keys that a role assumed by Lambda does not have. Whether it has aws:MultiFactorAuthPresent is not known: the guide has it for all
# temporary credentials "that support using MFA".
_ABSENT = (
    "aws:federatedprovider",
    "aws:multifactorauthage",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceidentity",
    "aws:username",
)
# S3's condition key → the parameter that it compares.
_S3_KEYS = {
    "s3:delimiter": "Delimiter",
    "s3:max-keys": "MaxKeys",
    "s3:prefix": "Prefix",
    "s3:versionid": "VersionId",
    "s3:x-amz-acl": "ACL",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption",
    "s3:x-amz-storage-class": "StorageClass",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    arn: str
    function_arn: str
    policies: RolePolicies

    @property
    def name(self) -> str:
        """Without its path."""
        return self.arn.rpartition("/")[2]

    @property
    def session_arn(self) -> str:
        """The principal of the running function: Lambda names the session after it."""
        _, partition, _, _, account, _ = self.arn.split(":", 5)
        return f"arn:{partition}:sts::{account}:assumed-role/{self.name}/{self.function_arn.rpartition(':')[2]}"

    def place(self, region_name: str) -> AccountRegion:
        """Account and region of its calls."""
        _, partition, _, _, account, _ = self.arn.split(":", 5)
        return AccountRegion(account_id=account, region_name=region_name, partition=partition)

    def context(self, call: Call) -> dict[str, tuple[str, ...]]:
        """The condition keys and variables of a call; keys that are absent have no values.

        Source: IAM's user guide, "AWS global condition context keys", as github.com/awsdocs/iam-user-guide has it (until 2023). From
        memory: the value of `aws:PrincipalType`, and `aws:FederatedProvider`, `aws:SourceIdentity` and `aws:PrincipalIsAWSService`.
        """
        now = datetime.now(UTC)
        known: dict[str, tuple[str, ...]] = {
            **dict.fromkeys(_ABSENT, ()),
            "aws:currenttime": (now.isoformat(),),
            "aws:epochtime": (str(int(now.timestamp())),),
            "aws:principalaccount": (call.place.account_id,),
            "aws:principalarn": (self.arn,),
            "aws:principalisawsservice": ("false",),
            "aws:principaltype": ("AssumedRole",),
            "aws:requestedregion": (call.place.region_name,),
            "aws:securetransport": ("true",),
            "aws:viaawsservice": ("false",),
            "lambda:sourcefunctionarn": (self.function_arn,),
        }
        if call.prefix == "s3":
            found = {key: call.parameters.get(name) for key, name in _S3_KEYS.items()}
            known |= {key: () if value is None else (str(value),) for key, value in found.items()}
        return known


def read_role(cloud: Cloud, logical_id: str) -> Role:
    """The function's role in the stack.

    Raises:
        KeyError: The stack has no such function.
    """
    found = cloud.client("lambda").get_function_configuration(FunctionName=cloud.resources[logical_id].physical_id)
    name = found["Role"].rpartition("/")[2]
    return Role(
        arn=found["Role"], function_arn=found["FunctionArn"], policies=_read_policies(cloud.client("iam"), name)
    )


def _read_policies(iam: Any, role_name: str) -> RolePolicies:
    role = iam.get_role(RoleName=role_name)["Role"]
    boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    identity = dict([*_inline(iam, role_name), *_attached(iam, role_name)])
    return RolePolicies(identity=identity, boundary=_document(iam, boundary) if boundary else None)


def _inline(iam: Any, role_name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for page in iam.get_paginator("list_role_policies").paginate(RoleName=role_name):
        for name in page["PolicyNames"]:
            yield name, iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"]


def _attached(iam: Any, role_name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=role_name):
        for policy in page["AttachedPolicies"]:
            yield policy["PolicyArn"], _document(iam, policy["PolicyArn"])


def _document(iam: Any, arn: str) -> Mapping[str, Any]:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document: Mapping[str, Any] = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    return document
