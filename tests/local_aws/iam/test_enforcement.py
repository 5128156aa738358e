"""A project whose routes use boto3 in moto, each under its own role: what is refused, how, and what is reported."""

from __future__ import annotations

import contextvars
import re
import threading
from typing import TYPE_CHECKING, Any

import boto3
import moto
import pytest
from botocore.exceptions import ClientError, ParamValidationError

from edgeroutes.local_aws.iam.enforcement import enforce
from edgeroutes.local_aws.stack import Cloud, start_cloud
from edgeroutes.runtime.endpoint import load_module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n',
    "functions/notes/route.py": (
        "import boto3\n\n\ndef GET(table: str):\n    return boto3.resource('dynamodb').Table(table).scan()['Items']\n\n\n"
        "def POST(table: str):\n    boto3.client('dynamodb').put_item(TableName=table, Item={'id': {'S': 'new'}})\n"
    ),
    "functions/notes/function.yaml": "Policies: [{DynamoDBReadPolicy: {TableName: !Ref Notes}}]\n",
    "functions/jobs/route.py": "def GET():\n    return []\n",
    "functions/files/route.py": "def GET():\n    return []\n",
    "functions/files/function.yaml": (
        "Policies:\n  - {S3WritePolicy: {BucketName: !Ref Files}}\n  - AmazonSNSFullAccess\n"
        "PermissionsBoundary: !Ref Limit\n"
    ),
    "functions/readers/route.py": "def GET():\n    return []\n",
    "functions/readers/function.yaml": (
        "Policies:\n  - {S3CrudPolicy: {BucketName: !Ref Files}}\n"
        "  - {Version: '2012-10-17', Statement: [{Effect: Deny, Action: 's3:Get*', Resource: '*'}]}\n"
        "PermissionsBoundary: arn:aws:iam::aws:policy/ReadOnlyAccess\n"
    ),
    "functions/tenant/route.py": "def GET():\n    return []\n",
    "functions/tenant/function.yaml": (
        "Policies: [{Version: '2012-10-17', Statement: [{Effect: Allow, Action: dynamodb:*, Resource: '*',\n"
        "  Condition: {StringEquals: {'dynamodb:LeadingKeys': [one]}}}]}]\n"
    ),
    "infra/data.yaml": (
        "Resources:\n"
        "  Notes:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      BillingMode: PAY_PER_REQUEST\n"
        "      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]\n"
        "      KeySchema: [{AttributeName: id, KeyType: HASH}]\n"
        "  Files:\n    Type: AWS::S3::Bucket\n"
        "  Jobs:\n    Type: AWS::SQS::Queue\n"
        "  News:\n    Type: AWS::SNS::Topic\n"
        "  Limit:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n"
        "        Version: '2012-10-17'\n        Statement: [{Effect: Allow, Action: ['s3:*', 'logs:*'], Resource: '*'}]\n"
    ),
    "infra/seed/data.yaml": "Notes: [{id: one}]\n",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def cloud(root: Path) -> Iterator[Cloud]:
    with moto.mock_aws():
        yield start_cloud(root, Cloud()).cloud


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def table_arn(cloud: Cloud) -> str:
    return f"arn:aws:dynamodb:us-east-1:123456789012:table/{cloud.resources['Notes'].physical_id}"


def principal(cloud: Cloud, function: str) -> str:
    role, name = cloud.resources[f"{function}Role"].physical_id, cloud.resources[function].physical_id
    return f"arn:aws:sts::123456789012:assumed-role/{role}/{name}"


def test_what_the_policies_allow_goes_through(cloud: Cloud, root: Path) -> None:
    route, table = load_module(str(root), "functions/notes/route.py"), cloud.resources["Notes"].physical_id
    with enforce(cloud, "NotesFunction", root=root):
        assert route.GET(table) == [{"id": "one"}]


def test_what_they_do_not_raises_as_aws_does_and_says_what_to_add(cloud: Cloud, root: Path) -> None:
    route, table = load_module(str(root), "functions/notes/route.py"), cloud.resources["Notes"].physical_id
    with enforce(cloud, "NotesFunction", root=root), pytest.raises(ClientError) as raised:
        route.POST(table)
    assert raised.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": f"User: {principal(cloud, 'NotesFunction')} is not authorized to perform: dynamodb:PutItem on resource: "
        f"{table_arn(cloud)} because no identity-based policy allows the dynamodb:PutItem action",
    }
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert raised.value.operation_name == "PutItem"
    said = (
        "functions/notes/route.py:9: it calls dynamodb:PutItem on Notes, which NotesFunction may not. Add to "
        "functions/notes/function.yaml: Policies: [{DynamoDBWritePolicy: {TableName: !Ref Notes}}]."
    )
    assert raised.value.__notes__ == [said]
    assert cloud.client("dynamodb").scan(TableName=table)["Count"] == 1


def test_outside_of_it_nothing_is_checked(cloud: Cloud) -> None:
    client = boto3.client("sqs")
    with enforce(cloud, "JobsFunction"):
        pass
    client.send_message(QueueUrl=cloud.resources["Jobs"].physical_id, MessageBody="hello")


def refused(cloud: Cloud, function: str, service: str, method: str, **parameters: Any) -> ClientError:
    client = boto3.client(service)
    with enforce(cloud, function), pytest.raises(ClientError) as raised:
        getattr(client, method)(**parameters)
    return raised.value


