"""User pools that routes name by their logical ids: their functions know the ids, in local AWS as on AWS."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING

import moto
import pytest

from edgeroutes.local_aws.stack import Cloud, start_cloud

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


POOL = """\
Resources:
  UserPool: {Type: AWS::Cognito::UserPool, Properties: {UsernameAttributes: [email]}}
  Client:
    Type: AWS::Cognito::UserPoolClient
    Properties: {UserPoolId: !Ref UserPool, ExplicitAuthFlows: [ALLOW_ADMIN_USER_PASSWORD_AUTH]}
  Admins: {Type: AWS::Cognito::UserPoolGroup, Properties: {UserPoolId: !Ref UserPool, GroupName: admins}}
Outputs:
  Provider: {Value: !GetAtt UserPool.ProviderURL}
"""
ROUTE = (
    "from edgeroutes.auth import cognito\nauth = cognito('UserPool', client_id='Client'%s)\ndef GET():\n    return {}\n"
)


def write(root: Path, route: str, infra: str = POOL) -> None:
    files = {
        "functions/a/route.py": route,
        "functions/b/route.py": "def GET():\n    return {}\n",
        "infra/users.yaml": infra,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize("more", ["", ", token_use='id', at='gateway'"])
def test_a_function_knows_the_pool_and_the_client_of_its_routes(tmp_path: Path, more: str) -> None:
    write(tmp_path, ROUTE % more)
    with moto.mock_aws():
        cloud = start_cloud(tmp_path, Cloud()).cloud
        own = {
            "EDGEROUTES_COGNITO_UserPool": cloud.resources["UserPool"].physical_id,
            "EDGEROUTES_COGNITO_Client": cloud.resources["Client"].physical_id,
        }
        others = cloud.environment_of("BFunction")
        assert cloud.environment_of("AFunction") == {**others, **own}
        pool = cloud.client("cognito-idp").describe_user_pool(UserPoolId=own["EDGEROUTES_COGNITO_UserPool"])
        assert pool["UserPool"]["Id"] == own["EDGEROUTES_COGNITO_UserPool"]
        assert not own.keys() & others.keys()


def test_a_user_of_the_pool_signs_in_and_gets_tokens_of_its_client_and_groups(tmp_path: Path) -> None:
    write(tmp_path, ROUTE % "")
    with moto.mock_aws():
        cloud = start_cloud(tmp_path, Cloud()).cloud
        pool, client = (cloud.resources[name].physical_id for name in ("UserPool", "Client"))
        cognito = cloud.client("cognito-idp")
        cognito.admin_create_user(UserPoolId=pool, Username="a@example.com", TemporaryPassword="Old-1234")
        cognito.admin_set_user_password(UserPoolId=pool, Username="a@example.com", Password="New-1234", Permanent=True)
        cognito.admin_add_user_to_group(UserPoolId=pool, Username="a@example.com", GroupName="admins")
        tokens = cognito.admin_initiate_auth(
            UserPoolId=pool,
            ClientId=client,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "a@example.com", "PASSWORD": "New-1234"},
        )["AuthenticationResult"]
        body = tokens["IdToken"].split(".")[1]
        claims = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        assert {name: claims[name] for name in ("aud", "iss", "token_use", "cognito:groups")} == {
            "aud": client,
            "iss": cloud.outputs["Provider"],
            "token_use": "id",
            "cognito:groups": ["admins"],
        }


def test_a_pool_stays_when_the_template_changes_and_goes_with_its_resource(tmp_path: Path) -> None:
    write(tmp_path, ROUTE % "")
    with moto.mock_aws():
        cloud = start_cloud(tmp_path, Cloud()).cloud
        pool = cloud.resources["UserPool"].physical_id
        write(
            tmp_path,
            ROUTE % "",
            POOL.replace("UsernameAttributes: [email]", "UsernameAttributes: [email], MfaConfiguration: 'OFF'"),
        )
        assert start_cloud(tmp_path, cloud).cloud.resources["UserPool"].physical_id == pool
        write(tmp_path, "def GET():\n    return {}\n", "Resources: {Jobs: {Type: AWS::SQS::Queue}}\n")
        start_cloud(tmp_path, cloud)
        assert cloud.client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"] == []
