"""API Gateway's REST APIs, whose OpenAPI body moto's CloudFormation ignores, and CloudFront, which it lacks.

Source: docs.aws.amazon.com/AWSCloudFormation, AWS::ApiGateway::* and AWS::CloudFront::* (Ref and Fn::GetAtt of each), and
docs.aws.amazon.com/apigateway "api-gateway-swagger-extensions" (read 2026-11-21).
"""

from __future__ import annotations

import uuid
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.apigateway.models import Integration, apigateway_backends
from moto.cloudfront.models import cloudfront_backends

from edgeroutes.local_aws.models import Made, OwnType, Properties

if TYPE_CHECKING:
    from botocore.model import Shape
    from moto.apigateway.models import APIGatewayBackend, Resource, RestAPI
    from moto.cloudfront.models import CloudFrontBackend

    from edgeroutes.local_aws import AccountRegion


_METHODS = {name: name.upper() for name in ("get", "head", "post", "put", "patch", "delete", "options")}
_METHODS["x-amazon-apigateway-any-method"] = "ANY"
_INTEGRATION = "x-amazon-apigateway-integration"


def _api_gateway(place: AccountRegion) -> APIGatewayBackend:
    return apigateway_backends[place.account_id][place.region_name]


def _put_rest_api(place: AccountRegion, name: str, properties: Properties, before: Made | None) -> Made:
    backend, body = _api_gateway(place), properties.get("Body", {})
    configuration = properties.get("EndpointConfiguration", {})
    api: RestAPI = (
        backend.create_rest_api(name=name, description="")
        if before is None
        else backend.get_rest_api(before.physical_resource_id)
    )
    api.name = properties.get("Name") or body.get("info", {}).get("title") or api.name
    api.description = properties.get("Description", "")
    api.endpoint_configuration = {"types": configuration.get("Types") or ["EDGE"]}
    binary = body.get("x-amazon-apigateway-binary-media-types", [])
    api.binaryMediaTypes = [*properties.get("BinaryMediaTypes", []), *binary]
    api.policy = properties.get("Policy") or body.get("x-amazon-apigateway-policy")
    api.minimum_compression_size = properties.get("MinimumCompressionSize")
    api.disableExecuteApiEndpoint = bool(properties.get("DisableExecuteApiEndpoint"))
    api.tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    _import_body(backend, api, body)
    return Made(api.id, {"RootResourceId": api.root_resource_id, "RestApiId": api.id})


def _import_body(backend: APIGatewayBackend, api: RestAPI, body: dict[str, Any]) -> None:
    """Replace the API's resources and gateway responses by those of the OpenAPI document."""
    root = api.resources[api.root_resource_id]
    root.resource_methods.clear()
    api.resources = {root.id: root}
    for path, methods in sorted(body.get("paths", {}).items()):
        resource = _resource_at(api, root, path)
        for key, method in methods.items():
            if key in _METHODS:
                _put_method(backend, api, resource, _METHODS[key], method)
    api.gateway_responses.clear()
    for kind, response in body.get("x-amazon-apigateway-gateway-responses", {}).items():
        _put_gateway_response(api, kind, response)


def _resource_at(api: RestAPI, root: Resource, path: str) -> Resource:
    """The resource of a path, created with its parents."""
    here, children = root, {(resource.parent_id, resource.path_part): resource for resource in api.resources.values()}
    for part in path.strip("/").split("/"):
        if part:
            here = children.get((here.id, part)) or api.add_child(part, here.id)
    return here


def _put_method(backend: APIGatewayBackend, api: RestAPI, resource: Resource, name: str, method: Properties) -> None:
    method_made = backend.put_method(api.id, resource.id, name, "NONE")
    found = method.get(_INTEGRATION)
    if found is None:
        return
    made = backend.put_integration(
        api.id,
        resource.id,
        name,
        found["type"].upper(),
        found.get("uri", ""),
        found.get("httpMethod", ""),
        credentials=found.get("credentials"),
        passthrough_behavior=found.get("passthroughBehavior", "when_no_match").upper(),
        timeout_in_millis=found.get("timeoutInMillis", 29_000),
        request_parameters=found.get("requestParameters"),
        request_templates=found.get("requestTemplates"),
        content_handling=found.get("contentHandling"),
    )
    method_made.method_integration = _Integration(made, found.get("responseTransferMode", "BUFFERED"))


class _Integration(Integration):
    """moto's does not know streaming."""

    def __init__(self, made: Integration, response_transfer_mode: str) -> None:
        self.__dict__.update(made.__dict__)
        self.response_transfer_mode = response_transfer_mode

    def to_json(self) -> dict[str, Any]:
        return {**super().to_json(), "responseTransferMode": self.response_transfer_mode}


