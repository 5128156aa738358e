"""CloudFront, of which moto's CloudFormation knows nothing. Floor 3.

Source: docs.aws.amazon.com/AWSCloudFormation, AWS::CloudFront::* (Ref and Fn::GetAtt of each; read 2026-11-21).
"""

from __future__ import annotations

import uuid
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.cloudfront.models import cloudfront_backends

from edgeroutes.local_aws.models.model import Made, OwnType, Place, Properties

if TYPE_CHECKING:
    from botocore.model import Shape
    from moto.cloudfront.models import CloudFrontBackend

# Where CloudFormation's names are other ones than the API's, apart from their capitals.
_RENAMED = {"ipv6enabled": "IsIPV6Enabled", "origincustomheaders": "CustomHeaders", "locations": "Items"}


def _backend(place: Place) -> CloudFrontBackend:
    return cloudfront_backends[place.account_id][place.partition]


def _put_distribution(place: Place, name: str, properties: Properties, before: Made | None) -> Made:
    backend = _backend(place)
    said = _as_api(properties["DistributionConfig"], _config_shape())
    tags = properties.get("Tags", [])
    if before is None:
        made, _, _ = backend.create_distribution({**said, "CallerReference": name}, tags)
    else:
        made, _ = backend.get_distribution(before.physical_resource_id)
        said["CallerReference"] = made.distribution_config.caller_reference
        backend.update_distribution(said, made.id, if_match=True)
    _complete_behaviours(made.distribution_config, properties["DistributionConfig"])
    return Made(made.id, {"DomainName": made.domain_name, "Id": made.id})


@cache
def _config_shape() -> Shape:
    """What CreateDistribution takes, as botocore has it."""
    import botocore.session

    model = botocore.session.get_session().get_service_model("cloudfront")
    return model.shape_for("DistributionConfig")


def _as_api(value: Any, shape: Shape) -> Any:
    """CloudFormation's form of a value in the API's: lists become `{"Quantity": …, "Items": […]}`."""
    if shape.type_name == "list":
        return [_as_api(item, shape.member) for item in value]  # type: ignore[attr-defined]
    if shape.type_name != "structure":
        return value
    members: dict[str, Shape] = shape.members  # type: ignore[attr-defined]
    if isinstance(value, list):
        return {"Quantity": len(value), "Items": _as_api(value, members["Items"])}
    names = {name.lower(): name for name in members}
    made: dict[str, Any] = {}
    for key, item in value.items():
        name = names.get(key.lower()) or _RENAMED.get(key.lower(), key)
        made[name] = _as_api(item, members[name]) if name in members else item
    if "CachedMethods" in members and "CachedMethods" not in made:
        made["CachedMethods"] = {"Quantity": 2, "Items": ["GET", "HEAD"]}
    return made


def _complete_behaviours(config: Any, said: Properties) -> None:
    """Put what moto drops of a behaviour into what it keeps: functions, and which methods are cached."""
    behaviours = [(config.DefaultCacheBehavior, said["DefaultCacheBehavior"])]
    behaviours += zip(config.CacheBehaviors.get("Items", []), said.get("CacheBehaviors", []), strict=True)
    for made, wanted in behaviours:
        cached = wanted.get("CachedMethods", ["GET", "HEAD"])
        made.allowed_methods.cached_methods = {"Quantity": len(cached), "Items": cached}
        functions = [
            {"FunctionARN": each["FunctionARN"], "EventType": each["EventType"]}
            for each in wanted.get("FunctionAssociations", [])
        ]
        made.function_associations = {"Quantity": len(functions), "Items": functions}


def _remove_distribution(place: Place, made: Made) -> None:
    _backend(place).delete_distribution(made.physical_resource_id, if_match=True)


def _put_function(place: Place, name: str, properties: Properties, before: Made | None) -> Made:
    backend, code = _backend(place), properties["FunctionCode"].encode()
    if before is not None and before.attributes["FunctionName"] in backend.functions:
        del backend.functions[before.attributes["FunctionName"]]
    made = backend.create_function(name, properties["FunctionConfig"], code, properties.get("Tags", []))
    if properties.get("AutoPublish"):
        made.stage, made.status = "LIVE", "DEPLOYED"
    attributes = {"FunctionARN": made.arn, "FunctionMetadata.FunctionARN": made.arn, "Stage": made.stage}
    return Made(made.arn, {**attributes, "FunctionName": made.name})


def _remove_function(place: Place, made: Made) -> None:
    _backend(place).functions.pop(made.attributes.get("FunctionName", ""), None)


def _put_key_value_store(place: Place, name: str, properties: Properties, _: Made | None) -> Made:
    backend = _backend(place)
    store = backend.key_value_stores.get(name) or backend.create_key_value_store(
        name, properties.get("Comment", ""), []
    )
    return Made(name, {"Arn": store.arn, "Id": store.id, "Status": "READY"})


def _put_origin_access_control(place: Place, _: str, properties: Properties, before: Made | None) -> Made:
    backend, config = _backend(place), properties["OriginAccessControlConfig"]
    if before is not None:
        backend.update_origin_access_control(before.physical_resource_id, config)
        return before
    control = backend.create_origin_access_control(config)
    return Made(control.id, {"Id": control.id})


def _remove_origin_access_control(place: Place, made: Made) -> None:
    _backend(place).delete_origin_access_control(made.physical_resource_id)


def _hold_policy(_: Place, __: str, ___: Properties, before: Made | None) -> Made:
    """The stack alone holds policies: moto has no API for them."""
    identity = before.physical_resource_id if before else str(uuid.uuid4())
    return Made(identity, {"Id": identity, "LastModifiedTime": "2026-01-01T00:00:00Z"})


POLICIES = tuple(
    OwnType(f"AWS::CloudFront::{kind}Policy", _hold_policy, attributes=("Id", "LastModifiedTime"))
    for kind in ("Cache", "OriginRequest", "ResponseHeaders")
)
TYPES = (
    OwnType("AWS::CloudFront::Distribution", _put_distribution, _remove_distribution, "", ("DomainName", "Id")),
    OwnType(
        "AWS::CloudFront::Function",
        _put_function,
        _remove_function,
        "Name",
        ("FunctionARN", "FunctionMetadata.FunctionARN", "Stage"),
    ),
    OwnType("AWS::CloudFront::KeyValueStore", _put_key_value_store, None, "Name", ("Arn", "Id", "Status")),
    OwnType(
        "AWS::CloudFront::OriginAccessControl", _put_origin_access_control, _remove_origin_access_control, "", ("Id",)
    ),
    *POLICIES,
)
