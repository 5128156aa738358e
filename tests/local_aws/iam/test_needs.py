"""Actions and resources of calls, over a table that names its sources; prefixes are read from botocore's own descriptions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml

from edgeroutes.local_aws import AccountRegion
from edgeroutes.local_aws.iam.needs import Call, Named, Need, action_prefix, find_named, find_needs, policy_line
from edgeroutes.local_aws.iam.policies import UNKNOWN
from edgeroutes.local_aws.stack import Resource
from edgeroutes.plan.function_yaml import parse_function_yaml

GROUPS = yaml.safe_load((Path(__file__).parents[2] / "cases" / "iam" / "needs.yaml").read_text("utf-8"))
CASES = [case for group in GROUPS for case in group["cases"]]
PLACE = AccountRegion(account_id="123456789012", region_name="eu-central-1")
SESSION = botocore.session.Session()


def expected(needs: dict[str, Any]) -> set[Need]:
    return {
        Need(action, resource.replace("?", UNKNOWN))
        for action, resources in needs.items()
        for resource in (resources if isinstance(resources, list) else [resources])
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_call_needs_these_actions_on_these_resources(case: tuple[str, str, dict[str, Any], dict[str, Any]]) -> None:
    service, operation, parameters, needs = case
    model = SESSION.get_service_model(service)
    assert operation in model.operation_names
    prefix = action_prefix(service, model.signing_name)
    found = find_needs(Call(prefix=prefix, operation=operation, parameters=parameters, place=PLACE))
    assert len(found) == len(set(found))
    assert set(found) == expected(needs)


def test_parameters_of_a_wrong_kind_are_boto3s_to_refuse() -> None:
    wrong: list[dict[str, Any]] = [
        {"TableName": 3},
        {"RequestItems": 3},
        {"TransactItems": "x"},
        {"Delete": 3, "Bucket": 1},
    ]
    for parameters in wrong:
        for prefix, operation in (
            ("dynamodb", "TransactWriteItems"),
            ("dynamodb", "BatchGetItem"),
            ("s3", "DeleteObjects"),
        ):
            find_needs(Call(prefix=prefix, operation=operation, parameters=parameters, place=PLACE))


AT = "us-east-1:123456789012"
RESOURCES = {
    "Users": Resource(type_name="AWS::DynamoDB::Table", physical_id="shop-Users-1"),
    "Files": Resource(type_name="AWS::S3::Bucket", physical_id="shop-files"),
    "Jobs": Resource(type_name="AWS::SQS::Queue", physical_id="https://sqs.us-east-1.amazonaws.com/123456789012/jobs"),
    "News": Resource(type_name="AWS::SNS::Topic", physical_id=f"arn:aws:sns:{AT}:news"),
    "Key": Resource(
        type_name="AWS::SecretsManager::Secret", physical_id=f"arn:aws:secretsmanager:{AT}:secret:key-AbCdEf"
    ),
    "Limit": Resource(type_name="AWS::SSM::Parameter", physical_id="limit"),
    "Deep": Resource(type_name="AWS::SSM::Parameter", physical_id="/shop/deep"),
    "Other": Resource(type_name="AWS::Lambda::Function", physical_id="shop-Other"),
    "Steps": Resource(
        type_name="AWS::StepFunctions::StateMachine", physical_id=f"arn:aws:states:{AT}:stateMachine:steps"
    ),
    "Stream": Resource(type_name="AWS::Kinesis::Stream", physical_id="s"),
}
TABLE = f"arn:aws:dynamodb:{AT}:table/shop-Users-1"


@pytest.mark.parametrize(
    ("actions", "arn", "line"),
    [
        ("dynamodb:GetItem", TABLE, "{DynamoDBReadPolicy: {TableName: !Ref Users}}"),
        ("dynamodb:PutItem", TABLE, "{DynamoDBWritePolicy: {TableName: !Ref Users}}"),
        ("dynamodb:PutItem dynamodb:Query", f"{TABLE}/index/x", "{DynamoDBCrudPolicy: {TableName: !Ref Users}}"),
        (
            "dynamodb:UpdateTimeToLive",
            TABLE,
            "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: dynamodb:UpdateTimeToLive, Resource: !GetAtt Users.Arn}]}",
        ),
        ("s3:PutObject", "arn:aws:s3:::shop-files/k", "{S3WritePolicy: {BucketName: !Ref Files}}"),
        (
            "s3:PutObjectTagging",
            "arn:aws:s3:::shop-files/k",
            "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: s3:PutObjectTagging, Resource: !Sub '${Files.Arn}/*'}]}",
        ),
        ("sqs:SendMessage", f"arn:aws:sqs:{AT}:jobs", "{SQSSendMessagePolicy: {QueueName: !GetAtt Jobs.QueueName}}"),
        (
            "sqs:DeleteMessage sqs:ReceiveMessage",
            f"arn:aws:sqs:{AT}:jobs",
            "{SQSPollerPolicy: {QueueName: !GetAtt Jobs.QueueName}}",
        ),
        ("sns:Publish", f"arn:aws:sns:{AT}:news", "{SNSPublishMessagePolicy: {TopicName: !GetAtt News.TopicName}}"),
        (
            "secretsmanager:GetSecretValue",
            f"arn:aws:secretsmanager:{AT}:secret:key-{UNKNOWN}",
            "{AWSSecretsManagerGetSecretValuePolicy: {SecretArn: !Ref Key}}",
        ),
        (
            "ssm:GetParameter",
            f"arn:aws:ssm:{AT}:parameter/limit",
            "{SSMParameterReadPolicy: {ParameterName: !Ref Limit}}",
        ),
        (
            "ssm:GetParameter",
            f"arn:aws:ssm:{AT}:parameter/shop/deep",
            "{SSMParameterWithSlashPrefixReadPolicy: {ParameterName: !Ref Deep}}",
        ),
        (
            "lambda:InvokeFunction",
            f"arn:aws:lambda:{AT}:function:shop-Other:live",
            "{LambdaInvokePolicy: {FunctionName: !Ref Other}}",
        ),
        (
            "states:StartExecution",
            f"arn:aws:states:{AT}:stateMachine:steps",
            "{StepFunctionsExecutionPolicy: {StateMachineName: !GetAtt Steps.Name}}",
        ),
        (
            "kinesis:PutRecord",  # KinesisCrudPolicy may delete streams
            f"arn:aws:kinesis:{AT}:stream/s",
            "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: kinesis:PutRecord, Resource: !GetAtt Stream.Arn}]}",
        ),
        (
            "bedrock:InvokeModel",
            "arn:aws:bedrock:us-east-1::foundation-model/m",
            (
                "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: bedrock:InvokeModel, Resource: "
                "!Sub 'arn:${AWS::Partition}:bedrock:${AWS::Region}::foundation-model/m'}]}"
            ),
        ),
        (
            "bedrock:InvokeModel",  # of an inference profile, in each of its regions
            f"arn:aws:bedrock:{UNKNOWN}::foundation-model/m",
            (
                "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: bedrock:InvokeModel, Resource: "
                "!Sub 'arn:${AWS::Partition}:bedrock:*::foundation-model/m'}]}"
            ),
        ),
        (
            "cloudwatch:PutMetricData",
            "*",
            "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: cloudwatch:PutMetricData, Resource: '*'}]}",
        ),
    ],
)
def test_the_line_grants_it_and_little_besides(actions: str, arn: str, line: str) -> None:
    assert policy_line(actions.split(), arn, find_named(arn, RESOURCES)) == line
    problems: list[object] = []
    assert parse_function_yaml(f"Policies: [{line}]\n", "function.yaml", problems).properties["Policies"]  # type: ignore[arg-type]
    assert problems == []


def test_an_arn_is_known_by_its_service_and_name() -> None:
    assert find_named(f"{TABLE}/index/by-name", RESOURCES) == Named(
        logical_id="Users", resource=RESOURCES["Users"], below="/index/by-name"
    )
    for arn in (
        f"{TABLE}2",
        f"arn:aws:dynamodb:{AT}:table/{UNKNOWN}",
        "*",
        UNKNOWN,
        f"arn:aws:sqs:{AT}:limit",
        "+358401234567",
    ):
        assert find_named(arn, RESOURCES) is None
