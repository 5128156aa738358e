"""local AWS for tests: made once, new data for each test, and nothing of it elsewhere; Lambda's Invoke."""

from __future__ import annotations

import json
import os
import socket
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import boto3
import moto
import pytest
from botocore.exceptions import ClientError

from edgeroutes.errors import ConfigError, ToolError
from edgeroutes.testing import Aws, RouteClient
from edgeroutes.testing.client import Functions
from edgeroutes.testing.environment import RealAwsError, without_aws
from tests.testing.projects import NOTES, write_project

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = {
    **NOTES,
    "infra/worker.yaml": (
        "Resources:\n  Worker:\n    Type: AWS::Serverless::Function\n"
        "    Properties: {CodeUri: worker/, Handler: main.handler, Runtime: python3.13}\n"
    ),
    "functions/notes/function.yaml": "Environment: {Variables: {NOTES: !Ref Notes, MODE: one}}\n",
    "functions/calls/function.yaml": "Environment: {Variables: {MODE: two, CALLED: !Ref ModeFunction}}\n",
    "functions/calls/route.py": (
        "import json\nimport os\n\nimport boto3\n\nEVENT = {'httpMethod': 'GET', 'path': '/mode', 'requestContext': {}}\n\n\n"
        "async def GET():\n    import asyncio\n\n    await asyncio.sleep(0)\n"
        "    reply = boto3.client('lambda').invoke(FunctionName=os.environ['CALLED'], Payload=json.dumps(EVENT))\n"
        "    return [os.environ['MODE'], json.loads(json.load(reply['Payload'])['body'])]\n"
    ),
    "functions/mode/function.yaml": "Environment: {Variables: {MODE: three}}\n",
    "functions/mode/route.py": (
        "import asyncio\nimport os\n\nfrom edgeroutes import Response, logger\n\n\nasync def GET():\n    await asyncio.sleep(0)\n"
        "    logger.info('asked')\n    return [os.environ['MODE'], 'CALLED' in os.environ]\n\n\n"
        "def POST():\n    return Response('x' * 7_000_000)\n\n\ndef DELETE():\n    raise SystemExit(3)\n"
    ),
}


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Functions:
    return Functions(write_project(tmp_path_factory.mktemp("shop"), FILES))


@pytest.fixture(scope="module")
def made(functions: Functions) -> Iterator[Aws]:
    aws = Aws(functions)
    yield aws
    aws.close()


@pytest.fixture
def desk(made: Aws, functions: Functions) -> Iterator[Aws]:
    functions.output.clear()
    with made.for_one_test() as aws:
        yield aws
        functions.close()


@pytest.fixture
def routes(functions: Functions) -> RouteClient:
    return RouteClient(functions=functions)


def invoke(**arguments: Any) -> Any:
    return boto3.client("lambda").invoke(**arguments)


def get(path: str) -> bytes:
    return json.dumps({"httpMethod": "GET", "path": path, "requestContext": {}}).encode()


@pytest.mark.parametrize("time", [1, 2])
def test_each_test_finds_the_seeds_and_nothing_else(desk: Aws, routes: RouteClient, time: int) -> None:
    assert routes.get("/notes").json() == ["one"]
    desk.table("Notes").put_item(Item={"id": "two"})
    assert sorted(routes.get("/notes").json()) == ["one", "two"]


def test_between_tests_nothing_of_it_is_there_and_another_mock_does_no_harm(made: Aws, routes: RouteClient) -> None:
    environ = dict(os.environ)
    with made.for_one_test():
        pass
    with moto.mock_aws():
        other = boto3.client("dynamodb", region_name="us-east-1")
        assert other.list_tables()["TableNames"] == []
        queue = boto3.client("sqs", region_name="us-east-1").create_queue(QueueName="other")["QueueUrl"]
        with made.for_one_test():
            assert routes.get("/notes").json() == ["one"]
            assert boto3.client("sqs").list_queues().get("QueueUrls") is None
        assert boto3.client("sqs", region_name="us-east-1").list_queues()["QueueUrls"] == [queue]
    with made.for_one_test():
        assert routes.get("/notes").json() == ["one"]
        routes.close()
    assert dict(os.environ) == environ
    with pytest.raises(ToolError, match="local AWS is off"):
        made.table("Notes")


def test_names_are_looked_up_with_a_did_you_mean(desk: Aws, functions: Functions) -> None:
    assert desk.resource("Notes").startswith("edgeroutes-Notes-")
    assert desk.environment("NotesFunction")["NOTES"] == desk.resource("Notes")
    for wrong in (desk.resource, desk.table):
        with pytest.raises(ConfigError, match=r"aws: there is no resource 'Note'\. Did you mean 'Notes'"):
            wrong("Note")
    with pytest.raises(
        ConfigError, match=r"'NotesFunction' is AWS::Lambda::Function\. Allowed is AWS::DynamoDB::Table"
    ):
        desk.table("NotesFunction")


def test_a_client_made_before_the_mock_is_mocked_too(made: Aws) -> None:
    session = boto3.Session("not", "real", region_name="us-east-1")
    early = session.client("dynamodb")
    early.meta.events.unregister("before-send", moto.core.models.botocore_stubber)
    with made.for_one_test() as aws:
        assert early.list_tables()["TableNames"] == [aws.resource("Notes")]


