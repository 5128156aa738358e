"""The distribution's id and permissions, for functions that revalidate.

The id reaches them by the *name* of an SSM parameter. A function that referred to the distribution would be part of a cycle, because the
distribution needs the API, which needs the function. The policy is its own resource for the same reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeroutes.names import DISTRIBUTION_PARAMETER_VARIABLE
from edgeroutes.plan.model import REVALIDATION

if TYPE_CHECKING:
    from collections.abc import Collection

    from edgeroutes.config import Config
    from edgeroutes.plan.model import FunctionPlan

PARAMETER = "DistributionParameter"
POLICY = "RevalidationPolicy"
_NAME = "/${AWS::StackName}/edgeroutes/distribution"


def revalidates(function: FunctionPlan, config: Config) -> bool:
    """Whether the function creates invalidations."""
    return config.cdn.enabled and REVALIDATION in function.features


def revalidation_environment() -> dict[str, Any]:
    return {DISTRIBUTION_PARAMETER_VARIABLE: {"Fn::Sub": _NAME}}


def revalidation_resources(distribution: str, roles: Collection[str | None]) -> dict[str, Any]:
    """Logical id → resource; none when no function revalidates.

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
        PARAMETER: ("AWS::SSM::Parameter", parameter if roles else None),
        POLICY: ("AWS::IAM::Policy", policy if named else None),
    }
    return {name: {"Type": kind, "Properties": value} for name, (kind, value) in made.items() if value}