def _remove_rest_api(place: AccountRegion, made: Made) -> None:
    _api_gateway(place).delete_rest_api(made.physical_resource_id)


def _put_gateway_response(api: RestAPI, kind: str, response: dict[str, Any]) -> None:
    given = {key[:1].lower() + key[1:]: value for key, value in response.items()}
    api.put_gateway_response(
        kind,
        status_code=given.get("statusCode"),  # type: ignore[arg-type]  # the default responses have none
        response_parameters=given.get("responseParameters", {}),
        response_templates=given.get("responseTemplates", {}),
    )


def _put_gateway_response_resource(
    place: AccountRegion, name: str, properties: Properties, before: Made | None
) -> Made:
    _put_gateway_response(
        _api_gateway(place).get_rest_api(properties["RestApiId"]), properties["ResponseType"], properties
    )
    return Made(before.physical_resource_id if before else name)


def _remove_gateway_response(place: AccountRegion, made: Made) -> None:
    _api_gateway(place).delete_gateway_response(made.properties["RestApiId"], made.properties["ResponseType"])


def _put_deployment(place: AccountRegion, _: str, properties: Properties, before: Made | None) -> Made:
    if before is not None:
        return before
    deployment = _api_gateway(place).create_deployment(
        properties["RestApiId"],
        properties.get("StageName"),  # type: ignore[arg-type]  # a stage of its own names the deployment
        properties.get("Description", ""),
    )
    return Made(deployment.id, {"DeploymentId": deployment.id})


def _remove_deployment(place: AccountRegion, made: Made) -> None:
    # moto removes before it changes: the stage may still name this one, which the API itself would refuse.
    api = _api_gateway(place).get_rest_api(made.properties["RestApiId"])
    api.deployments.pop(made.physical_resource_id, None)


def _put_stage(place: AccountRegion, _: str, properties: Properties, before: Made | None) -> Made:
    backend, api_id, name = _api_gateway(place), properties["RestApiId"], properties["StageName"]
    if before is not None:
        backend.delete_stage(api_id, before.physical_resource_id)
    stage = backend.create_stage(
        api_id,
        name,
        properties["DeploymentId"],
        variables=properties.get("Variables"),
        description=properties.get("Description", ""),
        tags={tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])},
        tracing_enabled=bool(properties.get("TracingEnabled")),
    )
    log = properties.get("AccessLogSetting")
    stage.access_log_settings = {"destinationArn": log["DestinationArn"], "format": log["Format"]} if log else None
    for setting in properties.get("MethodSettings", []):
        _put_method_setting(stage, setting)
    return Made(name)


def _put_method_setting(stage: Any, setting: Properties) -> None:
    """Source: docs.aws.amazon.com/apigateway UpdateStage, the paths of its patch operations."""
    paths = {
        "LoggingLevel": "logging/loglevel",
        "DataTraceEnabled": "logging/dataTrace",
        "MetricsEnabled": "metrics/enabled",
        "ThrottlingBurstLimit": "throttling/burstLimit",
        "ThrottlingRateLimit": "throttling/rateLimit",
    }
    where = f"/{setting.get('ResourcePath', '/*').strip('/').replace('/', '~1') or '~1'}/{setting['HttpMethod']}"
    for name, path in paths.items():
        if name in setting:
            stage.apply_operations([{"op": "replace", "path": f"{where}/{path}", "value": str(setting[name])}])


def _remove_stage(place: AccountRegion, made: Made) -> None:
    _api_gateway(place).delete_stage(made.properties["RestApiId"], made.physical_resource_id)


def _put_account(place: AccountRegion, name: str, properties: Properties, before: Made | None) -> Made:
    _api_gateway(place).account.cloudwatch_role_arn = properties.get("CloudWatchRoleArn")
    return before or Made(name, {"Id": name})


_API_GATEWAY_TYPES = (
    OwnType(
        "AWS::ApiGateway::RestApi", _put_rest_api, _remove_rest_api, "Name", attributes=("RootResourceId", "RestApiId")
    ),
    OwnType("AWS::ApiGateway::GatewayResponse", _put_gateway_response_resource, _remove_gateway_response),
    OwnType("AWS::ApiGateway::Deployment", _put_deployment, _remove_deployment, attributes=("DeploymentId",)),
    OwnType("AWS::ApiGateway::Stage", _put_stage, _remove_stage),
    OwnType("AWS::ApiGateway::Account", _put_account, attributes=("Id",)),
)


