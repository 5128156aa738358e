"""`{{resolve:…}}`, with values from a mapping."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from edgeroutes.errors import ConfigError
from edgeroutes.local_aws.references import resolve_references

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:key-AbCdEf"


@dataclass
class FakeLookup:
    secrets: dict[tuple[str, str, str], str] = field(default_factory=dict)
    parameters: dict[tuple[str, str], str] = field(default_factory=dict)

    def secret(self, secret_id: str, stage: str, version_id: str) -> str | None:
        return self.secrets.get((secret_id, stage, version_id))

    def parameter(self, name: str, version: str) -> str | None:
        return self.parameters.get((name, version))


LOOKUP = FakeLookup(
    secrets={
        ("key", "", ""): '{"user": "ada", "port": 5432}',
        ("key", "AWSPREVIOUS", ""): '{"user": "bob"}',
        ("key", "", "v-1"): "first",
        (ARN, "", ""): '{"user": "by arn"}',
    },
    parameters={("/app/url", ""): "https://now", ("/app/url", "2"): "https://then"},
)


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ("{{resolve:secretsmanager:key}}", '{"user": "ada", "port": 5432}'),
        ("{{resolve:secretsmanager:key:SecretString}}", '{"user": "ada", "port": 5432}'),
        ("{{resolve:secretsmanager:key:SecretString:user}}", "ada"),
        ("{{resolve:secretsmanager:key:SecretString:port}}", "5432"),
        ("{{resolve:secretsmanager:key:SecretString:user:AWSPREVIOUS}}", "bob"),
        ("{{resolve:secretsmanager:key:SecretString:::v-1}}", "first"),
        (f"{{{{resolve:secretsmanager:{ARN}:SecretString:user}}}}", "by arn"),
        ("{{resolve:ssm:/app/url}}", "https://now"),
        ("{{resolve:ssm:/app/url:2}}", "https://then"),
        ("{{resolve:ssm-secure:/app/url}}", "https://now"),
        ("a{{resolve:ssm:/app/url}}b{{resolve:ssm:/app/url}}", "ahttps://nowbhttps://now"),
        ({"a": ["{{resolve:ssm:/app/url}}", 1, None]}, {"a": ["https://now", 1, None]}),
        ("{{resolve:other:x}}", "{{resolve:other:x}}"),
        ("{{plain}}", "{{plain}}"),
    ],
)
def test_what_is_named_stands_in_its_place(value: Any, resolved: Any) -> None:
    assert resolve_references(value, LOOKUP) == resolved


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            "{{resolve:ssm:/no}}",
            "{{resolve:ssm:/no}}: nothing has the value that this names. Make it in infra/, or put its value into infra/seed/.",
        ),
        (
            "{{resolve:secretsmanager:key:SecretString:pass}}",
            "{{resolve:secretsmanager:key:SecretString:pass}}: the secret 'key' is no JSON object that has the key 'pass'.",
        ),
        (
            "{{resolve:secretsmanager:key:SecretString:a::v-1}}",
            "{{resolve:secretsmanager:key:SecretString:a::v-1}}: the secret 'key' is no JSON object that has the key 'a'.",
        ),
    ],
)
def test_what_is_not_there_is_refused(value: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_references(value, LOOKUP)
    assert str(caught.value) == said
