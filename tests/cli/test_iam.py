"""`edgeroutes iam` on a project whose routes lack a permission, have one too many, and ask for what cannot be read."""

from __future__ import annotations

import json
import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from edgeroutes.cli import main

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n[tool.edgeroutes.env]\nJOBS = "jobs"\n',
    "lib/notes.py": (
        "import os\n\nimport boto3\n\n_client = boto3.client('dynamodb')\n_table = os.environ['NOTES']\n\n\n"
        "def find(note_id):\n    return _client.get_item(TableName=_table, Key={'id': {'S': note_id}})\n\n\n"
        "def save(note):\n    _client.put_item(TableName=_table, Item=note)\n"
    ),
    "functions/notes/[note]/route.py": "from lib.notes import find\n\n\ndef GET(note: str):\n    return find(note)\n",
    "functions/notes/route.py": (
        "import boto3\n\nfrom lib import notes\n\n\ndef POST(service: str):\n    notes.save({})\n"
        "    boto3.resource('dynamodb').Table('elsewhere').scan()\n    return boto3.client(service).list()\n"
    ),
    "functions/notes/function.yaml": (
        "Policies: [{DynamoDBReadPolicy: {TableName: !Ref Notes}}]\nEnvironment: {Variables: {NOTES: !Ref Notes}}\n"
    ),
    "functions/hello/route.py": "def GET():\n    return {}\n",
    "infra/data.yaml": (
        "Resources:\n  Notes:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      BillingMode: PAY_PER_REQUEST\n"
        "      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]\n"
        "      KeySchema: [{AttributeName: id, KeyType: HASH}]\n"
    ),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_what_is_missing_is_named_with_the_line_that_grants_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["iam", "--root", str(root)]) == 1
    elsewhere = "arn:aws:dynamodb:us-east-1:123456789012:table/elsewhere"
    assert capsys.readouterr() == (
        dedent(f"""\
            /notes  NotesFunction
              DENIED   dynamodb:PutItem on Notes  lib/notes.py:14
              DENIED   dynamodb:Scan on {elsewhere}  functions/notes/route.py:8
              unread   functions/notes/route.py:9: boto3.client: which service it is for is not known
              → Add to functions/notes/function.yaml: Policies: [{{DynamoDBWritePolicy: {{TableName: !Ref Notes}}}}]
              → Add to functions/notes/function.yaml: Policies: [{{Version: '2012-10-17', Statement: [{{Effect: Allow, Action: dynamodb:Scan, Resource: !Sub 'arn:${{AWS::Partition}}:dynamodb:${{AWS::Region}}:${{AWS::AccountId}}:table/elsewhere'}}]}}]
            /notes/[note]  NotesNoteFunction
              allowed  dynamodb:GetItem on Notes  lib/notes.py:10
            2 actions missing; 1 function without boto3 calls
            """),  # noqa: E501
        "",
    )


def test_one_route_may_be_chosen_and_programs_get_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["iam", "notes/[note]", "--root", str(root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "functions": [
            {
                "function": "NotesNoteFunction",
                "routes": ["/notes/[note]"],
                "calls": [
                    {
                        "action": "dynamodb:GetItem",
                        "resource": "Notes",
                        "where": ["lib/notes.py:10"],
                        "allowed": True,
                        "depends_on": [],
                    }
                ],
                "add": [],
                "unseen": [],
                "unread": [],
            }
        ]
    }


def test_what_none_that_share_a_role_calls_is_reported_once_and_only_where_all_is_read(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    route = root / "functions" / "notes" / "route.py"
    before = route.read_text()
    route.write_text("from lib import notes\n\n\ndef GET():\n    return notes.find('1')\n")
    try:
        assert main(["iam", "--root", str(root)]) == 0
    finally:
        route.write_text(before)
    assert capsys.readouterr().out == dedent("""\
        /notes  NotesFunction
          allowed  dynamodb:GetItem on Notes  lib/notes.py:10
          unused   dynamodb:Scan, dynamodb:Query, dynamodb:BatchGetItem, dynamodb:DescribeTable on Notes
        /notes/[note]  NotesNoteFunction
          allowed  dynamodb:GetItem on Notes  lib/notes.py:10
        0 actions missing; 1 function without boto3 calls
        """)


def test_a_route_that_is_not_there_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["iam", "/note", "--root", str(root)]) == 1
    assert capsys.readouterr().err == "/note: there is no such route. Did you mean '/notes'?\n"


def test_a_project_that_calls_nothing_is_reviewed_without_moto(tmp_path: Path) -> None:
    (tmp_path / "functions" / "hello").mkdir(parents=True)
    (tmp_path / "functions" / "hello" / "route.py").write_text(FILES["functions/hello/route.py"])
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')
    code = (
        "import sys\nfrom edgeroutes.cli import main\nmain(['iam'])\n"
        "print([name for name in ('moto', 'boto3', 'botocore') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "0 actions missing; 1 function without boto3 calls\n[]\n"
