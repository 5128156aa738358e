"""Settings of guards: plain texts, variables, and secrets and parameters by their ARN."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from edgeroutes.errors import ConfigError
from edgeroutes.guards.settings import Setting, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        resolve(text, "functions/middleware.py, auth")
    return str(raised.value)


def make_secret(value: str) -> str:
    return str(boto3.client("secretsmanager", "eu-west-1").create_secret(Name="keys", SecretString=value)["ARN"])


def test_a_text_is_itself_and_a_variable_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISSUER", " https://id.example \n")
    assert (resolve("shop", ""), resolve("env:ISSUER", "")) == ("shop", "https://id.example")


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_variable_without_a_value_is_named(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("ISSUER", raising=False)
    if value is not None:
        monkeypatch.setenv("ISSUER", value)
    assert refused("env:ISSUER").startswith("functions/middleware.py, auth: the variable ISSUER is not set. ")


@pytest.mark.usefixtures("aws")
def test_an_arn_stands_for_the_text_of_the_secret_or_parameter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYS", make_secret("a secret\n"))
    boto3.client("ssm", "eu-west-1").put_parameter(Name="/shop/key", Value="a parameter", Type="SecureString")

    assert resolve("env:KEYS", "") == "a secret"
    assert resolve("arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key", "") == "a parameter"


@pytest.mark.usefixtures("aws")
def test_an_empty_secret_is_refused_rather_than_used() -> None:
    assert refused(make_secret(" \n")).endswith(" is empty.")


@pytest.mark.usefixtures("aws")
def test_an_arn_that_names_no_secret_is_not_used_as_one() -> None:
    assert refused("arn:aws:ssm:eu-west-1:123456789012:secret/x") == (
        "functions/middleware.py, auth: arn:aws:ssm:eu-west-1:123456789012:secret/x is not the ARN of a secret or parameter."
    )
    assert "cannot be read" in refused("arn:aws:secretsmanager:eu-west-1:123456789012:secret:other")


@pytest.mark.usefixtures("aws")
def test_a_secret_is_read_again_after_five_minutes_and_kept_where_it_cannot_be_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arn, now = make_secret("old"), [1000.0]
    setting = Setting(arn, "", clock=lambda: now[0])
    secrets = boto3.client("secretsmanager", "eu-west-1")
    secrets.put_secret_value(SecretId=arn, SecretString="new")

    assert setting.value() == "old"
    now[0] += 300
    assert setting.value() == "new"
    secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    now[0] += 300
    assert setting.value() == "new"
    assert "The value before is used." in capsys.readouterr().out
