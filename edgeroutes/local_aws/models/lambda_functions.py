"""Lambda: functions with all their settings, versions, aliases and URLs. Floor 3.

Source: docs.aws.amazon.com/AWSCloudFormation, AWS::Lambda::* (Ref and Fn::GetAtt of each; read 2026-11-21).
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaFunction, lambda_backends

from edgeroutes.local_aws.models.model import CompletedType, Made, OwnType, Place, Properties

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaBackend


def _backend(place: Place) -> LambdaBackend:
    return lambda_backends[place.account_id][place.region_name]


def _complete_function(place: Place, function: LambdaFunction, properties: Properties) -> None:
    function.description = properties.get("Description", "")
    function.memory_size = properties.get("MemorySize", 128)
    function.timeout = properties.get("Timeout", 3)
    function.architectures = properties.get("Architectures", ["x86_64"])
    function.tracing_config = properties.get("TracingConfig") or {"Mode": "PassThrough"}
    function.environment_vars = _texts(properties.get("Environment", {}).get("Variables", {}))
    function.ephemeral_storage = properties.get("EphemeralStorage", {}).get("Size", 512)
    function.reserved_concurrency = properties.get("ReservedConcurrentExecutions")
    function.tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
    function.layers = [_layer(place, arn) for arn in properties.get("Layers", [])]


def _texts(variables: dict[str, Any]) -> dict[str, str]:
    """As Lambda has them: CloudFormation writes `true` for True."""
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in variables.items()}


def _layer(place: Place, arn: str) -> Any:
    """A layer's version; of another account's, whose code moto cannot have, the name alone."""
    known = _backend(place).layers_versions_by_arn(arn)
    return {"Arn": arn, "CodeSize": known.code_size if known else 0}


def _put_version(place: Place, _: str, properties: Properties, before: Made | None) -> Made:
    if before is not None:
        return before
    function = _backend(place).publish_version(properties["FunctionName"], properties.get("Description", ""))
    arn = str(function.function_arn) if function else ""
    version = str(function.version) if function else ""
    return Made(arn, {"Version": version, "FunctionArn": arn})


def _put_alias(place: Place, _: str, properties: Properties, before: Made | None) -> Made:
    backend, put = _backend(place), _backend(place).create_alias
    if before is not None:
        put = backend.update_alias
    alias = put(
        properties["Name"],
        properties["FunctionName"],
        properties["FunctionVersion"],
        properties.get("Description", ""),
        properties.get("RoutingConfig", ""),
    )
    return Made(alias.arn, {"AliasArn": alias.arn})


def _remove_alias(place: Place, made: Made) -> None:
    _backend(place).delete_alias(made.properties["Name"], made.properties["FunctionName"])


def _put_url(place: Place, _: str, properties: Properties, before: Made | None) -> Made:
    backend, name = _backend(place), properties["TargetFunctionArn"]
    config: dict[str, Any] = {key: properties[key] for key in ("AuthType", "Cors", "InvokeMode") if key in properties}
    put = backend.create_function_url_config if before is None else backend.update_function_url_config
    made = put(name, config)
    return Made(made.function.function_arn, {"FunctionUrl": made.url, "FunctionArn": made.function.function_arn})


def _remove_url(place: Place, made: Made) -> None:
    _backend(place).delete_function_url_config(made.properties["TargetFunctionArn"])


class _FunctionType(CompletedType):
    """Functions, whose code may stand in the template."""

    def update_from_cloudformation_json(
        self, original_resource: Any, new_resource_name: str, cloudformation_json: Properties, *where: str, **more: str
    ) -> Any:
        """Change it; moto makes a zip of code in the template when it creates a function, but not when it changes one."""
        properties = cloudformation_json["Properties"]
        code = properties["Code"]
        if "ZipFile" in code:
            zipped = LambdaFunction._create_zipfile_from_plaintext_code(code["ZipFile"])  # noqa: SLF001 - moto has no other
            properties = {**properties, "Code": {"ZipFile": base64.b64encode(zipped)}}
        changed = {**cloudformation_json, "Properties": properties}
        return super().update_from_cloudformation_json(original_resource, new_resource_name, changed, *where, **more)


TYPES = (
    _FunctionType(LambdaFunction, _complete_function, taken_over=("Environment", "Layers")),
    OwnType("AWS::Lambda::Version", _put_version, attributes=("Version", "FunctionArn")),
    OwnType("AWS::Lambda::Alias", _put_alias, _remove_alias, attributes=("AliasArn",)),
    OwnType("AWS::Lambda::Url", _put_url, _remove_url, attributes=("FunctionUrl", "FunctionArn")),
)
