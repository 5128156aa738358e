from __future__ import annotations

from typing import Any

from edgeroutes.template.api import ARNS_PER_POLICY, POLICIES_PER_ROLE, api_resources
from tests.plan.projects import plan


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
