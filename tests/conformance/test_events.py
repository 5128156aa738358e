"""Events that AWS has sent, through the adapter that they are for: each arrives as the request that it was."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.errors import EventError
from tests.conformance.drivers import Settings, load_project

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = Path(__file__).parents[3] / "shared" / "cases" / "events"
MIRROR = Path(__file__).parent / "mirror"


def read_event(name: str) -> Any:
    path = EVENTS / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"{path} is absent: the events are not part of this repository")
    return json.loads(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def handler() -> Iterator[LambdaHandler]:
    handler = LambdaHandler(load_project(MIRROR, Settings()).manifest(), str(MIRROR))
    yield handler
    handler.close()


def seen(result: dict[str, Any]) -> Any:
    assert result["statusCode"] == 200
    return json.loads(result["body"])


GATEWAY = "https://id.execute-api.us-east-1.amazonaws.com"
QUERY = [["parameter1", "value1"], ["parameter1", "value2"], ["parameter2", "value"]]
QUERY_TEXT = "parameter1=value1&parameter1=value2&parameter2=value"


def test_a_rest_api_event_arrives_whole_and_gets_a_result_in_its_shape(handler: LambdaHandler) -> None:
    result = handler(read_event("apiGatewayProxyEvent"))
    assert seen(result) == {
        "method": "GET",
        "url": f"{GATEWAY}/my/path?{QUERY_TEXT}",
        "path": "/my/path",
        "params": {"path": ["my", "path"]},
        "query": QUERY,
        "headers": [
            ["header1", "value1"],
            ["origin", "https://aws.amazon.com"],
            ["header2", "value1"],
            ["header2", "value2"],
        ],
        "cookies": {},
        "client": "192.168.0.1/32",
        "body": "",  # a GET's body means nothing
    }
    assert {**result, "body": None} == {
        "statusCode": 200,
        "multiValueHeaders": {"content-type": ["application/json"], "cache-control": ["private, no-store"]},
        "body": None,
        "isBase64Encoded": False,
    }


def test_a_rest_api_event_with_a_trailing_slash_is_sent_to_the_canonical_path(handler: LambdaHandler) -> None:
    assert handler(read_event("apiGatewayProxyEventPathTrailingSlash")) == {
        "statusCode": 308,
        "multiValueHeaders": {"location": [f"/my/path?{QUERY_TEXT}"], "cache-control": ["private, no-store"]},
        "body": "",
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize(
    ("name", "method", "body"),
    [
        ("apiGatewayProxyV2Event", "POST", b'{"message": "hello world", "username": "tom"}'),
        ("apiGatewayProxyV2Event_GET", "GET", b""),
    ],
)
def test_an_http_api_event_arrives_whole_and_gets_a_result_in_its_shape(
    handler: LambdaHandler, name: str, method: str, body: bytes
) -> None:
    result = handler(read_event(name))
    assert seen(result) == {
        "method": method,
        "url": f"{GATEWAY}/my/path?{QUERY_TEXT}",
        "path": "/my/path",
        "params": {"path": ["my", "path"]},
        "query": QUERY,
        "headers": [["header1", "value1"], ["header2", "value1,value2"], ["cookie", "cookie1; cookie2"]],
        "cookies": {"cookie1": "true", "cookie2": "true"},
        "client": "192.168.0.1/32",
        "body": b64encode(body).decode(),
    }
    assert {**result, "body": None} == {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "cache-control": "private, no-store"},
        "body": None,
        "isBase64Encoded": False,
    }


def test_a_function_url_event_arrives_whole(handler: LambdaHandler) -> None:
    event = read_event("lambdaFunctionUrlEvent")
    assert seen(handler(event)) == {
        "method": "GET",
        "url": "https://<url-id>.lambda-url.us-east-1.on.aws/",
        "path": "/",
        "params": {},
        "query": [],
        "headers": [list(pair) for pair in event["headers"].items()],
        "cookies": {},
        "client": "123.123.123.123",
        "body": "",
    }


def test_a_load_balancer_event_arrives_whole_and_gets_a_result_in_its_shape(handler: LambdaHandler) -> None:
    event = read_event("albEvent")
    result = handler(event)
    assert seen(result) == {
        "method": "GET",
        "url": "http://lambda-alb-123578498.us-east-2.elb.amazonaws.com/lambda?query=1234ABCD",
        "path": "/lambda",
        "params": {"path": ["lambda"]},
        "query": [["query", "1234ABCD"]],
        "headers": [list(pair) for pair in event["headers"].items()],
        "cookies": {},
        "client": "72.12.164.125",
        "body": "",
    }
    assert result["headers"]["content-type"] == "application/json"
    assert "multiValueHeaders" not in result


def test_a_load_balancer_event_with_multi_value_headers_gets_a_result_with_them(handler: LambdaHandler) -> None:
    event = read_event("albMultiValueHeadersEvent")
    result = handler(event)
    host = (
        "alb-c-loadb-14pofkyclbnsf-1815800096.eu-central-1.elb.amazonaws.com"  # in lower case, as URL parsers have it
    )
    assert seen(result) == {
        "method": "GET",
        "url": f"http://{host}/todos",
        "path": "/todos",
        "params": {"path": ["todos"]},
        "query": [],
        "headers": [[name, value] for name, values in event["multiValueHeaders"].items() for value in values],
        "cookies": {},
        "client": "123.123.123.123",
        "body": "",
    }
    assert result["multiValueHeaders"]["content-type"] == ["application/json"]


SCHEDULE = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2015-10-08T16:53:06Z",
    "region": "us-east-1",
    "resources": ["arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"],
    "detail": {},
}
QUEUE = {"Records": [{"messageId": "1", "body": "{}", "eventSource": "aws:sqs", "awsRegion": "us-east-1"}]}
HTTP_EVENT = {"httpMethod": "GET", "path": "/alive", "headers": {}, "requestContext": {}}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        pytest.param(
            SCHEDULE,
            "with the keys account, detail, detail-type, id, region, resources, source, time, version"
            " is not an HTTP request: it comes from aws.events.",
            id="schedule",
        ),
        pytest.param({"warmer": True}, "with the keys warmer is not an HTTP request.", id="warmer"),
        pytest.param(QUEUE, "with the keys Records is not an HTTP request: it comes from aws:sqs.", id="queue"),
        pytest.param({}, "with the keys (none) is not an HTTP request.", id="empty"),
        pytest.param({"Records": []}, "with the keys Records is not an HTTP request.", id="no records"),
        pytest.param([HTTP_EVENT], "of type list is not an HTTP request.", id="list"),
        pytest.param("ping", "of type str is not an HTTP request.", id="text"),
        pytest.param(None, "of type NoneType is not an HTTP request.", id="null"),
        pytest.param({"requestContext": None}, "with the keys requestContext is not an HTTP request.", id="no context"),
    ],
)
def test_an_event_that_is_not_http_is_refused_by_name_and_the_function_lives_on(
    handler: LambdaHandler, capsys: pytest.CaptureFixture[str], event: Any, said: str
) -> None:
    with pytest.raises(EventError) as raised:
        handler(event)
    assert str(raised.value).startswith(f"the invocation: an event {said} Invoke it through API Gateway")
    assert json.loads(capsys.readouterr().out)["message"] == str(raised.value)
    assert seen(handler(HTTP_EVENT))["path"] == "/alive"


def test_a_cloudfront_event_is_refused_by_name(handler: LambdaHandler) -> None:
    with pytest.raises(EventError, match="the keys Records is not an HTTP request: it comes from CloudFront"):
        handler(read_event("CloudFrontAccessRequestInResponse"))
    assert seen(handler(HTTP_EVENT))["path"] == "/alive"
