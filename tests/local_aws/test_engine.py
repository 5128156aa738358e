"""moto's CloudFormation with our changes in it, spoken to with boto3 alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import moto
import pytest
from botocore.exceptions import ClientError

from edgeroutes.errors import ConfigError
from edgeroutes.local_aws.engine import resolve_references
from edgeroutes.local_aws.stack import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator


REGION = "eu-central-1"
SAM = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Size: {Type: Number, Default: 128}
Globals:
  Function: {MemorySize: !Ref Size, Runtime: python3.13}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      InlineCode: "def handler(event, context): pass"
      Policies: [AmazonDynamoDBReadOnlyAccess]
      Environment: {Variables: {NAME: !Ref AWS::StackName}}
Outputs:
  Name: {Value: !Ref Hello, Export: {Name: hello-name}}
"""


@pytest.fixture
def cloudformation() -> Iterator[Any]:
    from edgeroutes.local_aws import engine  # all of moto's models: seconds, which collecting the tests need not pay

    engine.install()
    engine.install()
    with moto.mock_aws():
        yield boto3.client("cloudformation", region_name=REGION)


def by_change_set(client: Any, name: str, template: str, kind: str = "CREATE") -> dict[str, Any]:
    """As `sam deploy` does it."""
    client.create_change_set(StackName=name, ChangeSetName="c" + kind, TemplateBody=template, ChangeSetType=kind)
    client.execute_change_set(StackName=name, ChangeSetName="c" + kind)
    (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    return dict(stack)


def outputs(stack: dict[str, Any]) -> dict[str, str]:
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}


def test_a_sam_template_becomes_what_sam_makes_of_it(cloudformation: Any) -> None:
    parameters = [{"ParameterKey": "Size", "ParameterValue": "256"}]
    cloudformation.create_stack(StackName="s", TemplateBody=SAM, Parameters=parameters)
    (stack,) = cloudformation.describe_stacks(StackName="s")["Stacks"]
    functions = boto3.client("lambda", region_name=REGION)
    found = functions.get_function_configuration(FunctionName=outputs(stack)["Name"])
    assert (found["MemorySize"], found["Environment"]) == (256, {"Variables": {"NAME": "s"}})
    iam, role = boto3.client("iam"), found["Role"].rsplit("/", 1)[-1]
    policies = [each["PolicyName"] for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]]
    assert sorted(policies) == ["AWSLambdaBasicExecutionRole", "AmazonDynamoDBReadOnlyAccess"]


def test_a_change_set_leaves_outputs_and_exports(cloudformation: Any) -> None:
    stack = by_change_set(cloudformation, "first", SAM)
    (export,) = cloudformation.list_exports()["Exports"]
    assert (export["Name"], export["Value"]) == ("hello-name", outputs(stack)["Name"])
    uses = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::ImportValue": "hello-name"}}}
    template = {"Resources": {"P": uses}, "Outputs": {"Id": {"Value": {"Ref": "P"}}}}
    second = by_change_set(cloudformation, "second", json.dumps(template))
    parameter = boto3.client("ssm", region_name=REGION).get_parameter(Name=outputs(second)["Id"])["Parameter"]
    assert parameter["Value"] == outputs(stack)["Name"]


def test_a_change_set_that_fails_says_why_as_cloudformation_does(cloudformation: Any) -> None:
    broken = {
        "Resources": {
            "R": {
                "Type": "AWS::IAM::RolePolicy",
                "Properties": {"RoleName": "nobody", "PolicyName": "p", "PolicyDocument": {}},
            }
        }
    }
    stack = by_change_set(cloudformation, "broken", json.dumps(broken))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName="broken")["StackEvents"]
    reasons = {each["ResourceStatus"]: each.get("ResourceStatusReason") for each in events}
    assert "nobody" in reasons["CREATE_FAILED"]


