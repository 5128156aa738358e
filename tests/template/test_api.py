"""What `Globals` and Resources of infra/ change about the API; through SAM's transform."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.plan.cloudformation import parse_infra
from edgeroutes.template.api import ARNS_PER_POLICY, POLICIES_PER_ROLE, api_document, api_resources, check_limits
from edgeroutes.template.document import make_template
from tests.fakes import sam
from tests.plan.projects import HANDLER, STREAM, plan

if TYPE_CHECKING:
    from edgeroutes.plan.model import ProjectPlan


def resources(count: int) -> dict[str, Any]:
    return api_resources(plan({f"r{number:03}/route.py": "" for number in range(count)}))


def test_one_role_with_one_policy_invokes_all_functions() -> None:
    made = resources(2)
    assert made["ApiInvokeRole"]["Properties"]["ManagedPolicyArns"] == [{"Ref": "ApiInvokePolicy"}]
    statement = made["ApiInvokePolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert statement == {
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": [{"Fn::GetAtt": [name, "Arn"]} for name in ("FallbackFunction", "R000Function", "R001Function")],
    }


def test_a_function_with_versions_is_allowed_by_its_alias() -> None:
    made = api_resources(plan({"a/route.py": "", "a/function.yaml": "SnapStart: {ApplyOn: PublishedVersions}\n"}))
    allowed = made["ApiInvokePolicy"]["Properties"]["PolicyDocument"]["Statement"][0]["Resource"]
    assert allowed == [{"Ref": "AFunction.Alias"}, {"Fn::GetAtt": ["FallbackFunction", "Arn"]}]


def test_no_policy_has_more_arns_than_fit_and_no_role_more_policies() -> None:
    made = resources(480)
    policies = {name: value for name, value in made.items() if value["Type"] == "AWS::IAM::ManagedPolicy"}
    sizes = [len(each["Properties"]["PolicyDocument"]["Statement"][0]["Resource"]) for each in policies.values()]
    assert sum(sizes) == 481
    assert max(sizes) == ARNS_PER_POLICY
    roles = [made[name]["Properties"]["ManagedPolicyArns"] for name in ("ApiInvokeRole", "ApiInvokeRole2")]
    assert [len(role) for role in roles] == [POLICIES_PER_ROLE, 1]
    paths = made["Api"]["Properties"]["DefinitionBody"]["paths"]
    last = paths["/r479"]["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]
    assert last["credentials"] == {"Fn::GetAtt": ["ApiInvokeRole2", "Arn"]}


def test_the_longest_arns_of_one_policy_fit_in_it() -> None:
    name = "arn:aws-us-gov:lambda:ap-southeast-1:123456789012:function:" + "x" * 64 + ":live"
    document = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":[]}]}'
    )
    assert len(document) + ARNS_PER_POLICY * len(f'"{name}",') <= 6_144


def throttles(files: dict[str, str], **settings: Any) -> list[tuple[str, str, int, int]]:
    found = api_resources(plan(files, **settings))["Api"]["Properties"]["MethodSettings"]
    keys = ("ResourcePath", "HttpMethod", "ThrottlingRateLimit", "ThrottlingBurstLimit")
    return [tuple(each[key] for key in keys) for each in found]


def test_no_route_may_use_up_the_account() -> None:
    assert throttles({"a/route.py": ""}) == [("/*", "*", 1000, 500)]
    assert throttles({"a/route.py": ""}, throttle_rate=20, throttle_burst=10) == [("/*", "*", 20, 10)]


def test_a_route_has_limits_of_its_own_for_each_path_and_method_that_leads_to_it() -> None:
    files = {
        "docs/[[...slug]]/route.py": "def GET(): ...\n",
        "docs/function.yaml": "throttle_rate: 7\n",
        "legacy/[[...path]]/route.py": "from x import app\n",
        "legacy/function.yaml": "throttle_burst: 3\n",
        "a/route.py": "",
    }
    found = throttles(files, base_path="/v1")
    docs = [
        (path, method, 7, 500)
        for path in ("/~1v1~1docs", "/~1v1~1docs~1{slug+}")
        for method in ("GET", "HEAD", "OPTIONS")
    ]
    every = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
    legacy = [(path, method, 1000, 3) for path in ("/~1v1~1legacy", "/~1v1~1legacy~1{path+}") for method in every]
    assert found == [("/*", "*", 1000, 500), *docs, *legacy]


def throttled(rate: str, more: str = "") -> str:
    return (
        f"from edgeroutes.ratelimit import RateLimit\nlimit = RateLimit({rate!r}, at='gateway'{more})\ndef GET(): ...\n"
    )


@pytest.mark.parametrize(
    ("source", "rate", "burst"),
    [
        (throttled("20/second"), 20, 20),
        (throttled("90/minute"), 1.5, 90),
        (throttled("100/second", ", burst=7"), 100, 7),
        (throttled("1/hour", ", key='route'"), 0.000278, 1),
    ],
)
def test_a_limit_of_the_gateway_is_the_throttling_of_the_routes_methods(source: str, rate: float, burst: int) -> None:
    own = [("/~1a", method, rate, burst) for method in ("GET", "HEAD", "OPTIONS")]
    assert throttles({"a/route.py": source, "b/route.py": ""}) == [("/*", "*", 1000, 500), *own]


def test_a_limit_of_the_function_throttles_nothing_in_the_gateway() -> None:
    source = throttled("5/second").replace("at='gateway'", "key='route'")
    assert throttles({"a/route.py": source}) == [("/*", "*", 1000, 500)]


def test_limits_of_the_gateway_are_one_for_each_function() -> None:
    files = {"a/route.py": throttled("5/second"), "a/function.yaml": "throttle_rate: 7\n"}
    (twice,) = check_limits(plan(files))
    assert str(twice) == (
        'functions/a/route.py:2: limit has at="gateway", and throttle_rate and throttle_burst of function.yaml apply to /a, too. '
        "Remove one of them."
    )
    grouped = {"x/function.yaml": "isolate: x\n", "x/route.py": throttled("5/second"), "x/y/route.py": ""}
    shared = plan(grouped)
    found = [str(each) for each in check_limits(shared)]
    (function,) = shared.functions
    assert found == [
        (
            f'functions/x/route.py:2: limit has at="gateway", and the routes of {function.logical_id} do not all have the same: /x, /x/y. '
            'Declare it in a middleware.py for all of them, or use at="function".'
        )
    ]


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


def test_all_responses_of_the_gateway_itself_are_problem_documents() -> None:
    responses = document(plan({}))["x-amazon-apigateway-gateway-responses"]
    for name, response in responses.items():
        assert response["responseParameters"] == {
            "gatewayresponse.header.Content-Type": "'application/problem+json'",
            "gatewayresponse.header.Cache-Control": "'private, no-store'",
        }
        # As API Gateway replaces it: with its quotes.
        template = response["responseTemplates"]["application/json"].replace("$context.error.messageString", '"why"')
        problem = json.loads(template)
        members = ["type", "title", "status", "detail", "instance", "request_id"]
        assert list(problem) == [each for each in members if each != "status" or "statusCode" in response], name
        assert (problem["instance"], problem["request_id"]) == ("$context.path", "$context.requestId")
        assert (problem["detail"] == "why") == name.startswith("DEFAULT"), name
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


CORS = 'from edgeroutes import CORS\ncors = CORS(["https://a.example"])\ndef GET(): ...\n'
ANY = "x-amazon-apigateway-any-method"


def transform(infra: str, files: dict[str, str] | None = None, **settings: Any) -> dict[str, Any]:
    """The resources after the transform."""
    parts = parse_infra({"infra/a.yaml": infra})
    template = make_template(plan(files or {"a/route.py": CORS, "b/route.py": ""}, parts, **settings), parts)
    made: dict[str, Any] = sam.transform(template.text)["Resources"]
    assert len(made) == template.stack_resources
    return made


def security(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    paths = made["Api"]["Properties"]["Body"]["paths"]
    return {path: {name: method.get("security", []) for name, method in item.items()} for path, item in paths.items()}


@pytest.mark.parametrize("place", ["Resources: {Api: {Properties: {Auth: %s}}}", "Globals: {Api: {Auth: %s}}"])
def test_a_preflight_needs_no_key(place: str) -> None:
    found = security(
        transform(place % "{ApiKeyRequired: true, UsagePlan: {CreateUsagePlan: PER_API}}", cdn={"enabled": False})
    )
    key = [{"api_key": []}]
    assert found == {"/": {ANY: key}, "/a": {ANY: key, "options": []}, "/b": {ANY: key}, "/{proxy+}": {ANY: key}}


def test_a_preflight_needs_no_token() -> None:
    auth = "{DefaultAuthorizer: A, Authorizers: {A: {UserPoolArn: x}}, AddDefaultAuthorizerToCorsPreflight: true}"
    found = security(transform(f"Resources: {{Api: {{Properties: {{Auth: {auth}}}}}}}"))
    # As SAM itself writes `Authorizer: NONE` of a method.
    assert found["/a"] == {ANY: [{"A": []}], "options": [{"NONE": []}]}
    assert found["/b"] == {ANY: [{"A": []}]}


def test_a_preflight_goes_to_the_function_that_handles_it() -> None:
    made = transform("Resources: {Api: {Properties: {Auth: {ApiKeyRequired: true}}}}")
    methods = made["Api"]["Properties"]["Body"]["paths"]["/a"]
    integration = "x-amazon-apigateway-integration"
    assert methods["options"][integration] == methods[ANY][integration]
    assert "options" not in transform("")["Api"]["Properties"]["Body"]["paths"]["/a"]


def test_globals_of_the_api_are_effective() -> None:
    infra = """
    Globals:
      Api:
        TracingEnabled: true
        AccessLogSetting: {Format: mine}
        MethodSettings: [{ResourcePath: /*, HttpMethod: "*", MetricsEnabled: true}]
        Name: shop
    """
    made = transform(infra)
    stage = made["ApiliveStage"]["Properties"]
    assert stage["TracingEnabled"] is True
    assert stage["AccessLogSetting"] == {
        "DestinationArn": {"Fn::GetAtt": ["ApiLogGroup", "Arn"]},
        "Format": "mine",
    }
    limits = {"ThrottlingRateLimit": 1000, "ThrottlingBurstLimit": 500}
    assert stage["MethodSettings"] == [{**limits, "ResourcePath": "/*", "HttpMethod": "*", "MetricsEnabled": True}]
    assert made["Api"]["Properties"]["Name"] == "shop"


def deployment(infra: str = "", **texts: str) -> str:
    """The deployment's logical id, which SAM makes of what it deploys."""
    files = {"a/route.py": "", **{f"{name}/function.yaml": text for name, text in texts.items()}}
    made = transform(infra, files)
    (found,) = [name for name, each in made.items() if each["Type"] == "AWS::ApiGateway::Deployment"]
    return found


def test_a_function_that_gets_another_name_is_deployed_anew() -> None:
    first = deployment(a="FunctionName: shop-a-v1\n")
    assert first == deployment(a="FunctionName: shop-a-v1\n")
    assert first != deployment(a="FunctionName: shop-a-v2\n") != deployment()
    override = "Resources: {AFunction: {Properties: {FunctionName: shop-a-v3}}}"
    assert deployment(override) not in (deployment(), first)
    assert deployment(a="MemorySize: 1024\n") == deployment()


def test_a_name_that_a_parameter_decides_is_always_deployed() -> None:
    parts = parse_infra({"infra/a.yaml": "Parameters: {Stage: {Type: String, Default: x}}"})
    text = "FunctionName: !Sub shop-${Stage}\n"
    template = make_template(plan({"a/route.py": "", "a/function.yaml": text}, parts), parts)
    assert "AlwaysDeploy: true" in template.text
    assert "AlwaysDeploy" not in make_template(plan({"a/route.py": "", "a/function.yaml": "FunctionName: x\n"})).text


def test_every_property_that_replaces_a_function_is_seen() -> None:
    schemas = pytest.importorskip("cfnlint.schema.manager", reason="cfn-lint is not installed")
    schema = schemas.PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::Lambda::Function").schema
    replacing = {path.rpartition("/")[2] for path in schema["createOnlyProperties"]}
    from edgeroutes.template.api import _REPLACING

    ours = {"PackageType", "DurableConfig"}  # never another than Zip; durable ones are replaced by SAM's own rules
    assert replacing - ours <= {*_REPLACING}
