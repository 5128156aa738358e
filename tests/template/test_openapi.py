from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.template.api import api_document
from tests.plan.projects import HANDLER, STREAM, plan

if TYPE_CHECKING:
    from edgeroutes.plan.model import ProjectPlan

SNAPSTART = "SnapStart: {ApplyOn: PublishedVersions}\n"


def document(made: ProjectPlan) -> dict[str, Any]:
    roles = {function.logical_id: "Role" for function in (*made.functions, made.fallback)}
    return api_document(made, roles)


def integration(made: ProjectPlan, path: str) -> dict[str, Any]:
    return document(made)["paths"][path]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]


def test_a_buffered_route_is_a_proxy_integration_with_the_apis_role() -> None:
    assert document(plan({"users/[user-id]/route.py": ""}))["paths"]["/users/{user_id}"] == {
        "x-amazon-apigateway-any-method": {
            "parameters": [{"name": "user_id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "responses": {},
            "x-amazon-apigateway-integration": {
                "type": "aws_proxy",
                "httpMethod": "POST",
                "uri": {
                    "Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
                    "${UsersUserIdFunction.Arn}/invocations"
                },
                "credentials": {"Fn::GetAtt": ["Role", "Arn"]},
                "passthroughBehavior": "when_no_match",
            },
        }
    }


def test_a_streaming_route_has_the_streaming_call_and_its_own_timeout() -> None:
    made = integration(plan({"a/route.py": "max_duration = 600\n" + STREAM}), "/a")
    assert made["uri"]["Fn::Sub"].endswith(
        "lambda:path/2021-11-15/functions/${AFunction.Arn}/response-streaming-invocations"
    )
    assert (made["responseTransferMode"], made["timeoutInMillis"]) == ("STREAM", 600_000)


@pytest.mark.parametrize(
    ("files", "settings", "milliseconds"),
    [
        ({"a/route.py": STREAM}, {}, 300_000),
        ({"a/route.py": "max_duration = 5\n" + STREAM}, {}, 29_000),
        ({"a/route.py": STREAM, "a/function.yaml": "Timeout: !Ref Seconds\n"}, {}, 900_000),
        ({"a/route.py": HANDLER}, {}, None),
        ({"a/route.py": HANDLER}, {"integration_timeout_s": 60}, 30_000),
        ({"a/route.py": "max_duration = 50\n" + HANDLER}, {"integration_timeout_s": 60}, 50_000),
        ({"a/route.py": "max_duration = 5\n" + HANDLER}, {"integration_timeout_s": 60}, None),
    ],
)
def test_api_gateway_waits_as_long_as_the_function(
    files: dict[str, str], settings: dict[str, Any], milliseconds: int | None
) -> None:
    assert integration(plan(files, **settings), "/a").get("timeoutInMillis") == milliseconds


@pytest.mark.parametrize("text", [HANDLER, STREAM])
def test_a_function_with_snapstart_is_called_by_its_alias(text: str) -> None:
    made = integration(plan({"a/route.py": text, "a/function.yaml": SNAPSTART}), "/a")
    assert "/functions/${AFunction.Arn}:live/" in made["uri"]["Fn::Sub"]


def test_all_answers_of_the_gateway_itself_are_problem_documents() -> None:
    responses = document(plan({}))["x-amazon-apigateway-gateway-responses"]
    for name, response in responses.items():
        assert response["responseParameters"] == {
            "gatewayresponse.header.Content-Type": "'application/problem+json'",
            "gatewayresponse.header.Cache-Control": "'private, no-store'",
        }
        problem = json.loads(response["responseTemplates"]["application/json"])
        assert problem["request_id"] == "$context.requestId"
        assert str(problem.get("status")) == response.get("statusCode", "None"), name
    assert {name: response.get("statusCode") for name, response in responses.items()}.items() >= {
        ("MISSING_AUTHENTICATION_TOKEN", "404"),
        ("UNAUTHORIZED", "401"),
        ("ACCESS_DENIED", "403"),
        ("REQUEST_TOO_LARGE", "413"),
        ("THROTTLED", "429"),
        ("INTEGRATION_TIMEOUT", "504"),
        ("DEFAULT_5XX", None),
    }


@pytest.mark.parametrize(
    ("cors", "headers"),
    [
        (None, {}),
        ({"origins": "*"}, {"Access-Control-Allow-Origin": "'*'"}),
        ({"origins": ["*"], "max_age": 5}, {"Access-Control-Allow-Origin": "'*'"}),
        ({"origins": ["https://a.example"]}, {"Access-Control-Allow-Origin": "'https://a.example'"}),
        (
            {"origins": "https://a.example:8443", "credentials": True},
            {
                "Access-Control-Allow-Origin": "'https://a.example:8443'",
                "Access-Control-Allow-Credentials": "'true'",
            },
        ),
        ({"origins": ["https://a.example", "https://b.example"]}, {}),
        ({"origins": "https://*.a.example"}, {}),
        ({"origins": "env:ORIGINS"}, {}),
    ],
)
def test_one_origin_is_allowed_on_the_gateways_own_errors_too(cors: Any, headers: dict[str, str]) -> None:
    made = plan({}, **({"cors": cors} if cors else {}))
    found = document(made)["x-amazon-apigateway-gateway-responses"]["THROTTLED"]["responseParameters"]
    prefix = "gatewayresponse.header."
    assert {
        name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix + "Access")
    } == headers


def test_everything_is_binary() -> None:
    assert document(plan({}))["x-amazon-apigateway-binary-media-types"] == ["*/*"]
