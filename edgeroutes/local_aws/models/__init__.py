"""Every resource type that we add to moto's CloudFormation, or that we complete. Floor 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.local_aws.models import apigateway, cloudfront, iam, lambda_functions, messaging, storage

if TYPE_CHECKING:
    from edgeroutes.local_aws.models.model import CompletedType, OwnType

TYPES: dict[str, OwnType | CompletedType] = {
    each.type_name: each
    for service in (apigateway, cloudfront, iam, lambda_functions, messaging, storage)
    for each in service.TYPES
}
