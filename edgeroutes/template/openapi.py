"""The REST API's OpenAPI document: paths, integrations and gateway responses. Build wing, floor 2; knows no YAML."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from edgeroutes.http.caching import UNCACHED
from edgeroutes.http.problem import default_detail, reason_phrase
from edgeroutes.plan.cors import gateway_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeroutes.config import Config
    from edgeroutes.plan.model import ApiResource, FunctionPlan, ProjectPlan

OPENAPI = "3.0.1"
# Source: docs.aws.amazon.com/lambda API_Invoke and API_InvokeWithResponseStream; apigateway
# "response-streaming-lambda-configure" (read 2026-11-21). Of the two dates each goes with its own call.
_BUFFERED = "2015-03-31/functions/%s/invocations"
_STREAMING = "2021-11-15/functions/%s/response-streaming-invocations"
DEFAULT_TIMEOUT_MS = 29_000
MAX_STREAMING_TIMEOUT_MS = 900_000

_PROBLEM_TYPE = "application/problem+json"
# Source: docs.aws.amazon.com/apigateway "supported-gateway-response-types" (read 2026-11-21); the statuses are ours.
# An unknown path is MISSING_AUTHENTICATION_TOKEN, and INVALID_SIGNATURE when the client sends an Authorization header:
# no method of this API is signed, so both mean that there is nothing.
_RESPONSES: Mapping[str, int] = {
    "ACCESS_DENIED": 403,
    "API_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_FAILURE": 500,
    "BAD_REQUEST_BODY": 400,
    "BAD_REQUEST_PARAMETERS": 400,
    "EXPIRED_TOKEN": 403,
    "INTEGRATION_FAILURE": 504,
    "INTEGRATION_TIMEOUT": 504,
    "INVALID_API_KEY": 403,
    "INVALID_SIGNATURE": 404,
    "MISSING_AUTHENTICATION_TOKEN": 404,
    "QUOTA_EXCEEDED": 429,
    "REQUEST_TOO_LARGE": 413,
    "RESOURCE_NOT_FOUND": 404,
    "THROTTLED": 429,
    "UNAUTHORIZED": 401,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "WAF_FILTERED": 403,
}
# What the list above leaves. It covers several statuses, so the document names none.
_REST = {"DEFAULT_4XX": "Bad Request", "DEFAULT_5XX": "Internal Server Error"}


def api_document(plan: ProjectPlan, roles: Mapping[str, str]) -> dict[str, Any]:
    """The document that the API is made of.

    Args:
        plan: The project.
        roles: The id of a function → the id of the role by which the API invokes it.
    """
    functions = {function.logical_id: function for function in (*plan.functions, plan.fallback)}
    paths = {
        resource.path: {
            "x-amazon-apigateway-any-method": _method(resource, functions[resource.logical_id], plan.config, roles),
        }
        for resource in plan.api_resources
    }
    return {
        "openapi": OPENAPI,
        "info": {"title": plan.config.name, "version": "1"},
        "paths": paths,
        "x-amazon-apigateway-binary-media-types": ["*/*"],
        "x-amazon-apigateway-gateway-responses": _gateway_responses(plan),
    }


def _method(resource: ApiResource, function: FunctionPlan, config: Config, roles: Mapping[str, str]) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{([^}+]+)\+?}", resource.path)
    ]
    method: dict[str, Any] = {"parameters": parameters} if parameters else {}
    return {
        **method,
        "responses": {},
        "x-amazon-apigateway-integration": _integration(function, config, roles[function.logical_id]),
    }


def _integration(function: FunctionPlan, config: Config, role: str) -> dict[str, Any]:
    action = (_STREAMING if function.streams else _BUFFERED) % _called(function)
    integration: dict[str, Any] = {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": {"Fn::Sub": f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/{action}"},
        "credentials": {"Fn::GetAtt": [role, "Arn"]},
        "passthroughBehavior": "when_no_match",
    }
    seconds = function.properties.get("Timeout", 0)
    longest = MAX_STREAMING_TIMEOUT_MS if function.streams else config.integration_timeout_s * 1000
    waits = min(max(seconds * 1000, DEFAULT_TIMEOUT_MS), longest) if isinstance(seconds, int) else longest
    if function.streams:
        integration["responseTransferMode"] = "STREAM"
    if function.streams or waits > DEFAULT_TIMEOUT_MS:
        integration["timeoutInMillis"] = waits
    return integration


def _called(function: FunctionPlan) -> str:
    """The function's ARN, or that of its alias.

    Written out, since `sam local` drops a route whose integration says `${X.Alias}` (1.170, tried). That the alias is
    there first, the policy of the role sees to, which refers to it.
    """
    alias = function.properties.get("AutoPublishAlias")
    if alias is not None and not isinstance(alias, str):
        return f"${{{function.logical_id}.Alias}}"
    return f"${{{function.logical_id}.Arn}}" + (f":{alias}" if alias else "")


def _gateway_responses(plan: ProjectPlan) -> dict[str, Any]:
    headers = [
        ("Content-Type", _PROBLEM_TYPE),
        ("Cache-Control", UNCACHED),
        *gateway_fields(plan.config.cors, plan.cors_policies),
    ]
    parameters = {f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers}
    responses: dict[str, Any] = {}
    for name, status in _RESPONSES.items():
        members = {"title": reason_phrase(status), "status": status, "detail": default_detail(status)}
        responses[name] = {"statusCode": str(status), **_response(members, parameters)}
    for name, title in _REST.items():
        responses[name] = _response({"title": title}, parameters)
    return dict(sorted(responses.items()))


def _response(members: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    document = {"type": "about:blank", **members, "request_id": "$context.requestId"}
    # API Gateway chooses by the client's Accept; what it answers is of this type all the same.
    templates = {"application/json": json.dumps(document, separators=(",", ":"))}
    return {"responseParameters": dict(parameters), "responseTemplates": templates}