# CloudFormation's names that differ from the API's in more than their capitals.
_RENAMED = {"ipv6enabled": "IsIPV6Enabled", "origincustomheaders": "CustomHeaders", "locations": "Items"}


def _cloudfront(place: AccountRegion) -> CloudFrontBackend:
    return cloudfront_backends[place.account_id][place.partition]


def _put_distribution(place: AccountRegion, name: str, properties: Properties, before: Made | None) -> Made:
    backend = _cloudfront(place)
    given = _as_api(properties["DistributionConfig"], _config_shape())
    tags = properties.get("Tags", [])
    if before is None:
        made, _, _ = backend.create_distribution({**given, "CallerReference": name}, tags)
    else:
        made, _ = backend.get_distribution(before.physical_resource_id)
        given["CallerReference"] = made.distribution_config.caller_reference
        backend.update_distribution(given, made.id, if_match=True)
    _complete_behaviors(made.distribution_config, properties["DistributionConfig"])
    return Made(made.id, {"DomainName": made.domain_name, "Id": made.id})


@cache
def _config_shape() -> Shape:
    """The argument of CreateDistribution, as botocore describes it."""
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


def _complete_behaviors(config: Any, given: Properties) -> None:
    """Set what moto drops of a behavior: functions, and the cached methods."""
    behaviors = [(config.DefaultCacheBehavior, given["DefaultCacheBehavior"])]
    behaviors += zip(config.CacheBehaviors.get("Items", []), given.get("CacheBehaviors", []), strict=True)
    for made, wanted in behaviors:
        cached = wanted.get("CachedMethods", ["GET", "HEAD"])
        made.allowed_methods.cached_methods = {"Quantity": len(cached), "Items": cached}
        functions = [
            {"FunctionARN": each["FunctionARN"], "EventType": each["EventType"]}
            for each in wanted.get("FunctionAssociations", [])
        ]
        made.function_associations = {"Quantity": len(functions), "Items": functions}


def _remove_distribution(place: AccountRegion, made: Made) -> None:
    _cloudfront(place).delete_distribution(made.physical_resource_id, if_match=True)


def _put_function(place: AccountRegion, name: str, properties: Properties, before: Made | None) -> Made:
    backend, code = _cloudfront(place), properties["FunctionCode"].encode()
    if before is not None and before.attributes["FunctionName"] in backend.functions:
        del backend.functions[before.attributes["FunctionName"]]
    made = backend.create_function(name, properties["FunctionConfig"], code, properties.get("Tags", []))
    if properties.get("AutoPublish"):
        made.stage, made.status = "LIVE", "DEPLOYED"
    attributes = {"FunctionARN": made.arn, "FunctionMetadata.FunctionARN": made.arn, "Stage": made.stage}
    return Made(made.arn, {**attributes, "FunctionName": made.name})


def _remove_function(place: AccountRegion, made: Made) -> None:
    _cloudfront(place).functions.pop(made.attributes.get("FunctionName", ""), None)


def _put_key_value_store(place: AccountRegion, name: str, properties: Properties, _: Made | None) -> Made:
    backend = _cloudfront(place)
    store = backend.key_value_stores.get(name) or backend.create_key_value_store(
        name, properties.get("Comment", ""), []
    )
    return Made(name, {"Arn": store.arn, "Id": store.id, "Status": "READY"})


def _put_origin_access_control(place: AccountRegion, _: str, properties: Properties, before: Made | None) -> Made:
    backend, config = _cloudfront(place), properties["OriginAccessControlConfig"]
    if before is not None:
        backend.update_origin_access_control(before.physical_resource_id, config)
        return before
    control = backend.create_origin_access_control(config)
    return Made(control.id, {"Id": control.id})


def _remove_origin_access_control(place: AccountRegion, made: Made) -> None:
    _cloudfront(place).delete_origin_access_control(made.physical_resource_id)


def _hold_policy(_: AccountRegion, __: str, ___: Properties, before: Made | None) -> Made:
    """Only the stack has policies: moto has no API for them."""
    identity = before.physical_resource_id if before else str(uuid.uuid4())
    return Made(identity, {"Id": identity, "LastModifiedTime": "2026-01-01T00:00:00Z"})


_POLICY_TYPES = tuple(
    OwnType(f"AWS::CloudFront::{kind}Policy", _hold_policy, attributes=("Id", "LastModifiedTime"))
    for kind in ("Cache", "OriginRequest", "ResponseHeaders")
)
TYPES = (
    *_API_GATEWAY_TYPES,
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
    *_POLICY_TYPES,
)
