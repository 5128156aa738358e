"""What is different for a stack outside of AWS's commercial regions: China and GovCloud. Build wing, floor 2.

ARNs and hosts in the template come from `AWS::Partition` and `AWS::URLSuffix`, so that it is the same everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.plan.model import PlanWarning

if TYPE_CHECKING:
    from edgeroutes.config import Config

_WHERE = "pyproject.toml, [tool.edgeroutes.cdn]"
_HINT = "Set enabled = false, and put a CDN of yours in front: docs/deploying.md, China and GovCloud"


def warn_region(config: Config, region: str) -> list[PlanWarning]:
    """What a deploy to this region would refuse although it is fine in others.

    Source: docs.amazonaws.cn/en_us/aws/latest/userguide/cloudfront.html; docs.aws.amazon.com/govcloud-us "setting-up-cloudfront" (read
    2026-11-30).
    """
    if not config.cdn.enabled:
        return []
    if region.startswith("us-gov-"):
        problem = (
            f"the stack goes to {region}, and AWS GovCloud (US) has no CloudFront: its deploy fails at the distribution"
        )
        return [PlanWarning(problem=problem, where=_WHERE, hint=_HINT)]
    if region.startswith("cn-"):
        problem = (
            f"the stack goes to {region}, and CloudFront in China serves own domains with an ICP registration and a certificate of IAM "
            "alone: the distribution of this template has neither"
        )
        return [PlanWarning(problem=problem, where=_WHERE, hint=_HINT)]
    return []
