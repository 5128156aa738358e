"""The handler that Lambda calls, event to result."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.conftest import RouteProject

ECHO = """
    async def handle(request):
        return {
            "method": request.method, "url": str(request.url), "query": request.query_params.multi_items(),
            "cookies": request.cookies, "body": (await request.body()).decode("latin-1"), "client": request.client.host,
        }
    GET = POST = handle
"""


def rest(method: str = "GET", path: str = "/", **more: Any) -> dict[str, Any]:
    return {"httpMethod": method, "path": path, "requestContext": {"identity": {"sourceIp": "203.0.113.7"}}, **more}


def http(method: str = "GET", path: str = "/", query: str = "", **more: Any) -> dict[str, Any]:
    context = {"http": {"method": method, "sourceIp": "203.0.113.7"}, "domainName": "a.lambda-url.eu-west-1.on.aws"}
    return {"version": "2.0", "rawPath": path, "rawQueryString": query, "requestContext": context, **more}


class FakeLambdaContext:
    aws_request_id = "lambda-1"

    def get_remaining_time_in_millis(self) -> int:
        return 1000


CONTEXT: Any = FakeLambdaContext()


def test_a_rest_event_gets_a_rest_result(project: RouteProject) -> None:
    project.write("users/[id]/route.py", ECHO)
    event = rest(
        "POST",
        "/users/a%2Fb",
        multiValueHeaders={"Host": ["a.example"], "Cookie": ["a=1", "b=2"]},
        multiValueQueryStringParameters={"q": ["ä", "&"]},
        body=b64encode(b"\xff").decode(),
        isBase64Encoded=True,
    )

    result = project.handler()(event, CONTEXT)

    assert json.loads(result.pop("body")) == {
        "method": "POST",
        "url": "https://a.example/users/a%2Fb?q=%C3%A4&q=%26",
        "query": [["q", "ä"], ["q", "&"]],
        "cookies": {"a": "1", "b": "2"},
        "body": "ÿ",
        "client": "203.0.113.7",
    }
    assert result == {
        "statusCode": 200,
        "multiValueHeaders": {"content-type": ["application/json"], "cache-control": ["private, no-store"]},
        "isBase64Encoded": False,
    }


def test_an_http_event_gets_an_http_result(project: RouteProject) -> None:
    project.write("users/[id]/route.py", ECHO)
    event = http(
        "POST", "/users/a%2Fb", "q=%C3%A4&q=%26", headers={"host": "a.example"}, cookies=["a=1", "b=2"], body="text ä"
    )

    result = project.handler()(event, CONTEXT)

    assert json.loads(result.pop("body")) == {
        "method": "POST",
        "url": "https://a.example/users/a%2Fb?q=%C3%A4&q=%26",
        "query": [["q", "ä"], ["q", "&"]],
        "cookies": {"a": "1", "b": "2"},
        "body": "text Ã¤",
        "client": "203.0.113.7",
    }
    assert result == {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "cache-control": "private, no-store"},
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize("build", [rest, http])
def test_repeated_cookies_and_binary_survive(project: RouteProject, build: Any) -> None:
    project.write(
        "x/route.py",
        """
        from edgeroutes import Response
        def GET():
            response = Response(bytes(range(256)), headers={"content-type": "image/png"})
            response.cookies.set("a", "1")
            response.cookies.set("b", "2")
            return response
        """,
    )

    result = project.handler()(build("GET", "/x"), CONTEXT)

    lines = result.get("cookies") or result["multiValueHeaders"]["set-cookie"]
    assert (b64decode(result["body"]), lines) == (bytes(range(256)), ["a=1; Path=/", "b=2; Path=/"])


@pytest.mark.parametrize("build", [rest, http])
@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("OPTIONS", 204), ("PUT", 405), ("BREW", 400)])
def test_a_response_without_a_body_has_an_empty_one(
    project: RouteProject, build: Any, method: str, status: int
) -> None:
    project.write("x/route.py", "def GET():\n    return 'hello'\n")

    result = project.handler()(build(method, "/x"), CONTEXT)

    assert (result["statusCode"], result["body"], result["isBase64Encoded"]) == (status, "", False)


@pytest.mark.parametrize("build", [rest, http])
def test_a_stream_is_returned_whole(project: RouteProject, build: Any) -> None:
    project.write("x/route.py", "async def GET():\n    yield 'a'\n    yield 'ä'\n")

    assert project.handler()(build("GET", "/x"), CONTEXT)["body"] == "aä"


def test_a_stream_that_fails_on_the_way_is_a_500_for_nothing_has_gone_out(
    project: RouteProject, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    project.write("x/route.py", "async def GET():\n    yield 'a'\n    1 / 0\n")

    result = project.handler()(rest("GET", "/x"), CONTEXT)

    assert (result["statusCode"], json.loads(result["body"])["request_id"]) == (500, "lambda-1")
    assert [line["exception_name"] for line in log_lines()] == ["ZeroDivisionError"]


@pytest.mark.parametrize("build", [rest, http])
def test_a_body_whose_base64_is_broken_is_400_and_the_process_goes_on(project: RouteProject, build: Any) -> None:
    project.write("x/route.py", ECHO)
    handler = project.handler()

    broken = handler(build("POST", "/x", body="abc", isBase64Encoded=True), CONTEXT)
    fine = handler(build("POST", "/x", body="YWJj", isBase64Encoded=True), CONTEXT)

    assert (broken["statusCode"], json.loads(broken["body"])["detail"].partition(": Inc")[0]) == (
        400,
        "the body cannot be read: its base64 is broken",
    )
    assert json.loads(fine["body"])["body"] == "abc"


def test_an_event_that_is_not_an_http_request_is_refused_with_a_line_in_the_log_and_the_process_goes_on(
    project: RouteProject, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    project.write("x/route.py", ECHO)
    handler = project.handler()

    with pytest.raises(EventError, match="an event with the keys warmer is not an HTTP request"):
        handler({"warmer": True}, CONTEXT)

    (line,) = log_lines()
    assert (line["level"], line["request_id"]) == ("ERROR", "lambda-1")
    assert line["message"].startswith("the invocation: an event with the keys warmer is not an HTTP request.")
    assert handler(rest("GET", "/x"), CONTEXT)["statusCode"] == 200


def test_the_context_may_be_missing(project: RouteProject) -> None:
    project.write(
        "x/route.py",
        "from edgeroutes import RouteContext\ndef GET(context: RouteContext):\n    return [context.remaining_ms]\n",
    )

    assert project.handler()(rest("GET", "/x"))["body"] == "[null]"


def test_a_function_of_one_route_loads_it_at_init_and_one_of_several_at_its_first_request(
    project: RouteProject,
) -> None:
    project.write("a/route.py", "def GET():\n    return 'a'\n")
    project.handler()
    assert project.module("a/route.py").GET() == "a"

    project.write("b/route.py", "def GET():\n    return 'b'\n")
    handler = project.handler()
    with pytest.raises(KeyError):
        project.module("b/route.py")
    assert handler(rest("GET", "/b"), CONTEXT)["body"] == "b"


def test_a_route_that_cannot_be_loaded_is_logged_at_init_and_responds_500_until_it_is_fixed(
    project: RouteProject, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    project.write("x/route.py", "import nowhere_to_be_found\n")
    handler = project.handler()

    assert [line["exception_name"] for line in log_lines()] == ["ModuleMissingError"]
    assert handler(rest("GET", "/x"), CONTEXT)["statusCode"] == 500
    assert [line["exception_name"] for line in log_lines()] == ["ModuleMissingError"]
    project.write("x/route.py", "def GET():\n    return 'fixed'\n")
    assert handler(rest("GET", "/x"), CONTEXT)["body"] == "fixed"


def test_without_a_client_after_runs_before_the_response_and_on_lambda_one_warning_says_so(
    project: RouteProject, log_lines: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(
        "x/route.py",
        """
        from edgeroutes import after
        seen = []
        async def GET():
            after(seen.append, 1)
            return {}
        """,
    )
    handler = project.handler()

    handler(rest("GET", "/x"), CONTEXT)
    assert (project.module("x/route.py").seen, log_lines()) == ([1], [])
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    handler(rest("GET", "/x"), CONTEXT)
    handler(rest("GET", "/x"), CONTEXT)

    assert project.module("x/route.py").seen == [1, 1, 1]
    assert [(line["level"], line["message"]) for line in log_lines()] == [
        ("WARNING", "after() runs before the response: this runtime has no client that edgeroutes knows")
    ]


def test_a_redirect_to_the_canonical_form_needs_no_route(project: RouteProject) -> None:
    project.write("x/route.py", ECHO)

    result = project.handler()(rest("GET", "//nothing/", queryStringParameters={"a": "1"}), CONTEXT)

    assert (result["statusCode"], result["multiValueHeaders"], result["body"]) == (
        308,
        {"location": ["/nothing?a=1"], "cache-control": ["private, no-store"]},
        "",
    )
