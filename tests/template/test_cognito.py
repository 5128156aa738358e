"""User pools of `auth`: the API's authorizers, and the variables of the functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.errors import ProblemsError, ProjectError
from edgeroutes.plan.cloudformation import Infra, parse_infra
from edgeroutes.template.document import make_document, make_template
from tests.fakes import sam
from tests.plan.projects import HANDLER, plan

if TYPE_CHECKING:
    from pathlib import Path

POOL = """\
Resources:
  UserPool: {Type: AWS::Cognito::UserPool, Properties: {UserPoolName: users}}
  Client: {Type: AWS::Cognito::UserPoolClient, Properties: {UserPoolId: !Ref UserPool}}
  Jobs: {Type: AWS::SQS::Queue}
"""
PREFIX = "arn:${AWS::Partition}:cognito-idp:${AWS::Region}:${AWS::AccountId}:userpool/${Id}"


def cognito(pool: str = "UserPool", *, client: str = "Client", more: str = ", token_use='id', at='gateway'") -> str:
    return f"from edgeroutes.auth import cognito\nauth = cognito({pool!r}, client_id={client!r}{more})\n{HANDLER}"


def infra() -> Infra:
    return parse_infra({"infra/users.yaml": POOL})


def body(files: dict[str, str], **settings: Any) -> dict[str, Any]:
    found: dict[str, Any] = make_document(plan(files, **settings), infra())["Resources"]["Api"]["Properties"][
        "DefinitionBody"
    ]
    return found


def problems(files: dict[str, str]) -> list[str]:
    with pytest.raises(ProjectError) as caught:
        make_document(plan(files), infra())
    error = caught.value
    return [str(each) for each in (error.problems if isinstance(error, ProblemsError) else (error,))]


def authorizers(found: dict[str, Any]) -> list[Any]:
    schemes = found.get("components", {}).get("securitySchemes", {})
    return [each["x-amazon-apigateway-authorizer"] for each in schemes.values()]


def test_the_api_verifies_the_tokens_of_a_route_and_lets_its_preflights_through(tmp_path: Path) -> None:
    files = {"a/[id]/route.py": cognito(), "b/route.py": ""}
    found = body(files)
    ((name, scheme),) = found["components"]["securitySchemes"].items()
    assert scheme == {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "cognito_user_pools",
        "x-amazon-apigateway-authorizer": {
            "type": "cognito_user_pools",
            "providerARNs": [{"Fn::GetAtt": ["UserPool", "Arn"]}],
        },
    }
    security = {
        (path, method): value.get("security")
        for path, methods in found["paths"].items()
        for method, value in methods.items()
    }
    every = "x-amazon-apigateway-any-method"
    expected: dict[tuple[str, str], Any] = {("/a/{id}", every): [{name: []}], ("/a/{id}", "options"): None}
    assert {key: value for key, value in security.items() if key[0] == "/a/{id}"} == expected
    assert {value is None for key, value in security.items() if key[0] != "/a/{id}"} == {True}
    assert found["paths"]["/a/{id}"]["options"].keys() == {"parameters", "responses", "x-amazon-apigateway-integration"}
    template = make_template(plan(files), infra())
    assert sam.lint(template.text, tmp_path) == []
    assert len(sam.transform(template.text)["Resources"]) == template.stack_resources


def test_only_the_apis_own_401_has_a_challenge() -> None:
    header = "gatewayresponse.header.WWW-Authenticate"
    responses = body({"a/route.py": cognito()})["x-amazon-apigateway-gateway-responses"]
    assert [name for name, each in responses.items() if header in each["responseParameters"]] == ["UNAUTHORIZED"]
    assert responses["UNAUTHORIZED"]["responseParameters"][header] == "'Bearer'"
    others = body({"a/route.py": ""})["x-amazon-apigateway-gateway-responses"]
    assert [name for name, each in others.items() if header in each["responseParameters"]] == []


@pytest.mark.parametrize(
    ("pool", "value", "arn"),
    [
        (
            "arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_a",
            "",
            "arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_a",
        ),
        ("eu-west-1_a", "", {"Fn::Sub": [PREFIX, {"Id": "eu-west-1_a"}]}),
        ("env:POOL", "eu-west-1_b", {"Fn::Sub": [PREFIX, {"Id": "eu-west-1_b"}]}),
        ("env:POOL", "!Ref UserPool", {"Fn::Sub": [PREFIX, {"Id": {"Ref": "UserPool"}}]}),
        ("env:POOL", "!GetAtt UserPool.Arn", {"Fn::GetAtt": ["UserPool", "Arn"]}),
    ],
)
def test_a_pool_is_named_by_its_id_its_arn_or_a_variable(pool: str, value: str, arn: Any) -> None:
    files = {"a/route.py": cognito(pool)}
    if value:
        files["a/function.yaml"] = f"Environment: {{Variables: {{POOL: {value}}}}}\n"
    assert authorizers(body(files)) == [{"type": "cognito_user_pools", "providerARNs": [arn]}]


def test_routes_with_one_pool_share_an_authorizer() -> None:
    assert len(authorizers(body({"a/route.py": cognito(), "b/route.py": cognito()}))) == 1


@pytest.mark.parametrize("more", ["", ", token_use='id', at='gateway'"])
def test_functions_know_the_pools_and_clients_of_infra_that_their_routes_name(more: str) -> None:
    resources = make_document(plan({"a/route.py": cognito(more=more), "b/route.py": ""}), infra())["Resources"]
    variables = {name: resources[name]["Properties"]["Environment"]["Variables"] for name in ("AFunction", "BFunction")}
    own = {"EDGEROUTES_COGNITO_UserPool": {"Ref": "UserPool"}, "EDGEROUTES_COGNITO_Client": {"Ref": "Client"}}
    assert variables["AFunction"] == {**variables["BFunction"], **own}


def test_a_route_that_verifies_in_the_function_needs_no_authorizer() -> None:
    assert authorizers(body({"a/route.py": cognito(more="")})) == []


def test_a_pool_that_nobody_has_is_an_error() -> None:
    assert problems({"a/route.py": cognito("UserPol")}) == [
        "functions/a/route.py:2: user_pool is 'UserPol', and infra/ has no such user pool. Did you mean 'UserPool'?"
    ]
    assert problems({"a/route.py": cognito("Jobs")}) == [
        "functions/a/route.py:2: user_pool is 'Jobs', a resource of the type AWS::SQS::Queue. Name one of AWS::Cognito::UserPool."
    ]
    (unset,) = problems({"a/route.py": cognito("env:POOL")})
    assert unset == (
        "functions/a/route.py:2: user_pool is 'env:POOL', and AFunction does not have POOL in the template. "
        "Set it in env of [tool.edgeroutes] or in function.yaml."
    )