def test_dynamic_references_are_resolved_where_resources_are_made(cloudformation: Any) -> None:
    boto3.client("ssm", region_name=REGION).put_parameter(Name="/a", Value="from outside", Type="SecureString")
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": '{"k": "from within"}'}}
    values = {
        "Inside": {"Fn::Sub": "{{resolve:secretsmanager:${Key}:SecretString:k}}"},
        "Outside": "{{resolve:ssm-secure:/a}}",
    }
    parameters = {
        name: {"Type": "AWS::SSM::Parameter", "Properties": {"Name": name, "Type": "String", "Value": value}}
        for name, value in values.items()
    }
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": {"Key": secret, **parameters}}))
    found = boto3.client("ssm", region_name=REGION).get_parameters(Names=list(values))["Parameters"]
    assert {each["Name"]: each["Value"] for each in found} == {"Inside": "from within", "Outside": "from outside"}


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("Resources: [", "template:1: the file is not YAML"),
        ('{"Resources": ', "template: the template is not valid JSON"),
        ("Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: AWS::Serverless::Function}}", "SAM refuses the template"),
        ("Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: '{{resolve:ssm:/no}}'}}}", "does not exist"),
    ],
)  # fmt: skip
def test_a_templates_mistake_is_in_the_response(cloudformation: Any, template: str, said: str) -> None:
    with pytest.raises(ClientError) as caught:
        cloudformation.create_stack(StackName="s", TemplateBody=template)
    assert said in caught.value.response["Error"]["Message"]


def test_a_type_that_nobody_knows_is_held_under_a_name_that_says_so(cloudformation: Any) -> None:
    template = {
        "Resources": {"Pool": {"Type": "AWS::Nobody::Knows"}},
        "Outputs": {"Ref": {"Value": {"Ref": "Pool"}}, "Arn": {"Value": {"Fn::GetAtt": ["Pool", "Arn"]}}},
    }
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(template))
    (stack,) = cloudformation.describe_stacks(StackName="s")["Stacks"]
    found = outputs(stack)
    assert found["Ref"].startswith("nothing-in-moto-s-Pool-")
    assert found["Arn"] == f"arn:aws:::{found['Ref']}"


def test_a_stack_takes_with_it_what_it_made(cloudformation: Any) -> None:
    template = {"Resources": {"Key": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "s"}}}}
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(template))
    cloudformation.delete_stack(StackName="s")
    assert boto3.client("secretsmanager", region_name=REGION).list_secrets()["SecretList"] == []


QUEUE: dict[str, Any] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}}
REFUSED = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "not a name"}}


def template(**resources: Any) -> dict[str, Any]:
    return {"Resources": resources}


def test_the_stack_stays_as_it_was_and_the_next_update_works() -> None:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "news"}}
    with moto.mock_aws():
        cloud = Cloud()
        cloud.put(template(Topic=topic))
        before = dict(cloud.resources)
        with pytest.raises(ConfigError, match="alphanumeric"):
            cloud.put(template(Topic=topic, Jobs=QUEUE, Refused=REFUSED))
        cloud.read()
        assert cloud.resources == before
        cloud.put(template(Topic=topic, Jobs=QUEUE))
        assert sorted(cloud.resources) == ["Jobs", "Topic"]
        assert len(cloud.client("sqs").list_queues()["QueueUrls"]) == 1


def test_what_the_failed_update_took_away_is_made_again() -> None:
    with moto.mock_aws():
        cloud = Cloud()
        cloud.put(template(Jobs=QUEUE))
        with pytest.raises(ConfigError):
            cloud.put(template(Refused=REFUSED))
        cloud.put(template(Jobs=QUEUE))
        assert cloud.client("sqs").get_queue_url(QueueName="jobs")["QueueUrl"] == cloud.resources["Jobs"].physical_id


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
            "{{resolve:ssm:/no}}: it names a value that does not exist. Create it in infra/, or put its value into infra/seed/.",
        ),
        (
            "{{resolve:secretsmanager:key:SecretString:pass}}",
            "{{resolve:secretsmanager:key:SecretString:pass}}: the secret 'key' is not a JSON object with the key 'pass'.",
        ),
        (
            "{{resolve:secretsmanager:key:SecretString:a::v-1}}",
            "{{resolve:secretsmanager:key:SecretString:a::v-1}}: the secret 'key' is not a JSON object with the key 'a'.",
        ),
    ],
)
def test_what_is_not_there_is_refused(value: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_references(value, LOOKUP)
    assert str(caught.value) == said
