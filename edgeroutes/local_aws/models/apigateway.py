"""API Gateway's REST APIs, whose OpenAPI body moto's CloudFormation ignores, and their stages. Floor 3.

Source: docs.aws.amazon.com/AWSCloudFormation, AWS::ApiGateway::* (Ref and Fn::GetAtt of each), and
docs.aws.amazon.com/apigateway "api-gateway-swagger-extensions" (read 2026-11-21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.apigateway.models import Integration, apigateway_backends

from edgeroutes.local_aws.models.model import Made, OwnType, Place, Properties

if TYPE_CHECKING:
    from moto.apigateway.models import APIGatewayBackend, Resource, RestAPI

_METHODS = {name: name.upper() for name in ("get", "head", "post", "put", "patch", "delete", "options")}
_METHODS["x-amazon-apigateway-any-method"] = "ANY"
_INTEGRATION = "x-amazon-apigateway-integration"


def _backend(place: Place) -> APIGatewayBackend:
    return apigateway_backends[place.account_id][place.region_name]


def _put_rest_api(place: Place, name: str, properties: Properties, before: Made | None) -> Made:
    backend, body = _backend(place), properties.get("Body", {})
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
    """Overwrite the API's resources and gateway responses with what the OpenAPI document says."""
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
    """The resource of a path, made with all above it where it is not there."""
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
    """moto's, which knows of no streaming."""

    def __init__(self, made: Integration, response_transfer_mode: str) -> None:
        self.__dict__.update(made.__dict__)
        self.response_transfer_mode = response_transfer_mode

    def to_json(self) -> dict[str, Any]:
        return {**super().to_json(), "responseTransferMode": self.response_transfer_mode}


def _remove_rest_api(place: Place, made: Made) -> None:
    _backend(place).delete_rest_api(made.physical_resource_id)


def _put_gateway_response(api: RestAPI, kind: str, response: dict[str, Any]) -> None:
    said = {key[:1].lower() + key[1:]: value for key, value in response.items()}
    api.put_gateway_response(
        kind,
        status_code=said.get("statusCode"),  # type: ignore[arg-type]  # the default responses have none
        response_parameters=said.get("responseParameters", {}),
        response_templates=said.get("responseTemplates", {}),
    )


def _put_gateway_response_resource(place: Place, name: str, properties: Properties, before: Made | None) -> Made:
    _put_gateway_response(_backend(place).get_rest_api(properties["RestApiId"]), properties["ResponseType"], properties)
    return Made(before.physical_resource_id if before else name)


def _remove_gateway_response(place: Place, made: Made) -> None:
    _backend(place).delete_gateway_response(made.properties["RestApiId"], made.properties["ResponseType"])


def _put_deployment(place: Place, _: str, properties: Properties, before: Made | None) -> Made:
    if before is not None:
        return before
    deployment = _backend(place).create_deployment(
        properties["RestApiId"],
        properties.get("StageName"),  # type: ignore[arg-type]  # a stage of its own names the deployment
        properties.get("Description", ""),
    )
    return Made(deployment.id, {"DeploymentId": deployment.id})


def _remove_deployment(place: Place, made: Made) -> None:
    # moto removes before it changes: the stage may still name this one, which the API itself would refuse.
    api = _backend(place).get_rest_api(made.properties["RestApiId"])
    api.deployments.pop(made.physical_resource_id, None)


def _put_stage(place: Place, _: str, properties: Properties, before: Made | None) -> Made:
    backend, api_id, name = _backend(place), properties["RestApiId"], properties["StageName"]
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


def _remove_stage(place: Place, made: Made) -> None:
    _backend(place).delete_stage(made.properties["RestApiId"], made.physical_resource_id)


def _put_account(place: Place, name: str, properties: Properties, before: Made | None) -> Made:
    _backend(place).account.cloudwatch_role_arn = properties.get("CloudWatchRoleArn")
    return before or Made(name, {"Id": name})


TYPES = (
    OwnType(
        "AWS::ApiGateway::RestApi", _put_rest_api, _remove_rest_api, "Name", attributes=("RootResourceId", "RestApiId")
    ),
    OwnType("AWS::ApiGateway::GatewayResponse", _put_gateway_response_resource, _remove_gateway_response),
    OwnType("AWS::ApiGateway::Deployment", _put_deployment, _remove_deployment, attributes=("DeploymentId",)),
    OwnType("AWS::ApiGateway::Stage", _put_stage, _remove_stage),
    OwnType("AWS::ApiGateway::Account", _put_account, attributes=("Id",)),
)
