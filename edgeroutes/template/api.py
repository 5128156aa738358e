"""The REST API: its OpenAPI document, the role with which it invokes the functions, its logs, and what infra/ changes about it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from edgeroutes.errors import ConfigError
from edgeroutes.http.caching import UNCACHED
from edgeroutes.http.problem import default_detail, reason_phrase
from edgeroutes.plan.cloudformation import is_intrinsic, value_at
from edgeroutes.template.cors import gateway_fields
from edgeroutes.template.functions import assume_role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.config import Config
    from edgeroutes.errors import ProjectError
    from edgeroutes.plan.cloudformation import Infra
    from edgeroutes.plan.model import ApiResource, FunctionPlan, ProjectPlan
    from edgeroutes.routing.guards import RateLimitConfig

API = "Api"
_API_LOG_GROUP = "ApiLogGroup"
_ACCOUNT = "ApiGatewayAccount"
ACCOUNT_ROLE = "ApiGatewayAccountRole"
MANAGES_ACCOUNT = "ManageApiGatewayAccount"
# A managed policy has at most 6,144 characters, and a role ten policies: docs.aws.amazon.com/IAM "reference_iam-quotas" (read
# 2026-11-21). An alias's ARN in the longest partition and region is 131 characters with its quotes, so 46 fit.
ARNS_PER_POLICY = 46
POLICIES_PER_ROLE = 10

# Source: docs.aws.amazon.com/apigateway "api-gateway-mapping-template-reference" ($context for access logging).
_LOG_FIELDS: Mapping[str, str] = {
    "request_id": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "user_agent": "$context.identity.userAgent",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "latency_ms": "$context.responseLatency",
    "integration_ms": "$context.integration.latency",
    "transfer_mode": "$context.integration.responseTransferMode",
    "first_content_ms": "$context.integration.timeToFirstContent",
    "error": "$context.error.responseType",
    "integration_error": "$context.integration.error",
}


def api_resources(plan: ProjectPlan) -> dict[str, Any]:
    """Logical id → resource, of the API and all that it needs except the functions."""
    policies, roles = _invoke_policies(plan)
    return {
        API: _api(plan, roles),
        _API_LOG_GROUP: {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": {"Fn::Sub": "/aws/apigateway/${AWS::StackName}"},
                "RetentionInDays": {"Ref": "LogRetentionDays"},
            },
        },
        **policies,
        **_account(),
    }


def _api(plan: ProjectPlan, roles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Type": "AWS::Serverless::Api",
        "Properties": {
            "Name": {"Ref": "AWS::StackName"},
            "Description": _description(),
            "StageName": plan.config.stage,
            "EndpointConfiguration": {"Type": "REGIONAL"},
            # Without it SAM adds a stage named 'Stage'.
            "OpenApiVersion": _OPENAPI,
            "TracingEnabled": {"Fn::If": ["TracingActive", True, False]},
            "AccessLogSetting": {
                "DestinationArn": {"Fn::GetAtt": [_API_LOG_GROUP, "Arn"]},
                "Format": json.dumps(_LOG_FIELDS, separators=(",", ":")),
            },
            "MethodSettings": _method_settings(plan),
            "DefinitionBody": api_document(plan, roles),
        },
    }


def _method_settings(plan: ProjectPlan) -> list[dict[str, Any]]:
    """Throttling of all methods, and of those of routes with limits of their own.

    ANY has no settings of its own, so each of its methods is listed. Source: docs.aws.amazon.com/AWSCloudFormation
    "aws-properties-apigateway-stage-methodsetting" (read 2026-11-30).
    """
    config = plan.config
    settings = [_throttle("/*", "*", config.throttle_rate, config.throttle_burst)]
    limits = {function.logical_id: found for function in plan.functions if (found := _limits(function))}
    methods = {function.logical_id: function.http_methods for function in plan.functions}
    for resource in plan.api_resources:
        if resource.logical_id in limits:
            path = "/" + resource.path.replace("/", "~1")
            settings += [_throttle(path, each, *limits[resource.logical_id]) for each in methods[resource.logical_id]]
    return settings


def _limits(function: FunctionPlan) -> tuple[float, int] | None:
    """Requests per second and burst of the function's routes; None for the project's."""
    declared = _gateway_limits(function)
    if declared:
        limit = next(iter(declared.values()))
        (rate,) = limit.rates
        return max(round(rate.count / rate.seconds, 6), 0.000001), limit.burst or rate.count
    throttles = function.throttles
    return (throttles["throttle_rate"], throttles["throttle_burst"]) if throttles else None


def _gateway_limits(function: FunctionPlan) -> dict[str, RateLimitConfig]:
    """Route path → its limit that API Gateway counts."""
    return {
        route_path: limit
        for route_path, guards in function.guards.items()
        for limit in guards.limits
        if limit.at == "gateway"
    }


def check_limits(plan: ProjectPlan) -> Iterator[ProjectError]:
    """Limits for API Gateway that function.yaml contradicts, or that only some routes of a function have."""
    for function in plan.functions:
        declared = _gateway_limits(function)
        if not declared:
            continue
        first = next(iter(declared))
        where = function.guards[first].place("limit")
        if function.throttles:
            problem = (
                f'limit has at="gateway", and {" and ".join(function.throttles)} of function.yaml apply to {first}, too'
            )
            yield ConfigError(problem, where=where, hint="Remove one of them")
        if len(declared) < len(function.routes) or len(set(declared.values())) > 1:
            names = ", ".join(route.route_path for route in function.routes)
            problem = (
                f'limit has at="gateway", and the routes of {function.logical_id} do not all have the same: {names}'
            )
            hint = 'Declare it in a middleware.py for all of them, or use at="function"'
            yield ConfigError(problem, where=where, hint=hint)


def _throttle(path: str, method: str, rate: float, burst: int) -> dict[str, Any]:
    return {
        "ResourcePath": path,
        "HttpMethod": method,
        "ThrottlingRateLimit": rate,
        "ThrottlingBurstLimit": burst,
    }


def _description() -> dict[str, Any]:
    """A text that refers to the account's settings, so that the API is created after them.

    Without the account's role the stage's access log fails, and with it a first deploy. cfn-lint refuses a DependsOn on a conditional
    resource (E3005).
    """
    named = {"Fn::Sub": f"${{AWS::StackName}}, which logs by ${{{_ACCOUNT}}}"}
    return {"Fn::If": [MANAGES_ACCOUNT, named, {"Ref": "AWS::StackName"}]}


def _invoke_policies(plan: ProjectPlan) -> tuple[dict[str, Any], dict[str, str]]:
    """The roles with which the API invokes the functions with their policies, and each function's role."""
    functions = sorted((*plan.functions, plan.fallback), key=lambda function: function.logical_id)
    chunks = [functions[start : start + ARNS_PER_POLICY] for start in range(0, len(functions), ARNS_PER_POLICY)]
    resources: dict[str, Any] = {}
    roles: dict[str, str] = {}
    for index, chunk in enumerate(chunks):
        role = _numbered("ApiInvokeRole", index // POLICIES_PER_ROLE)
        policy = _numbered("ApiInvokePolicy", index)
        resources.setdefault(role, _role())["Properties"]["ManagedPolicyArns"].append({"Ref": policy})
        resources[policy] = _policy(chunk)
        roles.update((function.logical_id, role) for function in chunk)
    return resources, roles


def _numbered(name: str, index: int) -> str:
    return f"{name}{index + 1}" if index else name


def _role() -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": assume_role("apigateway.amazonaws.com"),
            "ManagedPolicyArns": [],
        },
    }


