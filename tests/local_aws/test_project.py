"""A project's cloud, from its folder: in moto's mock, and in a server that outlives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import moto
import pytest

from edgeroutes.local_aws.process import MotoProcess
from edgeroutes.local_aws.project import start_cloud
from edgeroutes.local_aws.stack import Cloud

if TYPE_CHECKING:
    from pathlib import Path

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