def test_a_client_made_beforehand_is_checked_too_and_services_refuse_in_their_own_words(cloud: Cloud) -> None:
    queue, topic = cloud.resources["Jobs"].physical_id, cloud.resources["News"].physical_id
    error = refused(cloud, "JobsFunction", "sqs", "send_message", QueueUrl=queue, MessageBody="hello")
    assert error.response["Error"]["Code"] == "AccessDenied"
    assert "perform: sqs:sendmessage on resource: arn:aws:sqs:us-east-1:" in str(error)
    assert error.__notes__[0].endswith("Policies: [{SQSSendMessagePolicy: {QueueName: !GetAtt Jobs.QueueName}}].")

    error = refused(cloud, "JobsFunction", "sns", "publish", TopicArn=topic, Message="hello")
    assert type(error).__name__ == "AuthorizationErrorException"
    assert f"perform: SNS:Publish on resource: {topic} because" in str(error)

    bucket = cloud.resources["Files"].physical_id
    error = refused(cloud, "JobsFunction", "s3", "get_object", Bucket=bucket, Key="a b")
    assert f'perform: s3:GetObject on resource: "arn:aws:s3:::{bucket}/a b" because' in str(error)
    assert str(refused(cloud, "JobsFunction", "s3", "head_object", Bucket=bucket, Key="a")) == (
        "An error occurred (403) when calling the HeadObject operation: Forbidden"
    )


def test_a_permissions_boundary_has_to_allow_it_as_well(cloud: Cloud) -> None:
    with enforce(cloud, "FilesFunction"):
        boto3.client("s3").put_object(Bucket=cloud.resources["Files"].physical_id, Key="a", Body=b"")
    error = refused(cloud, "FilesFunction", "sns", "publish", TopicArn=cloud.resources["News"].physical_id, Message="a")
    assert "because no permissions boundary allows the SNS:Publish action" in str(error)
    assert error.__notes__[0].endswith("Allow sns:Publish in its permissions boundary, too.")


def test_a_deny_wins_and_a_boundary_may_be_one_of_awss_own(cloud: Cloud) -> None:
    bucket = cloud.resources["Files"].physical_id
    error = refused(cloud, "ReadersFunction", "s3", "get_object", Bucket=bucket, Key="a")
    assert str(error).endswith("with an explicit deny in an identity-based policy")
    assert error.__notes__[0].endswith("Take the Deny that names s3:GetObject out of its policies.")
    error = refused(cloud, "ReadersFunction", "s3", "put_object", Bucket=bucket, Key="a", Body=b"")
    assert "because no permissions boundary allows the s3:PutObject action" in str(error)
    with enforce(cloud, "ReadersFunction"):
        boto3.client("s3").list_objects_v2(Bucket=bucket)


def test_a_condition_that_cannot_be_weighed_is_named_and_not_guessed(cloud: Cloud, root: Path) -> None:
    problem = (
        f"TenantFunction: it calls dynamodb:Scan on {table_arn(cloud)}; whether TenantFunction may depends on "
        "dynamodb:LeadingKeys, which is not known here. Try it on AWS"
    )
    with enforce(cloud, "TenantFunction", root=root), pytest.warns(UserWarning, match=f"^{re.escape(problem)}$"):
        boto3.client("dynamodb").scan(TableName=cloud.resources["Notes"].physical_id)


def test_a_call_that_boto3_itself_refuses_is_refused_by_boto3(cloud: Cloud) -> None:
    with enforce(cloud, "JobsFunction"), pytest.raises(ParamValidationError):
        boto3.client("sqs").send_message(QueueUrl=cloud.resources["Jobs"].physical_id)


def test_what_needs_no_permission_needs_none(cloud: Cloud) -> None:
    with enforce(cloud, "JobsFunction"):
        assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_a_function_called_by_another_has_its_own_role(cloud: Cloud) -> None:
    table, dynamodb = cloud.resources["Notes"].physical_id, boto3.client("dynamodb")
    with enforce(cloud, "JobsFunction"):
        with enforce(cloud, "NotesFunction"):
            dynamodb.scan(TableName=table)
        with pytest.raises(ClientError, match="dynamodb:Scan"):
            dynamodb.scan(TableName=table)


def test_threads_of_a_function_are_checked_and_those_of_others_are_not(cloud: Cloud, tmp_path: Path) -> None:
    queue, client, errors = cloud.resources["Jobs"].physical_id, boto3.client("sqs"), []

    def send() -> None:
        try:
            client.send_message(QueueUrl=queue, MessageBody="hello")
        except ClientError as error:
            errors.append(error.response["Error"]["Code"])

    def run(context: contextvars.Context | None = None) -> None:
        thread = threading.Thread(target=send if context is None else lambda: context.run(send))
        thread.start()
        thread.join()

    nobody = contextvars.copy_context()
    (tmp_path / "file").write_bytes(b"x")
    with enforce(cloud, "JobsFunction"):
        run()
        assert errors == ["AccessDenied"]
        run(nobody)
        assert errors == ["AccessDenied"]
        with pytest.raises(Exception, match=r"AccessDenied.*s3:PutObject"):  # in a thread of s3transfer's
            boto3.client("s3").upload_file(str(tmp_path / "file"), cloud.resources["Files"].physical_id, "a")
    run()
    assert errors == ["AccessDenied"]


def test_an_unknown_function_is_named(cloud: Cloud) -> None:
    with pytest.raises(KeyError, match="Nowhere"), enforce(cloud, "Nowhere"):
        pass