def _policy(functions: list[FunctionPlan]) -> dict[str, Any]:
    arns = [
        # An alias's Ref is its ARN; SAM names it `<function>.Alias`.
        {"Ref": f"{each.logical_id}.Alias"} if each.publishes_versions else {"Fn::GetAtt": [each.logical_id, "Arn"]}
        for each in functions
    ]
    statement = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arns}
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}},
    }


def manages_account(infra: Infra) -> bool:
    """Whether the stack sets the account's role by default."""
    defaults = [value for key, value, _ in infra.properties("Parameters", MANAGES_ACCOUNT) if key == "Default"]
    return not defaults or str(defaults[-1]).lower() == "true"


def _account() -> dict[str, Any]:
    """API Gateway's setting per account and region: the role with which it writes logs. It stays when the stack is deleted."""
    logs = "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    retained = {
        "Condition": MANAGES_ACCOUNT,
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
    }
    return {
        _ACCOUNT: {
            "Type": "AWS::ApiGateway::Account",
            **retained,
            "Properties": {"CloudWatchRoleArn": {"Fn::GetAtt": [ACCOUNT_ROLE, "Arn"]}},
        },
        ACCOUNT_ROLE: {
            "Type": "AWS::IAM::Role",
            **retained,
            "Properties": {
                "AssumeRolePolicyDocument": assume_role("apigateway.amazonaws.com"),
                "ManagedPolicyArns": [{"Fn::Sub": logs}],
            },
        },
    }


