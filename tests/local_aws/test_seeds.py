"""infra/seed/, read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import moto
import pytest

from edgeroutes.errors import ConfigError, ProblemsError
from edgeroutes.local_aws.seeds import Data, Seed, read_seeds
from edgeroutes.local_aws.stack import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_yaml_and_json_are_read_with_their_lines(tmp_path: Path) -> None:
    files = {
        "infra/seed/a.yaml": "# people\nUsers:\n  - {id: '1', name: Ada}\n",
        "infra/seed/b.json": '{\n  "Key": {"a": 1.5}\n}',
        "infra/seed/picture.png": "no seed",
    }
    folder = tmp_path / "infra" / "seed"
    assert read_seeds(write(tmp_path, files)) == {
        "Users": Seed(value=[{"id": "1", "name": "Ada"}], where="infra/seed/a.yaml:2", folder=folder),
        "Key": Seed(value={"a": 1.5}, where="infra/seed/b.json:2", folder=folder),
    }


def test_without_the_folder_there_are_none(tmp_path: Path) -> None:
    assert read_seeds(tmp_path) == {}


def test_two_files_for_one_resource_are_refused(tmp_path: Path) -> None:
    files = {"infra/seed/a.yaml": "Users: []\n", "infra/seed/b.yaml": "\nUsers: []\n"}
    with pytest.raises(ConfigError) as caught:
        read_seeds(write(tmp_path, files))
    assert str(caught.value) == (
        "infra/seed/b.yaml:2: 'Users' is in infra/seed/a.yaml:1, too. Put the contents of one resource into one file."
    )


def test_all_broken_files_are_reported_at_once(tmp_path: Path) -> None:
    files = {"infra/seed/a.yaml": "a: [", "infra/seed/b.json": "[1]"}
    with pytest.raises(ProblemsError) as caught:
        read_seeds(write(tmp_path, files))
    assert [problem.where for problem in caught.value.problems] == ["infra/seed/a.yaml:1", "infra/seed/b.json:1"]


def test_a_file_beside_the_seed_is_read_and_one_that_is_not_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\x00")
    seed = Seed(value={}, where="infra/seed/a.yaml:1", folder=tmp_path)
    assert seed.read_file("a.bin") == b"\x00"
    with pytest.raises(ConfigError) as caught:
        seed.read_file("b.bin")
    assert str(caught.value) == ("infra/seed/a.yaml:1: there is no file 'b.bin'. Put it beside the seed.")


KEYS = ({"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"})
TABLE = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": "id", "AttributeType": "S"},
        {"AttributeName": "at", "AttributeType": "N"},
    ],
    "KeySchema": list(KEYS),
}
RESOURCES = {
    "Notes": {"Type": "AWS::DynamoDB::Table", "Properties": TABLE},
    "Files": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
    "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 77}},
    "Key": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "from the template"}},
    "Empty": {"Type": "AWS::SecretsManager::Secret"},
    "Limit": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "10"}},
    "News": {"Type": "AWS::SNS::Topic"},
}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with moto.mock_aws():
        cloud = Cloud()
        cloud.put({"Resources": RESOURCES})
        yield cloud


def seed(value: Any, folder: Path = Path()) -> Seed:
    return Seed(value=value, where="infra/seed/a.yaml:1", folder=folder)


def content(cloud: Cloud) -> dict[str, Any]:
    """All that is in the resources."""

    def name(logical_id: str) -> str:
        return cloud.resources[logical_id].physical_id

    s3, secrets = cloud.client("s3"), cloud.client("secretsmanager")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=name("Files")).get("Contents", ())]
    versions = s3.list_object_versions(Bucket=name("Files"))
    messages = cloud.client("sqs").receive_message(QueueUrl=name("Jobs"), MaxNumberOfMessages=10, VisibilityTimeout=0)
    return {
        "Notes": cloud.client("dynamodb").scan(TableName=name("Notes"))["Items"],
        "Files": {key: s3.get_object(Bucket=name("Files"), Key=key)["Body"].read() for key in keys},
        "versions": len(versions.get("Versions", ())) + len(versions.get("DeleteMarkers", ())),
        "Jobs": sorted(message["Body"] for message in messages.get("Messages", ())),
        "settings": cloud.client("sqs").get_queue_attributes(
            QueueUrl=name("Jobs"), AttributeNames=["VisibilityTimeout"]
        )["Attributes"],
        "Key": secrets.get_secret_value(SecretId=name("Key"))["SecretString"],
        "Limit": cloud.client("ssm").get_parameter(Name=name("Limit"))["Parameter"]["Value"],
    }


def test_seeds_are_there_again_after_every_reset(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(b"\x89PNG")
    item = {"id": "a", "at": 1, "price": 1.5, "tags": ["x"], "more": {"n": 0.1}}
    seeds = {
        "Notes": seed([item]),
        "Files": seed({"readme.txt": "hello ☃", "cat.png": {"file": "cat.png"}}, tmp_path),
        "Jobs": seed(["text", {"kind": "json"}]),
        "Key": seed({"user": "ada"}),
    }
    data = Data(cloud, seeds)
    expected = {
        "Notes": [
            {
                "id": {"S": "a"},
                "at": {"N": "1"},
                "price": {"N": "1.5"},
                "tags": {"L": [{"S": "x"}]},
                "more": {"M": {"n": {"N": "0.1"}}},
            }
        ],
        "Files": {"readme.txt": "hello ☃".encode(), "cat.png": b"\x89PNG"},
        "versions": 2,
        "Jobs": ["text", '{"kind": "json"}'],
        "settings": {"VisibilityTimeout": "77"},
        "Key": '{"user": "ada"}',
        "Limit": "10",
    }
    for _ in range(3):
        data.reset()
        assert content(cloud) == {**expected, "Jobs": sorted(expected["Jobs"])}
        spoil(cloud)


def test_an_item_that_was_changed_is_as_its_seed_says_again(cloud: Cloud) -> None:
    data = Data(cloud, {"Notes": seed([{"id": "a", "at": 1, "text": "first"}, {"id": "b", "at": 1}])})
    data.reset()
    before, table = content(cloud)["Notes"], cloud.resources["Notes"].physical_id
    changed = {"id": {"S": "a"}, "at": {"N": "1"}, "text": {"S": "second"}}
    cloud.client("dynamodb").put_item(TableName=table, Item=changed)
    data.reset()
    assert content(cloud)["Notes"] == before


def test_what_nobody_has_changed_is_not_written_again(cloud: Cloud) -> None:
    def versions() -> tuple[str, int]:
        secret, parameter = cloud.resources["Key"].physical_id, cloud.resources["Limit"].physical_id
        return (
            cloud.client("secretsmanager").get_secret_value(SecretId=secret)["VersionId"],
            cloud.client("ssm").get_parameter(Name=parameter)["Parameter"]["Version"],
        )

    data = Data(cloud, {"Key": seed("k"), "Limit": seed("12")})
    data.reset()
    before = versions()
    data.reset()
    assert versions() == before


def test_a_dead_letter_queue_gets_dead_letters_after_a_reset(cloud: Cloud) -> None:
    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 1}
    jobs = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 0, "RedrivePolicy": redrive}}
    cloud.put({"Resources": {"Dead": {"Type": "AWS::SQS::Queue"}, "Failing": jobs}})
    data, sqs = Data(cloud, {}), cloud.client("sqs")
    failing, dead = (cloud.resources[name].physical_id for name in ("Failing", "Dead"))
    for body in ("first", "second"):
        data.reset()
        sqs.send_message(QueueUrl=failing, MessageBody=body)
        for _ in range(2):
            sqs.receive_message(QueueUrl=failing)
        assert [each["Body"] for each in sqs.receive_message(QueueUrl=dead)["Messages"]] == [body]


def test_without_seeds_it_is_as_the_template_left_it(cloud: Cloud) -> None:
    data, before = Data(cloud, {}), content(cloud)
    spoil(cloud)
    data.reset()
    assert content(cloud) == before


def spoil(cloud: Cloud) -> None:
    """What a test does."""
    names = {name: each.physical_id for name, each in cloud.resources.items()}
    cloud.client("dynamodb").put_item(TableName=names["Notes"], Item={"id": {"S": "b"}, "at": {"N": "2"}})
    cloud.client("s3").put_object(Bucket=names["Files"], Key="new", Body=b"")
    cloud.client("s3").delete_object(Bucket=names["Files"], Key="readme.txt")
    cloud.client("sqs").send_message(QueueUrl=names["Jobs"], MessageBody="new")
    cloud.client("secretsmanager").put_secret_value(SecretId=names["Key"], SecretString="changed")
    cloud.client("secretsmanager").put_secret_value(SecretId=names["Empty"], SecretString="given")
    cloud.client("ssm").put_parameter(Name=names["Limit"], Value="11", Overwrite=True)


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ({"Note": seed([])}, "infra/seed/a.yaml:1: there is no resource 'Note'. Did you mean 'Notes'?"),
        (
            {"News": seed([])},
            (
                "infra/seed/a.yaml:1: 'News' is AWS::SNS::Topic, which has no seeds. Allowed are AWS::DynamoDB::Table, "
                "AWS::S3::Bucket, AWS::SQS::Queue, AWS::SecretsManager::Secret, AWS::SSM::Parameter."
            ),
        ),
    ],
)
def test_a_seed_for_nothing_is_refused(cloud: Cloud, seeds: dict[str, Seed], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Data(cloud, seeds)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("logical_id", "value", "allowed"),
    [
        ("Notes", ["no mapping"], "a list of items, each a mapping"),
        ("Notes", [{"at": 1}], "a list of items, each a mapping"),
        ("Files", ["no mapping"], "a mapping of keys to strings, or to {file: a path beside the seed}"),
    ],
)
def test_a_seed_of_another_form_is_refused(cloud: Cloud, logical_id: str, value: Any, allowed: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Data(cloud, {logical_id: seed(value)}).reset()
    assert str(caught.value).startswith("infra/seed/a.yaml:1: the seed does not fit the resource: ")
    assert f"Allowed is {allowed}" in str(caught.value)


@pytest.mark.parametrize("look_first", [False, True])
def test_a_resource_that_a_test_has_deleted_is_named(cloud: Cloud, look_first: bool) -> None:
    data = Data(cloud, {})
    if look_first:
        data.reset()
    table = cloud.resources["Notes"].physical_id
    cloud.client("dynamodb").delete_table(TableName=table)
    with pytest.raises(
        ConfigError, match=f"^{table}: it cannot be reset for the next test: .*ResourceNotFound"
    ) as caught:
        data.reset()
    assert caught.value.hint == "Let a test that deletes resources delete those that it has made itself"
