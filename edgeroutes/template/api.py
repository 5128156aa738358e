"""The REST API, the role by which it invokes the functions, its log and the account's. Build wing, floor 2."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from edgeroutes.template.openapi import OPENAPI, api_document
from edgeroutes.template.roles import assume_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeroutes.plan.infra import Infra
    from edgeroutes.plan.model import FunctionPlan, ProjectPlan

API = "Api"
API_LOG_GROUP = "ApiLogGroup"
ACCOUNT = "ApiGatewayAccount"
ACCOUNT_ROLE = "ApiGatewayAccountRole"
MANAGES_ACCOUNT = "ManageApiGatewayAccount"
# A managed policy holds 6,144 characters, and a role ten of them: docs.aws.amazon.com/IAM "reference_iam-quotas" (read
# 2026-11-21). An alias's ARN in the longest partition and region is 131 characters with its quotes: 46 fit for sure.
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
    """Logical id → resource, of the API with all that it needs but the functions."""
    policies, roles = _invoke_policies(plan)
    return {
        API: _api(plan, roles),
        API_LOG_GROUP: {
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
            # Without it SAM adds a stage called 'Stage'.
            "OpenApiVersion": OPENAPI,
            "TracingEnabled": {"Fn::If": ["TracingActive", True, False]},
            "AccessLogSetting": {
                "DestinationArn": {"Fn::GetAtt": [API_LOG_GROUP, "Arn"]},
                "Format": json.dumps(_LOG_FIELDS, separators=(",", ":")),
            },
            "MethodSettings": _method_settings(plan),
            "DefinitionBody": api_document(plan, roles),
        },
    }


def _method_settings(plan: ProjectPlan) -> list[dict[str, Any]]:
    """How many requests API Gateway lets through: to any method, and to those of routes that have limits of their own.

    A method ANY counts as the methods that it stands for. Source: docs.aws.amazon.com/AWSCloudFormation
    "aws-properties-apigateway-stage-methodsetting" (read 2026-11-30).
    """
    config = plan.config
    settings = [_throttle("/*", "*", config.throttle_rate, config.throttle_burst)]
    limited = {function.logical_id: function for function in plan.functions if function.throttles}
    for resource in plan.api_resources:
        function = limited.get(resource.logical_id)
        if function is not None:
            path = "/" + resource.path.replace("/", "~1")
            limits = function.throttles["throttle_rate"], function.throttles["throttle_burst"]
            settings += [_throttle(path, method, *limits) for method in function.http_methods]
    return settings


def _throttle(path: str, method: str, rate: int, burst: int) -> dict[str, Any]:
    return {
        "ResourcePath": path,
        "HttpMethod": method,
        "ThrottlingRateLimit": rate,
        "ThrottlingBurstLimit": burst,
    }


def _description() -> dict[str, Any]:
    """A text that names the account's settings, so that the API waits for them where the stack makes them.

    Without the account's role the stage's access log, and with it a first deploy, fails. A DependsOn on what a
    condition may leave out is refused by cfn-lint (E3005).
    """
    named = {"Fn::Sub": f"${{AWS::StackName}}, which logs by ${{{ACCOUNT}}}"}
    return {"Fn::If": [MANAGES_ACCOUNT, named, {"Ref": "AWS::StackName"}]}


def _invoke_policies(plan: ProjectPlan) -> tuple[dict[str, Any], dict[str, str]]:
    """The roles by which the API invokes the functions with their policies, and each function's role."""
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
        # An alias's Ref is its ARN; SAM knows it as `<function>.Alias`.
        {"Ref": f"{each.logical_id}.Alias"} if each.publishes_versions else {"Fn::GetAtt": [each.logical_id, "Arn"]}
        for each in functions
    ]
    statement = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arns}
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}},
    }


def manages_account(infra: Infra) -> bool:
    """Whether the stack sets the account's role, unless a deploy overrides the parameter."""
    defaults = [value for key, value, _ in infra.properties("Parameters", MANAGES_ACCOUNT) if key == "Default"]
    return not defaults or str(defaults[-1]).lower() == "true"


def _account() -> dict[str, Any]:
    """API Gateway's one setting per account and region: by which role it writes logs. It outlives the stack."""
    logs = "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    kept = {
        "Condition": MANAGES_ACCOUNT,
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
    }
    return {
        ACCOUNT: {
            "Type": "AWS::ApiGateway::Account",
            **kept,
            "Properties": {"CloudWatchRoleArn": {"Fn::GetAtt": [ACCOUNT_ROLE, "Arn"]}},
        },
        ACCOUNT_ROLE: {
            "Type": "AWS::IAM::Role",
            **kept,
            "Properties": {
                "AssumeRolePolicyDocument": assume_role("apigateway.amazonaws.com"),
                "ManagedPolicyArns": [{"Fn::Sub": logs}],
            },
        },
    }