_OPENAPI = "3.0.1"
# Source: docs.aws.amazon.com/lambda API_Invoke and API_InvokeWithResponseStream; apigateway
# "response-streaming-lambda-configure" (read 2026-11-21). Of the two dates each goes with its own call.
_BUFFERED = "2015-03-31/functions/%s/invocations"
_STREAMING = "2021-11-15/functions/%s/response-streaming-invocations"
_DEFAULT_TIMEOUT_MS = 29_000
_MAX_STREAMING_TIMEOUT_MS = 900_000

_ERROR_MESSAGE = "$context.error.messageString"
_PROBLEM_TYPE = "application/problem+json"
# Source: docs.aws.amazon.com/apigateway "supported-gateway-response-types" (read 2026-11-21); the statuses are ours.
# An unknown path is MISSING_AUTHENTICATION_TOKEN, or INVALID_SIGNATURE when the client sends an Authorization header. No method of this
# API is signed, so both are a 404.
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
# All others. They have several statuses, and no variable of a gateway response is the status, so the document has none.
# Source: docs.aws.amazon.com/apigateway "api-gateway-mapping-template-reference": `$context.status` is for access logs (read 2026-11-30).
_REST = {"DEFAULT_4XX": "Bad Request", "DEFAULT_5XX": "Internal Server Error"}


def api_document(plan: ProjectPlan, roles: Mapping[str, str]) -> dict[str, Any]:
    """The API's OpenAPI document.

    Args:
        plan: The project.
        roles: A function's logical id → that of the role with which the API invokes it.
    """
    functions = {function.logical_id: function for function in (*plan.functions, plan.fallback)}
    paths = {
        resource.path: {
            "x-amazon-apigateway-any-method": _method(resource, functions[resource.logical_id], plan.config, roles),
        }
        for resource in plan.api_resources
    }
    return {
        "openapi": _OPENAPI,
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
    action = (_STREAMING if function.streams else _BUFFERED) % _integration_arn(function)
    integration: dict[str, Any] = {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": {"Fn::Sub": f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/{action}"},
        "credentials": {"Fn::GetAtt": [role, "Arn"]},
        "passthroughBehavior": "when_no_match",
    }
    seconds = function.properties.get("Timeout", 0)
    longest = _MAX_STREAMING_TIMEOUT_MS if function.streams else config.integration_timeout_s * 1000
    timeout_ms = min(max(seconds * 1000, _DEFAULT_TIMEOUT_MS), longest) if isinstance(seconds, int) else longest
    if function.streams:
        integration["responseTransferMode"] = "STREAM"
    if function.streams or timeout_ms > _DEFAULT_TIMEOUT_MS:
        integration["timeoutInMillis"] = timeout_ms
    return integration


