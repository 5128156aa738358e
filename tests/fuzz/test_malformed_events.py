"""Events that AWS would never send: each is an EventError that names what is wrong, or is read as if the value were not there."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.adapters.checks import shape_problem
from edgeroutes.adapters.events import read_event
from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.dev.gateway import HttpRequest, rest_event
from edgeroutes.errors import EventError
from edgeroutes.testing.adapters import StreamingAdapter
from edgeroutes.testing.messages import function_url_event, http_api_event, load_balancer_event
from tests.fakes.project import RouteProject
from tests.fuzz.profile import fuzzed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Handle = Callable[[Any], int]

READING = """
    async def POST(request):
        return [dict(request.headers), request.cookies, request.query_params.multi_items(), str(request.url), repr(request.client),
                len(await request.body())]
"""
APP = """
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def index(request):
        return JSONResponse([str(request.url), dict(request.headers), len(await request.body())])

    app = Starlette(routes=[Route("/{rest:path}", index, methods=["GET", "POST"])])
"""
FILES = {
    "hello/route.py": "def POST():\n    return {}\n",
    "reading/route.py": READING,
    "legacy/[[...path]]/route.py": APP,
    "streamed/[[...path]]/route.py": f"    streaming = True{APP}",
}
PATHS = ["/hello", "/reading", "/legacy/x", "/streamed/x"]
KINDS = {"rest": rest_event, "http-api": http_api_event, "function-url": function_url_event, "alb": load_balancer_event}
NONSENSE: list[Any] = [
    5,
    True,
    "text",
    "",
    [],
    [5],
    {},
    {"a": 5},
    {"a": None},
    {"a": [None]},
    {"a": {"b": 1}},
    [["a"]],
    1.5,
    None,
    "\ud800",
]
MULTI = ("multiValueHeaders", "multiValueQueryStringParameters")
KEYS = [
    ("path",), ("httpMethod",), ("rawPath",), ("rawQueryString",), ("headers",), ("multiValueHeaders",), ("queryStringParameters",),
    ("multiValueQueryStringParameters",), ("body",), ("isBase64Encoded",), ("cookies",), ("requestContext",),
    ("requestContext", "http"), ("requestContext", "http", "method"), ("requestContext", "http", "path"),
    ("requestContext", "http", "sourceIp"), ("requestContext", "identity"), ("requestContext", "identity", "sourceIp"),
    ("requestContext", "domainName"), ("requestContext", "stage"), ("requestContext", "requestId"), ("headers", "host"),
    ("headers", "x-forwarded-proto"), ("headers", "content-type"), ("multiValueHeaders", "host"), ("pathParameters",), ("resource",),
]  # fmt: skip


def event_of(kind: str, path: str) -> dict[str, Any]:
    headers = [("host", "example.org"), ("content-type", "application/json"), ("cookie", "a=1")]
    request = HttpRequest(method="POST", path=path, query="q=1", headers=headers, body=b"{}")
    event: dict[str, Any] = json.loads(json.dumps(KINDS[kind](request)))
    return event


@pytest.fixture(scope="module", params=["lambda", "streaming"])
def handle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    """Hands an event to a function, and gives the status; an exception is the function's."""
    root = tmp_path_factory.mktemp("events")
    project = RouteProject(root, FILES, needs_loop=True)
    if request.param == "lambda":
        handler = LambdaHandler(project.manifest(), str(root))
        yield lambda event: int(handler(event)["statusCode"])
        handler.close()
    else:
        adapter = StreamingAdapter(project.manifest(), str(root), debug=False)

        def stream(event: Any) -> int:
            pending = adapter.handler(event, None)
            if isinstance(pending, dict):
                return int(pending["statusCode"])
            pending.send("invocation", None)
            adapter.handler.finish()
            _, first = next(iter(adapter._api.results.get(timeout=10).timed_chunks()))
            return int(json.loads(first.partition(b"\0")[0])["statusCode"])

        yield stream
        adapter.close()
    project.close()


def _changed(event: dict[str, Any], key: tuple[str, ...], value: Any) -> dict[str, Any] | None:
    """The event with another value in one place; without the key for `...`; None where there is no such place."""
    changed = copy.deepcopy(event)
    inner = changed
    for name in key[:-1]:
        if not isinstance(inner.get(name), dict):
            return None
        inner = inner[name]
    if value is ...:
        inner.pop(key[-1], None)
    else:
        inner[key[-1]] = value
    return changed


