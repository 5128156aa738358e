"""A template made in moto's mock: resources, outputs, environments, and what is reported of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import moto
import pytest

from edgeroutes.errors import ConfigError, Problem, ToolError
from edgeroutes.local_aws.server import MotoProcess
from edgeroutes.local_aws.stack import Cloud, Resource, start_cloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


FUNCTION = {
    "Type": "AWS::Serverless::Function",
    "Properties": {"Handler": "a.b", "Runtime": "python3.13", "InlineCode": "x = 1"},
}
QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}}}
TEMPLATE: dict[str, Any] = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Parameters": {"Name": {"Type": "String"}, "Stage": {"Type": "String", "Default": "test"}},
    "Conditions": {"IsLive": {"Fn::Equals": [{"Ref": "Stage"}, "live"]}},
    "Resources": {
        "Queue": QUEUE,
        "Only": {"Type": "AWS::SNS::Topic", "Condition": "IsLive"},
        "Hello": {
            "Type": FUNCTION["Type"],
            "Properties": {
                **FUNCTION["Properties"],  # type: ignore[dict-item]
                "Environment": {
                    "Variables": {
                        "URL": {"Ref": "Queue"},
                        "ARN": {"Fn::GetAtt": ["Queue", "Arn"]},
                        "STAGE": {
                            "Fn::If": ["IsLive", "l", {"Fn::Join": ["-", [{"Ref": "Stage"}, {"Ref": "AWS::Region"}]]}]
                        },
                    }
                },
            },
        },
    },
    "Outputs": {"Url": {"Value": {"Ref": "Queue"}}},
}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with moto.mock_aws():
        yield Cloud(region_name="eu-west-1", stack_name="desk")


def test_resources_outputs_and_environments_are_read_from_the_stack(cloud: Cloud) -> None:
    cloud.put(TEMPLATE, {"Name": "jobs"})
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"
    assert cloud.resources["Queue"] == Resource(type_name="AWS::SQS::Queue", physical_id=url)
    assert set(cloud.resources) == {"Queue", "Hello", "HelloRole"}
    assert (cloud.outputs, cloud.warnings) == ({"Url": url}, ())
    assert cloud.environment_of("Hello") == {
        "URL": url,
        "ARN": "arn:aws:sqs:eu-west-1:123456789012:jobs",
        "STAGE": "test-eu-west-1",
    }


def test_a_changed_template_changes_what_is_there(cloud: Cloud) -> None:
    cloud.put(TEMPLATE, {"Name": "jobs"})
    before = cloud.resources["Hello"]
    cloud.put(TEMPLATE, {"Name": "jobs"})
    cloud.put(TEMPLATE, {"Name": "jobs", "Stage": "live"})
    assert cloud.environment_of("Hello")["STAGE"] == "l"
    assert cloud.resources["Hello"] == before


def test_another_cloud_reads_the_same_stack(cloud: Cloud) -> None:
    assert not cloud.exists()
    cloud.put(TEMPLATE, {"Name": "jobs"})
    other = Cloud(region_name="eu-west-1", stack_name="desk")
    assert other.exists()
    other.read()
    assert (other.resources, other.environment_of("Hello")) == (cloud.resources, cloud.environment_of("Hello"))


def test_a_type_without_a_model_is_reported(cloud: Cloud) -> None:
    cloud.put({"Resources": {"Pool": {"Type": "AWS::Cognito::IdentityPool"}}})
    name = cloud.resources["Pool"].physical_id
    problem = f"moto has no AWS::Cognito::IdentityPool: Ref gives {name!r}, and calls of that service find nothing"
    hint = "Replace it in tests; in dev, --aws uses AWS itself"
    assert list(map(str, cloud.warnings)) == [str(Problem(problem, where="Pool", hint=hint))]


def test_the_correction_of_a_mistyped_type_replaces_it(cloud: Cloud) -> None:
    def template(type_name: str, **more: object) -> dict[str, object]:
        key = {"AttributeName": "id"}
        properties = {
            "AttributeDefinitions": [{**key, "AttributeType": "S"}],
            "KeySchema": [{**key, "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Notes"}}}
        return {"Resources": {"Notes": {"Type": type_name, "Properties": properties}, "Name": parameter, **more}}

    cloud.put(template("AWS::DynamoDB::Tabel"))
    assert [warning.where for warning in cloud.warnings] == ["Notes"]
    cloud.put(template("AWS::DynamoDB::Table"))
    table = cloud.resources["Notes"].physical_id
    assert (cloud.warnings, cloud.client("dynamodb").list_tables()["TableNames"]) == ((), [table])
    named = cloud.client("ssm").get_parameter(Name=cloud.resources["Name"].physical_id)
    assert named["Parameter"]["Value"] == table


def test_a_removed_resource_can_be_made_again(cloud: Cloud) -> None:
    queues = {name: {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}} for name in ("Jobs", "Mails")}
    for wanted in (["Jobs", "Mails"], ["Jobs"], ["Jobs", "Mails"]):
        cloud.put({"Resources": {name: queues[name] for name in wanted}})
        urls = cloud.client("sqs").list_queues().get("QueueUrls", [])
        assert sorted(url.rpartition("/")[2] for url in urls) == wanted


def test_a_parameter_without_a_value_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ConfigError) as caught:
        cloud.put(TEMPLATE)
    assert str(caught.value) == "template.yaml: Missing parameter Name."


def test_a_reference_to_nothing_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ConfigError, match=r"template\.yaml: .*Nobody"):
        cloud.put({"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Nobody"}}}}})


def test_a_refused_template_leaves_nothing_and_can_be_fixed(cloud: Cloud) -> None:
    queue, secret = {"Type": "AWS::SQS::Queue"}, {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "key"}}
    broken = {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": ["nobody"], "PolicyDocument": {}}}
    with pytest.raises(ConfigError):
        cloud.put({"Resources": {"Key": secret, "Queue": queue, "Policy": broken}})
    assert (cloud.exists(), cloud.client("secretsmanager").list_secrets()["SecretList"]) == (False, [])
    cloud.put({"Resources": {"Key": secret, "Queue": queue}})
    assert set(cloud.resources) == {"Key", "Queue"}


def test_without_a_mock_aws_itself_is_never_asked() -> None:
    with pytest.raises(ToolError) as caught:
        Cloud().put(TEMPLATE)
    assert str(caught.value) == (
        "Cloud: neither moto's mock is on, nor is there a moto server: the call would reach AWS itself. "
        "Call it within `with moto.mock_aws():`, or give it an endpoint_url."
    )


def test_a_server_that_is_not_there_is_reported() -> None:
    with pytest.raises(ToolError) as caught:
        Cloud("http://127.0.0.1:9").put(TEMPLATE)
    assert str(caught.value).startswith("http://127.0.0.1:9: no moto server responds.")


FILES = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n[tool.edgeroutes.env]\nGREETING = "hello"\n',
    "functions/notes/route.py": "def GET():\n    return []\n",
    "functions/notes/function.yaml": (
        "Policies: [{DynamoDBCrudPolicy: {TableName: !Ref Notes}}]\n"
        "Environment:\n  Variables:\n    NOTES: !Ref Notes\n    OTHER: !Ref HelloFunction\n"
        "    KEY: !Sub '{{resolve:secretsmanager:${Key}:SecretString:value}}'\n"
    ),
    "functions/hello/route.py": "def GET():\n    return {}\n",
    "infra/data.yaml": (
        "Resources:\n"
        "  Notes:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      BillingMode: PAY_PER_REQUEST\n"
        "      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]\n"
        "      KeySchema: [{AttributeName: id, KeyType: HASH}]\n"
        "  Key:\n    Type: AWS::SecretsManager::Secret\n"
    ),
    "infra/seed/data.yaml": "Notes: [{id: one}]\nKey: {value: from the seed}\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def ids(cloud: Cloud) -> list[str]:
    found = cloud.client("dynamodb").scan(TableName=cloud.resources["Notes"].physical_id)["Items"]
    return sorted(item["id"]["S"] for item in found)


def test_resources_seeds_and_environments_are_there(root: Path) -> None:
    with moto.mock_aws():
        started = start_cloud(root, Cloud())
        cloud = started.cloud
        environment = cloud.environment_of("NotesFunction")
        assert environment == {
            "GREETING": "hello",
            "NOTES": cloud.resources["Notes"].physical_id,
            "OTHER": cloud.resources["HelloFunction"].physical_id,
            "KEY": "from the seed",
            "EDGEROUTES_ORIGIN_SECRET": environment["EDGEROUTES_ORIGIN_SECRET"],
        }
        assert "{{" not in environment["EDGEROUTES_ORIGIN_SECRET"]
        assert (ids(cloud), cloud.warnings) == (["one"], ())
        assert not {each.type_name for each in cloud.resources.values()} & {
            "AWS::ApiGateway::RestApi",
            "AWS::CloudFront::Distribution",
        }
        cloud.client("dynamodb").put_item(TableName=environment["NOTES"], Item={"id": {"S": "two"}})
        started.data.reset()
        assert ids(cloud) == ["one"]


def test_a_server_keeps_the_data_while_the_project_changes(root: Path) -> None:
    with MotoProcess() as server:
        first = start_cloud(root, Cloud(server.url)).cloud
        table = first.environment_of("NotesFunction")["NOTES"]
        first.client("dynamodb").put_item(TableName=table, Item={"id": {"S": "two"}})

        (root / "infra" / "more.yaml").write_text("Resources: {Jobs: {Type: AWS::SQS::Queue}}\n")
        settings = root / "functions" / "notes" / "function.yaml"
        settings.write_text(settings.read_text() + "    JOBS: !Ref Jobs\n")
        second = start_cloud(root, Cloud(server.url)).cloud
        environment = second.environment_of("NotesFunction")
        assert (environment["NOTES"], ids(second)) == (table, ["one", "two"])
        assert environment["JOBS"] == second.resources["Jobs"].physical_id
