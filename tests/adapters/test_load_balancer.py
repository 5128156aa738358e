from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.errors import EventError
from tests.adapters.mirror import mirror, seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.conftest import RouteProject

    ReadEvent = Callable[[str], dict[str, Any]]
    LogLines = Callable[[], list[dict[str, Any]]]

# The modules that a load balancer's event loads.
OWN = {"asgi", "connection", "lifespan", "load_balancer", "mount", "mounted"}
PLAIN = """
from edgeroutes import Request, Response, after, cookies

done = []

async def GET(request: Request, id: str, q: list[str] = []):
    cookies().set("a", "1")
    cookies().set("b", "2")
    after(done.append, id)
    return {"id": id, "q": q, "client": request.client.host, "url": str(request.url), "x": request.headers.getlist("x-two")}

async def DELETE(id: str):
    return Response(status=204)

async def PUT(id: str):
    return Response(b"\\xff", headers={"x-name": "k\\xe4se"})

async def PATCH(id: str):
    yield "half"
    raise ValueError("broke off")
"""


def load_balancer(path: str, method: str = "GET", *, many: bool = False, **changes: Any) -> dict[str, Any]:
    headers = {
        "host": ["example.org"],
        "x-forwarded-for": ["1.2.3.4, 10.0.0.1"],
        "x-forwarded-proto": ["https"],
        "x-two": ["a", "b"],
    }
    event: dict[str, Any] = {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/t/1"}},
        "httpMethod": method,
        "path": path,
        "body": "",
        "isBase64Encoded": False,
    }
    if many:
        event |= {"multiValueHeaders": headers, "multiValueQueryStringParameters": {"q": ["a%2Fb", "c+d"]}}
    else:
        event |= {
            "headers": {name: values[-1] for name, values in headers.items()},
            "queryStringParameters": {"q": "a%2Fb"},
        }
    return {**event, **changes}


def test_a_plain_route_responds_to_a_load_balancer(project: RouteProject) -> None:
    project.write("users/[id]/route.py", PLAIN)
    result = project.handler()(load_balancer("/users/a%2Fb"))
    assert json.loads(result.pop("body")) == {
        "id": "a/b",
        "q": ["a/b"],
        "client": "10.0.0.1",
        "url": "https://example.org/users/a%2Fb?q=a%2Fb",
        "x": ["b"],
    }
    assert (
        result.pop("headers").items()
        >= {"content-type": "application/json", "set-cookie": "a=1; Path=/", "Set-cookie": "b=2; Path=/"}.items()
    )
    assert result == {"statusCode": 200, "isBase64Encoded": False}
    assert project.module("users/[id]/route.py").done == ["a/b"]


@pytest.mark.parametrize("absent", ["mangum.handlers", "edgeroutes.adapters.load_balancer"])
def test_a_bundle_that_cannot_read_the_event_names_the_include_line(
    project: RouteProject, log_lines: LogLines, monkeypatch: pytest.MonkeyPatch, absent: str
) -> None:
    project.write("users/[id]/route.py", PLAIN)
    monkeypatch.delitem(sys.modules, "edgeroutes.adapters.load_balancer", raising=False)
    monkeypatch.setitem(sys.modules, absent, None)  # by which Python says that there is none
    with pytest.raises(EventError) as raised:
        project.handler()(load_balancer("/users/1"))
    assert str(raised.value).startswith(
        "this is a load balancer's event, and the function's bundle does not contain the module that reads one: "
    )
    assert raised.value.hint == "Add 'include: [mangum]' to its function.yaml, and build again"
    assert [(line["level"], line["message"]) for line in log_lines()] == [("ERROR", str(raised.value))]


