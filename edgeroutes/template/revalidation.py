"""What functions that revalidate need: the distribution's id, and leave to ask it. Build wing, floor 2.

The id reaches them by the *name* of an SSM parameter: a function that named the distribution itself would be part of a cycle, since
the distribution needs the API, which needs the function. The policy is a resource of its own for the same reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from edgeroutes.config import Config
    from edgeroutes.plan.model import FunctionPlan

FEATURE = "revalidation"
"""As `build/special_cases.py` calls it."""

PARAMETER = "DistributionParameter"
POLICY = "RevalidationPolicy"
VARIABLE = "EDGEROUTES_DISTRIBUTION_PARAMETER"
_NAME = "/${AWS::StackName}/edgeroutes/distribution"


def revalidates(function: FunctionPlan, config: Config) -> bool:
    """Whether the function asks the distribution to forget."""
    return config.cdn.enabled and FEATURE in function.features


def revalidation_environment() -> dict[str, Any]:
    """What a function that revalidates has in its environment."""
    return {VARIABLE: {"Fn::Sub": _NAME}}


def revalidation_resources(distribution: str, roles: Collection[str | None]) -> dict[str, Any]:
    """Logical id → resource; none when no function revalidates.

    Args:
        distribution: The distribution's logical id.
        roles: Of the functions that revalidate; None for one that function.yaml names, which is not ours to extend.
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
        "Description": "The distribution that functions ask to forget",
        "Value": {"Ref": distribution},
    }
    made = {
        PARAMETER: ("AWS::SSM::Parameter", parameter if roles else None),
        POLICY: ("AWS::IAM::Policy", policy if named else None),
    }
    return {name: {"Type": kind, "Properties": value} for name, (kind, value) in made.items() if value}
