"""Permission to read the secrets that guards name by variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.plan.cloudformation import parse_infra
from edgeroutes.template.document import make_document, make_template
from tests.fakes import sam
from tests.plan.projects import HANDLER, plan

if TYPE_CHECKING:
    from pathlib import Path

KEYS = "from edgeroutes.auth import api_key\nauth = api_key('env:KEY')\n" + HANDLER
ANY_OF = (
    "from edgeroutes.auth import any_of, api_key, bearer\n"
    "auth = any_of(bearer('https://i', ['env:OTHER', 'env:KEY']), api_key('env:PLAIN'))\n" + HANDLER
)
INFRA = parse_infra(
    {
        "infra/secrets.yaml": "Resources:\n"
        "  Secret: {Type: AWS::SecretsManager::Secret, Properties: {GenerateSecretString: {PasswordLength: 64}}}\n"
        "  Jobs: {Type: AWS::SQS::Queue}\n"
    }
)
SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-AbCdEf"
PARAMETER = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/key"


def document(source: str, value: str, more: str = "") -> dict[str, Any]:
    yaml = f"Environment: {{Variables: {{KEY: {value}, OTHER: {value}}}}}\n{more}"
    files = {"a/route.py": source, "a/function.yaml": yaml, "b/route.py": ""}
    resources: dict[str, Any] = make_document(plan(files), INFRA)["Resources"]
    return resources


def granted(resources: dict[str, Any], name: str = "AFunctionRole") -> list[Any]:
    policies = resources[name]["Properties"]["Policies"]
    return [each["PolicyDocument"]["Statement"] for each in policies if each["PolicyName"] != "logs"]


@pytest.mark.parametrize("source", [KEYS, ANY_OF])
@pytest.mark.parametrize(
    ("value", "action", "arn"),
    [
        ("!Ref Secret", "secretsmanager:GetSecretValue", {"Ref": "Secret"}),
        (SECRET_ARN, "secretsmanager:GetSecretValue", SECRET_ARN),
        (f"!Sub '{PARAMETER}'", "ssm:GetParameter", {"Fn::Sub": PARAMETER}),
    ],
)
def test_a_function_may_read_the_secrets_that_its_guards_name(source: str, value: str, action: str, arn: Any) -> None:
    resources = document(source, value)
    assert granted(resources) == [[{"Effect": "Allow", "Action": action, "Resource": arn}]]
    assert resources["BFunction"]["Properties"]["Role"] == {"Fn::GetAtt": ["FunctionsRole", "Arn"]}


@pytest.mark.parametrize("value", ["plain", "!Ref Jobs", "!GetAtt Jobs.Arn", "arn:aws:sqs:eu-west-1:123456789012:jobs"])
def test_other_values_permit_nothing(value: str) -> None:
    assert document(KEYS, value)["AFunction"]["Properties"]["Role"] == {"Fn::GetAtt": ["FunctionsRole", "Arn"]}


def test_a_variable_that_no_guard_names_permits_nothing() -> None:
    assert document(HANDLER, "!Ref Secret")["AFunction"]["Properties"]["Role"] == {
        "Fn::GetAtt": ["FunctionsRole", "Arn"]
    }


def test_policies_of_function_yaml_stay_and_a_role_of_function_yaml_is_left_alone() -> None:
    own = "Policies: [{Version: '2012-10-17', Statement: [{Effect: Allow, Action: sqs:SendMessage, Resource: '*'}]}]\n"
    assert granted(document(KEYS, "!Ref Secret", own)) == [
        [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
        [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": {"Ref": "Secret"}}],
    ]
    role = "arn:aws:iam::123456789012:role/mine"
    assert document(KEYS, "!Ref Secret", f"Role: {role}\n")["AFunction"]["Properties"]["Role"] == role


def test_sam_and_cfn_lint_accept_it(tmp_path: Path) -> None:
    files = {"a/route.py": KEYS, "a/function.yaml": "Environment: {Variables: {KEY: !Ref Secret}}\n"}
    template = make_template(plan(files), INFRA)
    assert len(sam.transform(template.text)["Resources"]) == template.stack_resources
    assert sam.lint(template.text, tmp_path) == []


@pytest.mark.parametrize(("env_files", "source"), [({}, "nothing sets it"), ({".env": ("KEY",)}, "only .env sets it")])
def test_a_guards_variable_that_the_template_lacks_is_a_warning(
    env_files: dict[str, tuple[str, ...]], source: str
) -> None:
    (warning,) = make_template(plan({"a/route.py": KEYS}), env_files=env_files).warnings
    assert str(warning).startswith(
        f"functions/a/route.py:2: the variable KEY is read here, and {source}: AFunction would not have it on Lambda."
    )
    assert make_template(plan({"a/route.py": KEYS}, env={"KEY": "x"}), env_files=env_files).warnings == ()