def test_without_anyio_a_load_balancer_gets_a_response_too(
    project: RouteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mangum does not bring it: `include: [mangum]` is all that a function needs."""
    project.write("users/[id]/route.py", PLAIN)
    for name in [
        name for name in sys.modules if name.startswith("edgeroutes.adapters.") and name.rpartition(".")[2] in OWN
    ]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("anyio", "starlette"):
        monkeypatch.setitem(sys.modules, name, None)
    assert project.handler()(load_balancer("/users/1"))["statusCode"] == 200


def test_with_multi_value_headers_everything_repeated_is_a_list(project: RouteProject) -> None:
    project.write("users/[id]/route.py", PLAIN)
    result = project.handler()(load_balancer("/users/1", many=True))
    told = json.loads(result["body"])
    assert (told["q"], told["x"]) == (["a/b", "c d"], ["a", "b"])
    assert result["multiValueHeaders"]["set-cookie"] == ["a=1; Path=/", "b=2; Path=/"]
    assert "headers" not in result


def test_a_load_balancer_gets_no_body_and_no_type_with_204(project: RouteProject) -> None:
    project.write("users/[id]/route.py", PLAIN)
    assert project.handler()(load_balancer("/users/1", "DELETE")) == {
        "statusCode": 204,
        "headers": {"cache-control": "private, no-store"},
        "body": "",
        "isBase64Encoded": False,
    }


def test_a_load_balancer_gets_bytes_in_base64_and_latin_1_headers(project: RouteProject) -> None:
    project.write("users/[id]/route.py", PLAIN)
    result = project.handler()(load_balancer("/users/1", "PUT"))
    assert (result["body"], result["isBase64Encoded"], result["headers"]["x-name"]) == ("/w==", True, "käse")


def test_a_stream_that_breaks_off_is_a_500_for_a_load_balancer_and_one_log_line(
    project: RouteProject, log_lines: LogLines
) -> None:
    project.write("users/[id]/route.py", PLAIN)
    result = project.handler()(load_balancer("/users/1", "PATCH"))
    assert (result["statusCode"], json.loads(result["body"])["title"]) == (500, "Internal Server Error")
    assert [line["exception_name"] for line in log_lines()] == ["ValueError"]


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("1.2.3.4:5678", ["1.2.3.4", 5678]),
        ("6.6.6.6, 2001:db8::1", ["2001:db8::1", 0]),
        ("6.6.6.6:1,, 1.2.3.4", ["1.2.3.4", 0]),
        (f"1.2.3.4:{'9' * 5_000}", ["1.2.3.4", 0]),
        ("[2001:db8::1]:80", ["2001:db8::1", 80]),
        ("", None),
    ],
)
def test_the_client_of_a_load_balancer_is_the_last_forwarded_one(
    project: RouteProject, forwarded: str, client: list[Any] | None
) -> None:
    headers = {"host": "[::1]:3000", "x-forwarded-for": forwarded, "x-forwarded-port": "443,443"}
    told = seen(mirror(project), load_balancer("/legacy/a%2Fb", headers=headers))
    assert (told["client"], told["server"]) == (client, ["::1", 3000])
    assert (told["path"], told["raw_path"], told["root_path"]) == ("/legacy/a/b", "/legacy/a%2Fb", "/legacy")


@pytest.mark.parametrize("name", ["albEvent", "albMultiValueHeadersEvent"])
def test_a_real_load_balancer_event_reaches_an_app(
    project: RouteProject, read_event_file: ReadEvent, name: str
) -> None:
    event = read_event_file(name)
    result = mirror(project, "[[...path]]")(event)
    told = json.loads(result["body"])
    assert (told["path"], told["body"], told["scheme"], told["has_event"]) == (
        event["path"],
        event["body"],
        "http",
        True,
    )
    assert told["query_string"] == ("query=1234ABCD" if name == "albEvent" else "")
    assert result["headers" if name == "albEvent" else "multiValueHeaders"]["content-type"] in (
        "application/json",
        ["application/json"],
    )


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        ({"a": "1 2&3"}, "a=1%202%263"),
        ({"a%20b": "x%2By", "a+b": ""}, "a%20b=x%2By&a+b="),
        ({"é": "ü"}, "%C3%A9=%C3%BC"),
        (None, ""),
    ],
)
def test_the_query_of_a_load_balancer_goes_on_as_it_was_sent(
    project: RouteProject, parameters: Any, query: str
) -> None:
    event = load_balancer("/legacy", queryStringParameters=parameters)
    assert seen(mirror(project), event)["query_string"] == query


def test_a_load_balancer_gets_a_response_for_unknown_paths_and_bad_encoding(project: RouteProject) -> None:
    project.write("users/[id]/route.py", PLAIN)
    handler = project.handler()
    statuses = [handler(load_balancer(path))["statusCode"] for path in ("/nothing", "/users/%zz", "/users/1/")]
    assert statuses == [404, 400, 308]


def test_a_background_task_runs_after_a_load_balancer_has_its_response(project: RouteProject) -> None:
    project.write("users/[id]/route.py", PLAIN)
    handler = project.handler()
    handler.hook_installed = True  # as on Lambda: the client tells when the response is out
    handler(load_balancer("/users/1"))
    done = project.module("users/[id]/route.py").done
    assert done == []
    handler.finish()
    assert done == ["1"]
