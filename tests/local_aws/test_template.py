"""The part of a template that local AWS creates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.errors import ConfigError, ProblemsError
from edgeroutes.local_aws.template import (
    local_template,
    read_overrides,
    references,
    require_parameters,
    without_functions,
)

if TYPE_CHECKING:
    from pathlib import Path


def resource(kind: str, properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties or {}, **more}


API = resource("AWS::Serverless::Api", {"DefinitionBody": {"uri": {"Fn::Sub": "${Hello.Arn}"}}})
DISTRIBUTION = resource("AWS::CloudFront::Distribution", {"Origin": {"Fn::Sub": "${Api}.example"}})
TABLE = resource("AWS::DynamoDB::Table")
HELLO = resource(
    "AWS::Serverless::Function",
    {
        "CodeUri": "functions/hello/",
        "Events": {"Any": {}},
        "Runtime": "python3.13",
        "LoggingConfig": {"LogGroup": {"Ref": "Log"}},
        "Environment": {"Variables": {"TABLE": {"Ref": "Table"}}},
    },
    Metadata={"BuildMethod": "makefile"},
)


def test_functions_lose_their_code_and_what_calls_them() -> None:
    made = local_template({"Resources": {"Hello": HELLO, "Table": TABLE, "Log": resource("AWS::Logs::LogGroup")}})
    code = made["Resources"]["Hello"]["Properties"].pop("InlineCode")
    assert "def handler(event, context)" in code
    assert made == {
        "Resources": {
            "Hello": resource(
                "AWS::Serverless::Function",
                {"Runtime": "python3.13", "Environment": {"Variables": {"TABLE": {"Ref": "Table"}}}},
            ),
            "Table": TABLE,
        },
        "Outputs": {},
    }


def test_the_api_and_the_cdn_go_with_the_outputs_that_name_them() -> None:
    outputs = {"Url": {"Value": {"Fn::Sub": "https://${Api}.example"}}, "Table": {"Value": {"Ref": "Table"}}}
    document = {"Resources": {"Api": API, "Cdn": DISTRIBUTION, "Table": TABLE}, "Outputs": outputs}
    made = local_template(document)
    assert (set(made["Resources"]), set(made["Outputs"])) == ({"Table"}, {"Table"})


def test_what_somebody_refers_to_stays_with_all_behind_it() -> None:
    parameter = resource("AWS::SSM::Parameter", {"Value": {"Ref": "Cdn"}})
    document = {"Resources": {"Api": API, "Cdn": DISTRIBUTION, "Hello": HELLO, "Id": parameter, "Table": TABLE}}
    assert set(local_template(document)["Resources"]) == {"Api", "Cdn", "Hello", "Id", "Table"}


def test_an_order_keeps_nothing_and_names_only_what_is_kept() -> None:
    queue = resource("AWS::SQS::Queue", DependsOn=["Api", "Table"])
    topic = resource("AWS::SNS::Topic", DependsOn="Api")
    made = local_template({"Resources": {"Api": API, "Queue": queue, "Topic": topic, "Table": TABLE}})
    assert made["Resources"] == {
        "Queue": resource("AWS::SQS::Queue", DependsOn=["Table"]),
        "Topic": resource("AWS::SNS::Topic"),
        "Table": TABLE,
    }


def test_without_functions_goes_what_needs_them() -> None:
    policy = resource("AWS::IAM::ManagedPolicy", {"Resource": [{"Fn::GetAtt": ["Hello", "Arn"]}]})
    role = resource("AWS::IAM::Role", {"ManagedPolicyArns": [{"Ref": "Policy"}]})
    document = {"Resources": {"Hello": HELLO, "Table": TABLE, "Policy": policy, "Role": role}}
    assert set(without_functions(document)["Resources"]) == {"Table"}


def test_every_way_to_refer_is_seen() -> None:
    value = {
        "a": {"Ref": "A"},
        "b": [{"Fn::GetAtt": ["B", "Arn"]}, {"Fn::GetAtt": "C.Arn"}],
        "c": {"Fn::Sub": "${D}-${E.Arn}-${!Literal}"},
        "d": {"Fn::Sub": ["${F}-${own}", {"own": {"Ref": "G"}}]},
        "DependsOn": "H",
        "e": {"Fn::If": ["Cond", {"Ref": "I"}, {"Ref": "AWS::NoValue"}]},
    }
    assert set(references(value)) == {"A", "B", "C", "D", "E", "F", "G", "H", "I", "AWS::NoValue"}


def test_local_tables_can_be_deleted_whatever_protects_them_on_aws() -> None:
    protected = resource("AWS::DynamoDB::Table", {"DeletionProtectionEnabled": True, "BillingMode": "PAY_PER_REQUEST"})
    made = local_template({"Resources": {"Table": protected}})
    assert made["Resources"]["Table"]["Properties"] == {"BillingMode": "PAY_PER_REQUEST"}
    assert "DeletionProtectionEnabled" in protected["Properties"]


TEMPLATE = {"Parameters": {"Mail": {"Type": "String"}, "Key": {"Type": "String"}, "Model": {"Default": ""}}}


def write(root: Path, overrides: str, command: str = "deploy") -> None:
    (root / "samconfig.toml").write_text(f"[default.{command}.parameters]\nparameter_overrides = {overrides}\n")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ('"Mail=a@b.org Key=\\"two words\\""', {"Mail": "a@b.org", "Key": "two words"}),
        ('"ParameterKey=Mail,ParameterValue=a=b ParameterKey=Key,ParameterValue=k"', {"Mail": "a=b", "Key": "k"}),
        ('["Mail=a", "Key=k"]', {"Mail": "a", "Key": "k"}),
        ("{Mail = 1, Key = true, Zones = ['a', 'b']}", {"Mail": "1", "Key": "true", "Zones": "a,b"}),
        ('""', {}),
    ],
)
@pytest.mark.parametrize("command", ["global", "deploy"])
def test_overrides_are_read_in_every_form_that_sam_takes(
    tmp_path: Path, overrides: str, said: dict[str, str], command: str
) -> None:
    write(tmp_path, overrides, command)
    assert read_overrides(tmp_path) == said


def test_only_what_has_no_default_takes_them_and_what_is_given_wins(tmp_path: Path) -> None:
    write(tmp_path, '"Mail=of-sam Key=of-sam Model=of-sam Unknown=1"')
    assert require_parameters(tmp_path, TEMPLATE, {"Key": "given"}) == {"Mail": "of-sam", "Key": "given"}


def test_all_parameters_without_a_value_are_named_with_a_fix(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError) as caught:
        require_parameters(tmp_path, TEMPLATE, None)
    fix = "Give it a Default, or a value by parameter_overrides in samconfig.toml"
    fix += "; in tests, also by the fixture edgeroutes_parameters."
    assert [str(each) for each in caught.value.problems] == [
        f"template.yaml: the parameter 'Mail' has no value. {fix}",
        f"template.yaml: the parameter 'Key' has no value. {fix}",
    ]


@pytest.mark.parametrize("text", ["[default", '[default.deploy.parameters]\nparameter_overrides = "A=\'x"\n'])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "samconfig.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"^samconfig\.toml: (not valid TOML|parameter_overrides cannot be read): "):
        read_overrides(tmp_path)


def test_other_settings_are_none_of_it(tmp_path: Path) -> None:
    (tmp_path / "samconfig.toml").write_text("version = 0.1\ndefault = 1\n")
    assert read_overrides(tmp_path) == {}
    assert read_overrides(tmp_path / "nowhere") == {}