def test_aws_itself_cannot_be_asked(made: Aws) -> None:
    with without_aws():
        client = boto3.Session("not", "real", region_name="eu-central-1").client("sts")
        with pytest.raises(RealAwsError, match=r"sts\.eu-central-1\.amazonaws\.com: a test sends no request to AWS"):
            client.get_caller_identity()
        assert socket.getaddrinfo("localhost", 80)
    with made.for_one_test():
        elsewhere = boto3.client("s3", endpoint_url="https://s3.example.test")
        with pytest.raises(RealAwsError, match=r"s3\.example\.test"):
            elsewhere.get_object(Bucket="b", Key="k")


def test_a_function_finds_no_credentials_of_the_developer(
    desk: Aws, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    with functions.run(functions.plans["NotesFunction"]):
        assert ("AWS_PROFILE" in os.environ, os.environ["AWS_ACCESS_KEY_ID"]) == (False, "testing")
    assert os.environ["AWS_PROFILE"] == "production"


def test_a_session_that_the_test_makes_has_none_either(made: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    with made.for_one_test() as aws:
        session = boto3.Session()
        assert session.get_credentials().access_key == "testing"
        assert session.client("dynamodb").list_tables()["TableNames"] == [aws.resource("Notes")]
    assert os.environ["AWS_PROFILE"] == "production"


@pytest.mark.parametrize("adapter", ["rest", "streaming", "asgi"])
def test_each_function_has_its_own_environment_also_when_one_invokes_another(
    desk: Aws, routes: RouteClient, functions: Functions, adapter: str
) -> None:
    assert routes.via(adapter).get("/calls").json() == ["two", ["three", False]]
    assert [line["route"] for line in functions.output.logs if line["message"] == "asked"] == ["/mode"]


def test_a_function_is_invoked_by_name_arn_and_logical_id(desk: Aws) -> None:
    name = desk.resource("ModeFunction")
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    for called in (name, arn, f"{arn}:live", f"123456789012:function:{name}", "ModeFunction"):
        reply = invoke(FunctionName=called, Payload=get("/mode"), LogType="Tail")
        assert (reply["StatusCode"], reply["ExecutedVersion"], "FunctionError" in reply) == (200, "$LATEST", False)
        assert json.loads(json.load(reply["Payload"])["body"]) == ["three", False]
        assert json.loads(b64decode(reply["LogResult"]))["message"] == "asked"


def test_what_a_handler_raises_is_a_function_error(desk: Aws) -> None:
    reply = invoke(FunctionName="ModeFunction", Payload=b'{"a": 1}')
    error = json.load(reply["Payload"])
    assert (reply["StatusCode"], reply["FunctionError"]) == (200, "Unhandled")
    assert (sorted(error), error["errorType"]) == (
        ["errorMessage", "errorType", "requestId", "stackTrace"],
        "EventError",
    )
    assert error["errorMessage"].startswith("the invocation: an event with the keys a is not an HTTP request.")


def test_an_event_runs_and_its_result_is_dropped(desk: Aws, functions: Functions) -> None:
    reply = invoke(FunctionName="ModeFunction", InvocationType="Event", Payload=get("/mode"))
    assert (reply["StatusCode"], reply["Payload"].read()) == (202, b"")
    assert [line["message"] for line in functions.output.logs] == ["asked"]
    failed = invoke(FunctionName="ModeFunction", InvocationType="Event", Payload=b"{}")
    assert (failed["StatusCode"], "FunctionError" in failed) == (202, False)
    assert functions.output.logs[-1]["message"] == "ModeFunction failed"


def test_a_function_of_infra_is_not_run_and_says_so(desk: Aws) -> None:
    with pytest.raises(
        ToolError, match=r"Worker: this function of infra/ serves no route, and tests run only functions of routes"
    ):
        invoke(FunctionName=desk.resource("Worker"))


def test_a_dry_run_runs_nothing(desk: Aws, functions: Functions) -> None:
    reply = invoke(FunctionName="ModeFunction", InvocationType="DryRun", Payload=get("/mode"))
    assert (reply["StatusCode"], functions.output.logs) == (204, [])


def test_a_response_that_is_too_large_is_a_500_with_its_route_in_the_log(desk: Aws, functions: Functions) -> None:
    event = {"httpMethod": "POST", "path": "/mode", "requestContext": {}}
    result = json.load(invoke(FunctionName="ModeFunction", Payload=json.dumps(event))["Payload"])
    assert result["statusCode"] == 500
    assert [(line["route"], line["limit_bytes"]) for line in functions.output.logs] == [("/mode", 6_291_556)]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"FunctionName": "nothing"}, "ResourceNotFoundException"),
        ({"FunctionName": "ModeFunction", "Payload": b"{"}, "InvalidRequestContentException"),
        ({"FunctionName": "ModeFunction", "Payload": b'"' + b"x" * 6_300_000 + b'"'}, "RequestTooLargeException"),
        (
            {"FunctionName": "ModeFunction", "InvocationType": "Event", "Payload": b'"' + b"x" * 1_100_000 + b'"'},
            "RequestTooLargeException",
        ),
    ],
)
def test_what_lambda_refuses_is_refused(desk: Aws, arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as raised:
        invoke(**arguments)
    assert raised.value.response["Error"]["Code"] == code


def test_a_function_may_do_what_its_policies_allow(desk: Aws, routes: RouteClient, functions: Functions) -> None:
    pytest.importorskip("edgeroutes.local_aws.iam", reason="who checks policies is not there yet")
    assert routes.get("/notes").status_code == 200
    desk(enforce_iam=True)
    assert routes.get("/notes").status_code == 500
    assert "dynamodb:Scan" in functions.output.logs[-1]["exception"]
