"""What moto holds, in a file and back."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import boto3
import moto

from edgeroutes.dev.cloud import engine, keeping
from edgeroutes.dev.cloud.stack import Cloud

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TEMPLATE = {
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
        "Limit": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "5"}},
        "Pool": {"Type": "AWS::Cognito::UserPool"},
        "Key": {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": {}}},
        "Nothing": {"Type": "AWS::Neptune::DBInstance"},
    },
    "Outputs": {"Limit": {"Value": {"Fn::GetAtt": ["Limit", "Value"]}}},
}


def test_a_stack_and_what_is_in_it_are_there_again_and_can_be_changed(tmp_path: Path) -> None:
    file = tmp_path / "cloud" / "kept"
    with moto.mock_aws():
        first = Cloud()
        first.put(TEMPLATE)
        bucket, queue = (first.resources[name].physical_id for name in ("Bucket", "Queue"))
        for body in (b"one", b"two"):
            first.client("s3").put_object(Bucket=bucket, Key="a", Body=body)
        first.client("sqs").send_message(QueueUrl=queue, MessageBody="hello")
        first.client("sqs").receive_message(QueueUrl=queue)  # in flight, and so not to be had from outside
        keeping.save(file)
    assert (stat.S_IMODE(file.stat().st_mode), [*file.parent.iterdir()]) == (0o600, [file])
    with moto.mock_aws():
        engine.install()
        assert keeping.load(file) == ""
        second = Cloud()
        second.put({**TEMPLATE, "Resources": {**TEMPLATE["Resources"], "More": {"Type": "AWS::SNS::Topic"}}})
        more = second.resources["More"]
        assert second.resources == {**first.resources, "More": more}
        assert (second.outputs, second.warnings) == ({"Limit": "5"}, first.warnings)
        assert second.client("s3").get_object(Bucket=bucket, Key="a")["Body"].read() == b"two"
        assert len(second.client("s3").list_object_versions(Bucket=bucket)["Versions"]) == 2
        attributes = second.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        assert attributes["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_where_nothing_is_kept_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert keeping.load(tmp_path / "none") == ""


def test_what_another_version_kept_or_is_damaged_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "kept"
    with moto.mock_aws():
        boto3.client("sqs", region_name="us-east-1").create_queue(QueueName="q")
        keeping.save(file)
    file.write_bytes(file.read_bytes()[:-20])
    assert keeping.load(file).startswith(("EOFError", "UnpicklingError"))
    monkeypatch.setattr(keeping, "__version__", "another")
    assert keeping.load(file) == "another version of moto, Python or edgeroutes kept it"
