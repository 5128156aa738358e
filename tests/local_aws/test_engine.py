"""moto's CloudFormation with our changes in it, spoken to with boto3 alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import moto
import pytest
from botocore.exceptions import ClientError

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
        ('{"Resources": ', "template: the template is not JSON"),
        ("Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: AWS::Serverless::Function}}", "SAM refuses the template"),
        ("Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: '{{resolve:ssm:/no}}'}}}", "nothing has the value"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_template_is_the_answer(cloudformation: Any, template: str, said: str) -> None:
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
