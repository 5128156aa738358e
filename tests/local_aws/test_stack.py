"""A template made in moto's mock: resources, outputs, environments, and what is said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import moto
import pytest

from edgeroutes.errors import ConfigError, ToolError
from edgeroutes.local_aws.stack import Cloud, Resource
from edgeroutes.plan.model import PlanWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def test_a_type_without_a_model_is_told(cloud: Cloud) -> None:
    cloud.put({"Resources": {"Pool": {"Type": "AWS::Cognito::UserPool"}}})
    name = cloud.resources["Pool"].physical_id
    problem = f"moto has no AWS::Cognito::UserPool: Ref gives {name!r}, and calls of that service find nothing"
    hint = "Put something else in its place in tests; in dev, --aws asks AWS itself"
    assert cloud.warnings == (PlanWarning(problem=problem, where="Pool", hint=hint),)


def test_a_mistyped_type_names_the_similar_one_and_its_correction_replaces_it(cloud: Cloud) -> None:
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
    assert [warning.hint for warning in cloud.warnings] == ["Did you mean 'AWS::DynamoDB::Table'"]
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


def test_a_refused_template_leaves_nothing_and_can_be_mended(cloud: Cloud) -> None:
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
        "Cloud: neither moto's mock is on, nor is there a moto server: AWS itself would be asked. "
        "Call it within `with moto.mock_aws():`, or give it an endpoint_url."
    )


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(ToolError) as caught:
        Cloud("http://127.0.0.1:9").put(TEMPLATE)
    assert str(caught.value).startswith("http://127.0.0.1:9: no moto server answers.")