def _integration_arn(function: FunctionPlan) -> str:
    """The function's ARN, or that of its alias.

    Written out, because `sam local` drops a route whose integration has `${X.Alias}` (1.170, tried). The role's policy refers to the
    alias, so it is created first.
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
        responses[name] = _response({"title": title, "detail": _ERROR_MESSAGE}, parameters)
    return dict(sorted(responses.items()))


def _response(members: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    document = {"type": "about:blank", **members, "instance": "$context.path", "request_id": "$context.requestId"}
    # The message comes with its quotes.
    template = json.dumps(document, separators=(",", ":")).replace(f'"{_ERROR_MESSAGE}"', _ERROR_MESSAGE)
    # API Gateway chooses a template by the client's Accept, with this one as its default.
    return {"responseParameters": dict(parameters), "responseTemplates": {"application/json": template}}


_ANY = "x-amazon-apigateway-any-method"
# SAM does not take these from `Globals`.
_NOT_GLOBAL = ("DefinitionBody", "StageName", "OpenApiVersion")
# Properties whose change makes CloudFormation replace a function although its logical id, and so the API's document, stays.
# Source: the resource type's schema, createOnlyProperties; PackageType and the like are set by edgeroutes.
_REPLACING = ("CapacityProviderConfig", "DurableConfig", "FunctionName", "TenancyConfig")


def without_globals(own: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    """Our properties of the API without those of `Globals`: SAM would prefer ours, or append one list to the other."""
    result: dict[str, Any] = {}
    for key, value in own.items():
        theirs = shared.get(key)
        if key not in shared or key in _NOT_GLOBAL:
            result[key] = value
        elif _is_plain(value) and _is_plain(theirs) and (rest := without_globals(value, theirs)):
            result[key] = rest
    return result


def _is_plain(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and not is_intrinsic(value)


def finish_api(document: Mapping[str, Any], plan: ProjectPlan) -> None:
    """Change the document so that a replaced function deploys the API, and preflights need no key and no authorizer."""
    properties = document["Resources"][API].get("Properties") or {}
    body = properties.get("DefinitionBody")
    if not isinstance(body, dict):
        return
    _deploy_with_functions(document, properties, body, plan)
    shared = value_at(document, "Globals", "Api")
    for each in (properties, shared):
        if isinstance(each, dict):
            _keep_throttle(each, plan)
            _open_preflights(each.get("Auth"), body, plan)


def _deploy_with_functions(
    document: Mapping[str, Any], properties: dict[str, Any], body: dict[str, Any], plan: ProjectPlan
) -> None:
    """SAM deploys the API when its document changes, so it must contain what replaces a function."""
    found: dict[str, Any] = {}
    for function in (*plan.functions, plan.fallback):
        own = document["Resources"][function.logical_id].get("Properties") or {}
        values = {key: own[key] for key in _REPLACING if key in own}
        if values:
            found[function.logical_id] = values
    if not found:
        return
    text = json.dumps(found, sort_keys=True)
    info = body.get("info")
    if isinstance(info, dict):
        info["version"] = f"{info.get('version', '1')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    if '{"Ref":' in text or '"Fn::' in text:  # a parameter's value is not in the template
        properties.setdefault("AlwaysDeploy", True)


def _keep_throttle(properties: dict[str, Any], plan: ProjectPlan) -> None:
    """Settings of infra/ for all methods keep the project's throttling, unless they set their own."""
    settings = properties.get("MethodSettings")
    if not isinstance(settings, list):
        return
    limits = {"ThrottlingRateLimit": plan.config.throttle_rate, "ThrottlingBurstLimit": plan.config.throttle_burst}
    properties["MethodSettings"] = [
        {**each, **{key: value for key, value in limits.items() if key not in each}}
        if isinstance(each, dict) and each.get("ResourcePath") == "/*"
        else each
        for each in settings
    ]


def _open_preflights(auth: Any, body: Mapping[str, Any], plan: ProjectPlan) -> None:
    """Give OPTIONS its own method without key and token, which browsers do not send with a preflight.

    Source: aws-sam-translator 1.115.0, samtranslator/swagger/swagger.py: `NONE` and `api_key_false` undo the API's defaults.
    """
    if not isinstance(auth, Mapping):
        return
    security: list[dict[str, Any]] = []
    if auth.get("DefaultAuthorizer") is not None:
        security.append({"NONE": []})
    if auth.get("ApiKeyRequired") not in (None, False):
        security.append({"api_key_false": []})
    with_cors = {function.logical_id for function in plan.functions if function.cors}
    paths = {resource.path for resource in plan.api_resources if resource.logical_id in with_cors}
    for path, methods in body.get("paths", {}).items():
        if security and path in paths and isinstance(methods, dict) and _ANY in methods:
            methods.setdefault("options", {**methods[_ANY], "security": security})
