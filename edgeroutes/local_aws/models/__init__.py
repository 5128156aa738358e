"""The resource types that local AWS adds to moto's CloudFormation, or completes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.local_aws.models import data, functions, http

if TYPE_CHECKING:
    from edgeroutes.local_aws.models.model import CompletedType, OwnType

TYPES: dict[str, OwnType | CompletedType] = {
    each.type_name: each for service in (data, functions, http) for each in service.TYPES
}
