"""Whose role API Gateway logs by, asked of moto."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import moto
import pytest

from edgeroutes.cli import main
from edgeroutes.cli.aws_settings import find_credentials, find_foreign_role, find_region, read_samconfig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "very-secret"}
CONFIG = """\
[default]
region = eu-central-1
[profile work]
sso_session = corp
region = us-east-1
[profile batch]
credential_process = /bin/false
[profile bare]
output = json
[sso-session corp]
sso_start_url = https://example.awsapps.com/start
"""
CREDENTIALS = "[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = very-secret\n"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "credentials").write_text(CREDENTIALS)
    return {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "an access key of profile 'default'"),
        (KEYS, "an access key in the environment"),
        ({**KEYS, "AWS_PROFILE": "work"}, "SSO of profile 'work'"),
        ({"AWS_PROFILE": "batch"}, "a program of profile 'batch'"),
        ({"AWS_PROFILE": "bare"}, ""),
        ({"AWS_PROFILE": "nobody"}, ""),
        ({"AWS_ROLE_ARN": "arn", "AWS_WEB_IDENTITY_TOKEN_FILE": "/t"}, "a web identity in the environment"),
        ({"AWS_PROFILE": "bare", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://x"}, "a container's role"),
    ],
)
def test_the_place_of_the_credentials_is_named_and_never_a_secret(
    files: dict[str, str], environment: dict[str, str], said: str
) -> None:
    assert find_credentials({**files, **environment}) == said


def test_without_files_or_with_broken_ones_there_are_none(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "no")
    assert find_credentials({"AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere}) == ""
    (tmp_path / "broken").write_text("[default\nx")
    broken = {"AWS_CONFIG_FILE": str(tmp_path / "broken"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "broken")}
    assert (find_credentials(broken), find_region(broken, tmp_path)) == ("", "")


def test_the_region_is_samconfigs_then_the_environments_then_the_profiles(
    files: dict[str, str], tmp_path: Path
) -> None:
    environment = {**files, "AWS_DEFAULT_REGION": "ap-south-1"}
    assert find_region(files, tmp_path) == "eu-central-1, from profile 'default'"
    assert find_region({**files, "AWS_PROFILE": "work"}, tmp_path) == "us-east-1, of profile 'work'"
    # The SAM CLI reads no AWS_REGION.
    assert find_region({"AWS_REGION": "ap-south-1", "AWS_CONFIG_FILE": "/no"}, tmp_path) == ""
    assert find_region(environment, tmp_path) == "ap-south-1, from AWS_DEFAULT_REGION"
    (tmp_path / "samconfig.toml").write_text('[default.global.parameters]\nregion = "eu-north-1"\n')
    assert find_region(environment, tmp_path) == "eu-north-1, from samconfig.toml"


REGION = "eu-central-1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with moto.mock_aws():
        yield


def set_role(arn: str) -> None:
    operation = {"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}
    boto3.client("apigateway", region_name=REGION).update_account(patchOperations=[operation])


def deploy(stack_name: str) -> str:
    """The ARN of the role that the stack makes."""
    cloudformation = boto3.client("cloudformation", region_name=REGION)
    template = json.dumps({"Resources": {"ApiGatewayAccountRole": ROLE}})
    cloudformation.create_stack(StackName=stack_name, TemplateBody=template)
    found: Any = cloudformation.describe_stack_resource(
        StackName=stack_name, LogicalResourceId="ApiGatewayAccountRole"
    )["StackResourceDetail"]
    return f"arn:aws:iam::123456789012:role/{found['PhysicalResourceId']}"


def test_a_role_of_another_stack_would_be_replaced() -> None:
    theirs = deploy("theirs")
    set_role(theirs)
    assert find_foreign_role(REGION, "mine") == theirs
    deploy("mine")
    assert find_foreign_role(REGION, "mine") == theirs


def test_the_stacks_own_role_and_none_at_all_are_fine() -> None:
    assert find_foreign_role(REGION, "mine") == ""
    set_role(deploy("mine"))
    assert find_foreign_role(REGION, "mine") == ""


def test_an_account_that_cannot_be_read_is_reported_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ConnectionError, match="nobody"):
        find_foreign_role(REGION, "mine")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[default.global.parameters]\nstack_name = 'all'\n", "all"),
        ("[default.global.parameters]\nstack_name = 'all'\n[default.deploy.parameters]\nstack_name = 'own'\n", "own"),
        ("[default.deploy]\nparameters = 1\n", ""),
        ("default = 1\n", ""),
        ("not TOML", ""),
    ],
)
def test_the_stack_is_the_one_that_sam_deploy_would_take(tmp_path: Path, text: str, name: str) -> None:
    assert read_samconfig(tmp_path, "stack_name") == ""
    (tmp_path / "samconfig.toml").write_text(text)
    assert read_samconfig(tmp_path, "stack_name") == name


def test_doctor_says_it_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "functions" / "a").mkdir(parents=True)
    (tmp_path / "functions" / "a" / "route.py").write_text("def GET():\n    return 1\n")
    (tmp_path / "samconfig.toml").write_text(f"[default.global.parameters]\nstack_name = 'mine'\nregion = '{REGION}'\n")
    theirs = deploy("theirs")
    set_role(theirs)

    def found() -> Any:
        main(["doctor", "--json", "--root", str(tmp_path)])
        findings = json.loads(capsys.readouterr().out)["findings"]
        return next((each for each in findings if each["name"] == "API Gateway's log role"), None)

    assert found() == {
        "name": "API Gateway's log role",
        "state": "note",
        "found": f"all APIs of the account in {REGION} log with {theirs}, and a deploy of 'mine' replaces it",
        "hint": "Deploy with --parameter-overrides ManageApiGatewayAccount=false, or set that Default in infra/",
    }
    set_role(deploy("mine"))
    assert found()["state"] == "ok"
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "a.yaml").write_text("Parameters: {ManageApiGatewayAccount: {Default: 'false'}}\n")
    assert found() is None
