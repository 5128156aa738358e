"""Resources of types that neither moto nor we know: the stack holds them, and nothing is behind them. Floor 3."""

from __future__ import annotations

from edgeroutes.local_aws.models.model import Made, OwnType, Place, Properties
from edgeroutes.local_aws.stand_ins import NO_MODEL


class HeldType(OwnType):
    """A type of which the stack keeps the properties, so that what refers to it finds a name."""

    def __init__(self, type_name: str) -> None:
        super().__init__(type_name, _hold)

    def has_cfn_attr(self, name: str) -> bool:  # noqa: ARG002
        """Nobody knows what this type has."""
        return True


class _Held(Made):
    def get_cfn_attribute(self, name: str) -> str:
        """An ARN that looks like one; of anything else the resource's and the attribute's name."""
        return self.attributes["Arn"] if name == "Arn" else f"{self.physical_resource_id}.{name}"


def _hold(place: Place, name: str, properties: Properties, before: Made | None) -> Made:
    name = f"{NO_MODEL}{name}"
    return before or _Held(name, {"Arn": f"arn:{place.partition}:::{name}"}, properties)
