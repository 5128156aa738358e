"""`edgeroutes dev` with resources in infra/, as its user runs it: processes, sockets, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.dev.serving import write_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

# A machine that does much else takes its time to import moto.
PATIENCE_S = 150.0
TABLE = (
    "Resources:\n"
    "  Notes:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      BillingMode: PAY_PER_REQUEST\n"
    "      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]\n"
    "      KeySchema: [{AttributeName: id, KeyType: HASH}]\n"
    "  Jobs: {Type: AWS::SQS::Queue}\n"
)
FILES = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n',
    "lib/table.py": (
        "import os\n\nimport boto3\n\n\ndef table():\n    return boto3.resource('dynamodb').Table(os.environ['NOTES'])\n"
    ),
    "notes": (
        "from lib.table import table\n\n\ndef GET():\n    return sorted(item['id'] for item in table().scan()['Items'])\n\n\n"
        "def POST(id: str):\n    table().put_item(Item={'id': id})\n    return id\n"
    ),
    "functions/notes/function.yaml": "Environment: {Variables: {NOTES: !Ref Notes}}\n",
    "jobs": (
        "import os\n\nimport boto3\n\n\ndef POST(text: str):\n"
        "    boto3.client('sqs').send_message(QueueUrl=os.environ['JOBS'], MessageBody=text)\n    return text\n\n\n"
        "def GET():\n    got = boto3.client('sqs').receive_message(QueueUrl=os.environ['JOBS'], VisibilityTimeout=0)\n"
        "    return [each['Body'] for each in got.get('Messages', ())]\n"
    ),
    "functions/jobs/function.yaml": "Environment: {Variables: {JOBS: !Ref Jobs}}\n",
    "environ": (
        "import os\n\n\ndef GET():\n    names = ('AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'NOTES')\n"
        "    return {name: os.environ.get(name) for name in names}\n"
    ),
    "hello": "import boto3\n\n\ndef GET():\n    return 'hello'\n",
    "lists": "import boto3\n\n\ndef GET():\n    return boto3.client('s3').list_buckets()['Buckets']\n",
    "infra/data.yaml": TABLE,
    "infra/seed/data.yaml": "Notes: [{id: seed}]\n",
}


class Dev:
    """A running `edgeroutes dev --json`."""

    def __init__(self, root: Path, *options: str) -> None:
        self.root = root
        command = [sys.executable, "-m", "edgeroutes", "dev", "--port", "0", "--json", *options]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environ = {**kept, "AWS_PROFILE": "mine", "AWS_ACCESS_KEY_ID": "mine", "AWS_SECRET_ACCESS_KEY": "mine"}
        self.process = subprocess.Popen(command, cwd=root, env=environ, stdout=subprocess.PIPE, text=True)
        self.told: list[dict[str, Any]] = []
        self.reading = threading.Thread(target=self._read, daemon=True)
        self.reading.start()
        self.url = self.wait_for("started")["url"]
        self.client = httpx.Client(base_url=self.url, timeout=PATIENCE_S)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told.append(json.loads(line))

    def wait_for(self, kind: str, since: int = 0) -> dict[str, Any]:
        return until(lambda: next((each for each in self.told[since:] if each["kind"] == kind), None), kind)

    @property
    def moto(self) -> int | None:
        found = subprocess.run(
            ["pgrep", "-P", str(self.process.pid), "-f", "local_aws.server"], capture_output=True, check=False
        )
        return int(found.stdout) if found.stdout.strip() else None


def until(is_so: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if found := is_so():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {PATIENCE_S} s")


def lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def running(root: Path, *options: str) -> Iterator[Dev]:
    dev = Dev(root, *options)
    try:
        yield dev
    finally:
        dev.client.close()
        dev.process.terminate()
        dev.process.wait(60)
        dev.reading.join()
        assert dev.process.stdout is not None
        dev.process.stdout.close()


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    root = tmp_path_factory.mktemp("dev-cloud")
    write_files(root, FILES)
    with running(root) as dev:
        yield dev


def test_only_a_request_that_uses_local_aws_waits_for_it(dev: Dev) -> None:
    assert dev.client.get("/hello").text == "hello"
    assert not any(each["kind"] == "cloudready" for each in dev.told)
    assert dev.client.get("/lists").json() == []  # it calls AWS, and reads no variable
    until(lambda: any(each["kind"] == "cloudready" for each in dev.told), "local AWS")
    waits = [each["message"] for each in dev.told if "waits for local AWS" in each.get("message", "")]
    # The server reports who waits. It reports nobody if it had the resources before it read the connection.
    assert waits in ([], ["a request waits for local AWS: s3"])


def test_the_first_request_waits_for_the_resources_and_finds_the_seeds(dev: Dev) -> None:
    response = dev.client.get("/notes")
    assert response.text == '["seed"]'
    ready = dev.wait_for("cloudready")
    assert ready["resources"] == {"Notes": "AWS::DynamoDB::Table", "Jobs": "AWS::SQS::Queue"}
    assert ready["warnings"] == []


def test_the_users_own_credentials_stay_out_and_a_neighbours_variables_too(dev: Dev) -> None:
    found = dev.client.get("/environ").json()
    assert found == {"AWS_ACCESS_KEY_ID": "edgeroutes", "AWS_PROFILE": None, "NOTES": None}


def test_what_is_written_survives_a_save(dev: Dev) -> None:
    dev.client.post("/notes", params={"id": "mine"})
    since = len(dev.told)
    write_files(dev.root, {"lib/table.py": FILES["lib/table.py"] + "\n# saved\n"})
    dev.wait_for("reloaded", since)
    assert dev.client.get("/notes").json() == ["mine", "seed"]


def test_a_resource_that_is_added_is_there_for_the_next_request(dev: Dev) -> None:
    since = len(dev.told)
    write_files(
        dev.root,
        {
            "infra/more.yaml": "Resources: {Limit: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: '5'}}}\n",
            "infra/seed/more.yaml": "Limit: '10'\n",
        },
    )
    ready = dev.wait_for("cloudready", since)
    assert (ready["added"], ready["removed"]) == (["Limit"], [])
    limit = (
        "import os\n\nimport boto3\n\n\ndef GET():\n    name = os.environ['LIMIT']\n"
        "    return boto3.client('ssm').get_parameter(Name=name)['Parameter']['Value']\n"
    )
    since = len(dev.told)
    write_files(
        dev.root, {"functions/limit/function.yaml": "Environment: {Variables: {LIMIT: !Ref Limit}}\n", "limit": limit}
    )
    dev.wait_for("reloaded", since)
    until(lambda: dev.client.get("/limit").text == "10", "the new route's variable")
    assert dev.client.get("/notes").json() == ["mine", "seed"]


def test_a_mistake_in_infra_is_reported_and_the_resources_stay(dev: Dev) -> None:
    since = len(dev.told)
    topic = "Resources: {Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Job}}}\n"
    write_files(dev.root, {"infra/wrong.yaml": topic})
    failed = dev.wait_for("cloudfailed", since)
    assert failed["problems"] == [
        "infra/wrong.yaml:1: Topic refers to 'Job', which is neither a resource nor a parameter of the template. Did you mean 'Jobs'?"
    ]
    assert (failed["is_working"], dev.client.get("/notes").json()) == (True, ["mine", "seed"])
    since = len(dev.told)
    write_files(dev.root, {"infra/wrong.yaml": topic.replace("Job}", "Notes}").replace("TopicName", "DisplayName")})
    assert dev.wait_for("cloudready", since)["added"] == ["Topic"]


def test_what_moto_lacks_is_warned_of_and_not_among_what_was_made(dev: Dev) -> None:
    since = len(dev.told)
    pool = "Resources: {Pool: {Type: AWS::Cognito::IdentityPool}, Other: {Type: AWS::SQS::Queue}}\n"
    write_files(dev.root, {"infra/pool.yaml": pool})
    ready = dev.wait_for("cloudready", since)
    assert (ready["added"], "Pool" in ready["resources"]) == (["Other"], False)
    assert [said.partition(": Ref gives ")[0] for said in ready["warnings"]] == [
        "Pool: moto has no AWS::Cognito::IdentityPool"
    ]


def test_a_parameter_without_a_default_has_the_value_that_sam_deploy_takes(dev: Dev) -> None:
    parameter = (
        "Parameters: {Size: {Type: String}}\n"
        "Resources: {Named: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref Size}}}\n"
    )
    since = len(dev.told)
    write_files(dev.root, {"infra/named.yaml": parameter})
    (said,) = dev.wait_for("cloudfailed", since)["problems"]
    assert said.startswith(
        "infra/named.yaml:1: the parameter 'Size' has no value. Give it a Default, or a value by parameter_overrides"
    )
    since = len(dev.told)
    settings = '[default.deploy.parameters]\nparameter_overrides = "Size=large"\n'
    write_files(dev.root, {"samconfig.toml": settings})
    assert dev.wait_for("cloudready", since)["added"] == ["Named"]


def test_a_server_that_dies_is_started_again_with_the_seeds(dev: Dev) -> None:
    moto = dev.moto
    assert moto is not None
    since = len(dev.told)
    os.kill(moto, signal.SIGKILL)
    said = dev.wait_for("logged", since)
    assert said["message"].startswith("the moto server stopped; it starts again")
    dev.wait_for("cloudready", since)
    assert dev.client.get("/notes").json() == ["seed"]


def test_a_project_with_nothing_in_infra_starts_no_moto(tmp_path: Path) -> None:
    write_files(tmp_path, {"hello": "def GET():\n    return 'hello'\n"})
    with running(tmp_path) as dev:
        assert (dev.client.get("/hello").text, dev.moto) == ("hello", None)
        assert {each["kind"] for each in dev.told} <= {"started", "responded"}, dev.told


def test_resources_that_cannot_be_made_at_the_start_are_why_routes_respond_500(tmp_path: Path) -> None:
    write_files(tmp_path, {**FILES, "infra/seed/data.yaml": "Note: [{id: seed}]\n"})
    with running(tmp_path) as dev:
        response = dev.client.get("/notes")
        assert response.status_code == 500
        assert response.json()["detail"] == "infra/seed/data.yaml:1: there is no resource 'Note'. Did you mean 'Notes'?"
        since = len(dev.told)
        write_files(tmp_path, {"infra/seed/data.yaml": FILES["infra/seed/data.yaml"]})
        dev.wait_for("cloudready", since)
        assert dev.client.get("/notes").json() == ["seed"]


def reads(name: str) -> str:
    return f"import os\n\n\ndef GET():\n    return os.environ['{name}']\n"


def test_mistakes_break_the_routes_that_they_concern_and_nothing_is_left_of_them(tmp_path: Path) -> None:
    """One broken function.yaml, a parameter without a value, a file of infra/ that is not YAML, and a reference to nothing."""
    variable = "Environment: {{Variables: {{{}: !Ref {}}}}}\n".format
    files = {
        **FILES,
        "sized": reads("SIZE"),
        "functions/sized/function.yaml": variable("SIZE", "Size"),
        "parts": reads("PARTS"),
        "functions/parts/function.yaml": variable("PARTS", "Parts"),
        "lost": reads("LOST"),
        "functions/lost/function.yaml": variable("LOST", "Lost"),
        "functions/jobs/function.yaml": "Environment: {Variables: {JOBS: [}\n",
        "infra/size.yaml": "Parameters: {Size: {Type: String}}\n",
        "infra/parts.yaml": "Resources: {Parts: {Type: AWS::SQS::Queue}\n",
    }
    write_files(tmp_path, files)
    with running(tmp_path) as dev:
        where = {
            "/sized": "infra/size.yaml:1: the parameter 'Size' has no value.",
            "/parts": "functions/parts/function.yaml:1: PartsFunction refers to 'Parts', which is neither",
            "/lost": "functions/lost/function.yaml:1: LostFunction refers to 'Lost', which is neither",
            "/jobs": "functions/jobs/function.yaml:1: the file is not YAML",
        }
        until(lambda: all(dev.client.get(path).status_code == 500 for path in where), "the plan")
        found = {path: dev.client.get(path).json() for path in where}
        assert {path: document["detail"].startswith(where[path]) for path, document in found.items()} == dict.fromkeys(
            where, True
        ), found
        assert "infra/parts.yaml:" in found["/parts"]["detail"]  # the cause
        assert (dev.client.get("/hello").text, dev.client.get("/notes").json()) == ("hello", ["seed"])
        write_files(
            tmp_path,
            {
                "functions/jobs/function.yaml": FILES["functions/jobs/function.yaml"],
                "functions/lost/function.yaml": variable("LOST", "Jobs"),
                "infra/size.yaml": "Parameters: {Size: {Type: String, Default: large}}\n",
                "infra/parts.yaml": "Resources: {Parts: {Type: AWS::SQS::Queue}}\n",
            },
        )
        until(lambda: dev.client.get("/sized").text == "large", "the parameter")
        until(lambda: all(dev.client.get(path).status_code == 200 for path in where), "the end of all mistakes")
        assert dev.client.get("/notes").json() == ["seed"]


def test_invoke_finds_the_same_resources_and_starts_moto_only_for_a_route_that_uses_them(tmp_path: Path) -> None:
    write_files(tmp_path, FILES)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}

    def invoke(path: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "edgeroutes", "invoke", "GET", path]
        return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    notes, hello = invoke("/notes"), invoke("/hello")
    assert (notes.returncode, notes.stdout) == (0, '["seed"]'), notes.stderr
    assert (hello.returncode, hello.stdout, hello.stderr) == (0, "hello", "")
