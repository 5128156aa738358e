"""The interface of a resource type to moto's CloudFormation, in two forms: a type of our own, and a completed one of moto's.

moto looks up a type in a map and calls `create_from_cloudformation_json` and related methods on it. Its own entries are classes;
ours are values with the same methods, because moto lists the subclasses of its classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.utilities.utils import get_partition

from edgeroutes.local_aws import NO_MODEL, AccountRegion

if TYPE_CHECKING:
    from collections.abc import Callable


Properties = dict[str, Any]


def _location(account_id: str, region_name: str) -> AccountRegion:
    return AccountRegion(account_id, region_name, str(get_partition(region_name)))


@dataclass
class Made:
    """A resource of a stack. moto sets its logical id and its type.

    Args:
        physical_resource_id: What `Ref` gives.
        attributes: What `Fn::GetAtt` gives, by name.
        properties: The template's, resolved.
    """

    physical_resource_id: str
    attributes: dict[str, str] = field(default_factory=dict)
    properties: Properties = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.logical_resource_id = ""
        self.cf_resource_type = ""
        self.remove: Callable[[AccountRegion, Made], object] | None = None

    def is_created(self) -> bool:
        """It is created at once."""
        return True

    def get_cfn_attribute(self, name: str) -> str:
        """What `!GetAtt LogicalId.name` gives.

        Raises:
            UnformattedGetAttTemplateException: The type has no such attribute.
        """
        if name not in self.attributes:
            raise UnformattedGetAttTemplateException
        return self.attributes[name]

    def delete(self, account_id: str, region_name: str) -> None:
        if self.remove is not None:
            self.remove(_location(account_id, region_name), self)


@dataclass(frozen=True)
class OwnType:
    """A type that moto lacks, or whose model in moto is not enough for templates.

    Args:
        type_name: `AWS::Service::Thing`.
        put: Creates the resource of this name in moto, or changes the given one to these properties.
        remove: Deletes it; None where its owner does.
        name_property: The property that names a resource, if there is one.
        attributes: The names for `Fn::GetAtt` in outputs, which moto checks first.
    """

    type_name: str
    put: Callable[[AccountRegion, str, Properties, Made | None], Made]
    remove: Callable[[AccountRegion, Made], object] | None = None
    name_property: str = ""
    attributes: tuple[str, ...] = ()

    def has_cfn_attr(self, name: str) -> bool:
        return name in self.attributes

    def create_from_cloudformation_json(
        self, resource_name: str, cloudformation_json: Properties, account_id: str, region_name: str, **_: Any
    ) -> Made:
        return self._put(_location(account_id, region_name), resource_name, cloudformation_json, None)

    def update_from_cloudformation_json(
        self,
        original_resource: Made,
        new_resource_name: str,
        cloudformation_json: Properties,
        account_id: str,
        region_name: str,
    ) -> Made:
        named = cloudformation_json.get("Properties", {}).get(self.name_property)
        name = new_resource_name if named else original_resource.physical_resource_id
        return self._put(_location(account_id, region_name), name, cloudformation_json, original_resource)

    def _put(self, place: AccountRegion, name: str, cloudformation_json: Properties, before: Made | None) -> Made:
        properties = cloudformation_json.get("Properties", {})
        made = self.put(place, name, properties, before)
        made.properties, made.remove = properties, self.remove
        return made


class CompletedType:
    """A type of moto's, with properties that moto's model ignores.

    Args:
        model: moto's, a subclass of its CloudFormationModel.
        complete: Applies the properties to moto's resource, also when they have changed.
        taken_over: Properties that moto would refuse, and does not get.
    """

    def __init__(
        self,
        model: Any,
        complete: Callable[[AccountRegion, Any, Properties], object],
        taken_over: tuple[str, ...] = (),
    ) -> None:
        self.model = model
        self.complete = complete
        self.taken_over = taken_over
        self.type_name: str = model.cloudformation_type()
        self.name_property: str = model.cloudformation_name_type()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def create_from_cloudformation_json(
        self, resource_name: str, cloudformation_json: Properties, account_id: str, region_name: str, **more: Any
    ) -> Any:
        shown = self._shown(cloudformation_json, resource_name)
        made = self.model.create_from_cloudformation_json(resource_name, shown, account_id, region_name, **more)
        self.complete(_location(account_id, region_name), made, cloudformation_json.get("Properties", {}))
        return made

    def update_from_cloudformation_json(
        self,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Properties,
        account_id: str,
        region_name: str,
    ) -> Any:
        """Change it where moto can, then complete it."""
        made, change = original_resource, self.model.update_from_cloudformation_json
        if not hasattr(change, "__isabstractmethod__"):
            shown = self._shown(cloudformation_json, original_resource.physical_resource_id)
            made = change(original_resource, new_resource_name, shown, account_id, region_name)
        self.complete(_location(account_id, region_name), made, cloudformation_json.get("Properties", {}))
        return made

    def _shown(self, cloudformation_json: Properties, name: str) -> Properties:
        """The properties for moto; always with a name, because some of its models require one."""
        properties = cloudformation_json.get("Properties", {})
        shown = {key: value for key, value in properties.items() if key not in self.taken_over}
        if self.name_property:
            shown.setdefault(self.name_property, name)
        return {**cloudformation_json, "Properties": shown}


class HeldType(OwnType):
    """A type without a model: the stack has its properties, and a reference to it gives a name."""

    def __init__(self, type_name: str) -> None:
        super().__init__(type_name, _hold)

    def has_cfn_attr(self, name: str) -> bool:  # noqa: ARG002
        """All names are accepted."""
        return True


class _Held(Made):
    def get_cfn_attribute(self, name: str) -> str:
        """An ARN that looks like one; for any other name the resource's and the attribute's."""
        return self.attributes["Arn"] if name == "Arn" else f"{self.physical_resource_id}.{name}"


def _hold(place: AccountRegion, name: str, properties: Properties, before: Made | None) -> Made:
    name = f"{NO_MODEL}{name}"
    return before or _Held(name, {"Arn": f"arn:{place.partition}:::{name}"}, properties)
