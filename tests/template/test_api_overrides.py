"""What `Globals` and Resources of infra/ change about the API; through SAM's transform."""

from __future__ import annotations

from typing import Any

import pytest

from edgeroutes.plan.infra import parse_infra
from edgeroutes.template.document import make_template
from tests.fakes import sam
from tests.plan.projects import plan

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


def test_a_preflight_goes_to_the_function_that_answers_it() -> None:
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