def _check(handle: Handle, event: Any, shown: object) -> None:
    try:
        status = handle(event)
    except EventError as error:
        assert "the invocation: " in str(error)  # noqa: PT017
        return
    assert status < 500, (status, shown)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", KEYS, ids=".".join)
def test_nonsense_in_one_place_is_an_event_error_or_is_not_read(
    handle: Handle, kind: str, key: tuple[str, ...]
) -> None:
    for path in PATHS[1:]:
        for value in (..., *NONSENSE):
            changed = _changed(event_of(kind, path), key, value)
            if changed is not None:
                _check(handle, changed, (path, key, value))


@fuzzed(150)
@given(
    st.sampled_from([*KINDS]),
    st.sampled_from(PATHS),
    st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from([..., *NONSENSE])), min_size=2, max_size=4),
)
def test_nonsense_in_several_places_is_too(
    handle: Handle, kind: str, path: str, changes: list[tuple[tuple[str, ...], Any]]
) -> None:
    event = event_of(kind, path)
    for key, value in changes:
        event = _changed(event, key, value) or event
    _check(handle, event, changes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", PATHS)
def test_an_event_without_nonsense_gets_a_response(handle: Handle, kind: str, path: str) -> None:
    assert handle(event_of(kind, path)) == 200


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", PATHS[1:])
def test_broken_base64_is_the_clients_mistake(handle: Handle, kind: str, path: str) -> None:
    for body in ("a", "ä", "====a", "\ud800"):
        assert handle({**event_of(kind, path), "body": body, "isBase64Encoded": True}) == 400


@pytest.mark.parametrize("kind", KINDS)
def test_what_aws_documents_has_no_problem(kind: str) -> None:
    event = event_of(kind, "/hello")
    assert shape_problem(event) == ""
    assert shape_problem({**event, "headers": None, "multiValueHeaders": {"a": None}, "body": None}) == ""


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"path": 5}, "path is 5, not a string"),
        ({"headers": True}, "headers is True, not an object of strings"),
        ({"headers": {"host": ["a"]}}, "headers is {'host': ['a']}, not an object of strings"),
        ({"multiValueHeaders": {"a": "b"}}, "multiValueHeaders is {'a': 'b'}, not an object of lists of strings"),
        ({"isBase64Encoded": "yes"}, "isBase64Encoded is 'yes', not true or false"),
        ({"requestContext": []}, "requestContext is [], not an object"),
        ({"requestContext": {"identity": 5}}, "requestContext.identity is 5, not an object"),
        ({"requestContext": {"http": {"method": 5}}}, "requestContext.http.method is 5, not a string"),
        ({"requestContext": {"http": {}}}, "requestContext.http.method is None, not a string"),
        ({"httpMethod": None}, "httpMethod is None, not a string"),
    ],
)
def test_the_first_value_that_is_wrong_is_named(change: dict[str, Any], problem: str) -> None:
    assert shape_problem({**event_of("rest", "/hello"), **change}) == problem


AUTHORIZERS: list[dict[str, Any]] = [
    {"type": "TOKEN", "authorizationToken": "a", "methodArn": "arn:aws:execute-api:eu-west-1:1:a/live/GET/"},
    {
        "type": "REQUEST",
        "methodArn": "arn:…",
        "resource": "/",
        "path": "/hello",
        "httpMethod": "GET",
        "headers": {},
        "requestContext": {},
    },
    {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:…",
        "rawPath": "/",
        "requestContext": {"http": {"method": "GET"}},
    },
    {
        "version": "1.0",
        "type": "REQUEST",
        "methodArn": "arn:…",
        "path": "/hello",
        "httpMethod": "POST",
        "requestContext": {},
    },
]


@pytest.mark.parametrize("event", AUTHORIZERS)
def test_an_authorizers_event_is_refused_by_its_name(handle: Handle, event: dict[str, Any]) -> None:
    with pytest.raises(EventError, match=f"API Gateway asks an authorizer of the type {event['type']}"):
        handle(event)
    with pytest.raises(EventError):
        read_event(event, None)


@pytest.mark.parametrize(
    "event",
    [None, 5, "text", [], [{}], {}, {"httpMethod": "GET"}, {"path": "/"}, {"requestContext": {"http": "method"}}],
)
def test_what_is_not_an_event_is_refused(handle: Handle, event: Any) -> None:
    with pytest.raises(EventError, match="is not an HTTP request"):
        handle(event)
