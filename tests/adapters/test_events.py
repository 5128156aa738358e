"""Lambda's three HTTP events as one model, and results back: what AWS has done to a request is undone or lived with."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.adapters.events import HttpEvent, RestEvent, http_result, is_load_balancer, read_event, rest_result
from edgeroutes.errors import EventError
from edgeroutes.http.response import Response

if TYPE_CHECKING:
    from collections.abc import Callable

Pairs = list[tuple[str, str]]


def rest_event(
    method: str = "GET", path: str = "/", query: str = "", headers: Pairs | None = None, body: bytes = b""
) -> dict[str, Any]:
    """As a REST API with `*/*` as binary media type sends it. Source: facts/aws.md §6."""
    fields: dict[str, list[str]] = {}
    for name, value in headers or []:
        fields.setdefault(name, []).append(value)
    parameters: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters.setdefault(name, []).append(value)
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": {name: values[-1] for name, values in fields.items()} or None,
        "multiValueHeaders": fields or None,
        "queryStringParameters": {name: values[-1] for name, values in parameters.items()} or None,
        "multiValueQueryStringParameters": parameters or None,
        "requestContext": {
            "stage": "live",
            "path": f"/live{path}",
            "domainName": "abc.execute-api.eu-west-1.amazonaws.com",
            "requestId": "gateway-1",
            "identity": {"sourceIp": "203.0.113.7"},
        },
        "body": b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }


def function_url_event(
    method: str = "GET", path: str = "/", query: str = "", headers: Pairs | None = None, body: bytes = b""
) -> dict[str, Any]:
    """As a function URL sends it: the path as it was, headers joined, cookies apart."""
    fields: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in headers or []:
        if name.lower() == "cookie":
            cookies += value.split("; ")
        else:
            lowered = name.lower()
            fields[lowered] = f"{fields[lowered]},{value}" if lowered in fields else value
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": fields,
        "requestContext": {
            "domainName": "abc.lambda-url.eu-west-1.on.aws",
            "requestId": "gateway-1",
            "stage": "$default",
            "http": {"method": method, "path": path, "sourceIp": "203.0.113.7"},
        },
        "isBase64Encoded": bool(body),
    }
    if cookies:
        event["cookies"] = cookies
    if body:
        event["body"] = b64encode(body).decode()
    return event


def http_api_event(
    method: str = "GET",
    path: str = "/",
    query: str = "",
    headers: Pairs | None = None,
    body: bytes = b"",
    *,
    stage: str = "$default",
) -> dict[str, Any]:
    """As an HTTP API sends it: the path decoded, and behind the name of its stage."""
    event = function_url_event(method, path, query, headers, body)
    raw = unquote(path) if stage == "$default" else f"/{stage}{unquote(path)}"
    event["rawPath"] = event["requestContext"]["http"]["path"] = raw
    event["requestContext"] |= {"domainName": "abc.execute-api.eu-west-1.amazonaws.com", "stage": stage}
    return event


BUILDERS = [rest_event, http_api_event, function_url_event]


@pytest.mark.parametrize("build", BUILDERS)
def test_an_event_gives_what_the_client_sent(build: Callable[..., dict[str, Any]]) -> None:
    headers = [
        ("Host", "app.example"),
        ("X-A", "1"),
        ("X-A", "2"),
        ("Cookie", "a=1; b=2"),
        ("Content-Type", "text/plain"),
    ]
    incoming = read_event(build("POST", "/users/7", "tag=1&q=a+b%26&tag=2", headers, b"body"), None)

    fields = dict(incoming.header_items())
    values = [value for name, value in incoming.header_items() if name == "x-a"]
    assert (incoming.method, incoming.path, incoming.body()) == ("POST", "/users/7", b"body")
    assert (incoming.request_id, incoming.client_host(), incoming.origin()) == (
        "gateway-1",
        "203.0.113.7",
        ("https", "app.example"),
    )
    assert (fields["cookie"], ",".join(values), fields["host"]) == ("a=1; b=2", "1,2", "app.example")
    assert sorted(incoming.query_items()) == [("q", "a b&"), ("tag", "1"), ("tag", "2")]
    assert sorted(parse_qsl(incoming.query_string())) == [("q", "a b&"), ("tag", "1"), ("tag", "2")]
    assert [incoming.header(name) for name in ("content-type", "cookie", "nothing")] == ["text/plain", "a=1; b=2", None]
    assert (incoming.event, incoming.aws_context) == (incoming.event, None)


class FakeLambdaContext:
    aws_request_id = "lambda-1"


@pytest.mark.parametrize("build", BUILDERS)
def test_the_request_id_is_lambdas_where_there_is_a_context(build: Callable[..., dict[str, Any]]) -> None:
    context: Any = FakeLambdaContext()

    incoming = read_event(build(), context)

    assert (incoming.request_id, incoming.aws_context) == ("lambda-1", context)


@pytest.mark.parametrize("build", [rest_event, function_url_event])
@pytest.mark.parametrize(
    "path", ["/a%2Fb", "/100%25", "/a%20b", "/%E2%9C%93", "/a+b", "//x", "/a//", "/%zz", "/@x;y=1"]
)
def test_a_path_stays_encoded(build: Callable[..., dict[str, Any]], path: str) -> None:
    assert read_event(build("GET", path), None).path == path


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/a b", "/a%20b"),
        ("/100%", "/100%25"),
        ("/✓", "/%E2%9C%93"),
        ("/a?b#c", "/a%3Fb%23c"),
        ("/a+b;c=1@d:e", "/a+b;c=1@d:e"),
        ("/a\\b", "/a%5Cb"),
        ("/\n", "/%0A"),
        ("/\ud800", "/%3F"),
        ("", "/"),
    ],
)
def test_a_path_that_an_http_api_decoded_is_encoded_anew(path: str, found: str) -> None:
    event = http_api_event()
    event["rawPath"] = path

    assert read_event(event, None).path == found


@pytest.mark.parametrize(
    ("raw_path", "stage", "found"),
    [
        ("/live/users", "live", "/users"),
        ("/live", "live", "/"),
        ("/lively", "live", "/lively"),
        ("/users", "live", "/users"),
        ("/live/live/x", "live", "/live/x"),
        ("/live/x", "$default", "/live/x"),
        ("/live/x", None, "/live/x"),
    ],
)
def test_the_stage_of_an_http_api_is_not_part_of_the_path(raw_path: str, stage: str | None, found: str) -> None:
    event = http_api_event(stage=stage or "$default")
    event["rawPath"] = raw_path
    event["requestContext"]["stage"] = stage

    assert read_event(event, None).path == found


def test_a_function_url_has_no_stage() -> None:
    event = function_url_event("GET", "/live/x")
    event["requestContext"]["stage"] = "live"

    assert read_event(event, None).path == "/live/x"


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ([("Host", "[2001:db8::1]:8443")], ("https", "[2001:db8::1]:8443")),
        ([("Host", "[::1]"), ("X-Forwarded-Proto", "http")], ("http", "[::1]")),
        ([("Host", "a.example"), ("X-Forwarded-Proto", "HTTPS")], ("https", "a.example")),
        ([("Host", "a.example"), ("X-Forwarded-Proto", "http, https")], ("http", "a.example")),
        ([("Host", "a.example"), ("X-Forwarded-Proto", "gopher")], ("https", "a.example")),
        ([("Host", "a.example"), ("X-Forwarded-Proto", "")], ("https", "a.example")),
        (
            [("Host", "a.example"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Port", "x")],
            ("https", "a.example"),
        ),
    ],
)
def test_the_origin_is_what_the_client_asked(
    build: Callable[..., dict[str, Any]], headers: Pairs, origin: tuple[str, str]
) -> None:
    assert read_event(build(headers=headers), None).origin() == origin


@pytest.mark.parametrize("build", BUILDERS)
def test_without_a_host_the_gateways_own_name_stands_in(build: Callable[..., dict[str, Any]]) -> None:
    event = build()
    named = read_event(event, None).origin()
    event["requestContext"]["domainName"] = None

    assert (named[1].partition(".")[0], read_event(event, None).origin()) == ("abc", ("https", "localhost"))


@pytest.mark.parametrize(
    "event",
    [
        {"httpMethod": "GET", "path": "/x"},
        {
            "httpMethod": "GET",
            "path": "/x",
            "headers": None,
            "multiValueHeaders": None,
            "requestContext": None,
            "body": None,
        },
        {"httpMethod": "GET", "path": "/x", "multiValueQueryStringParameters": None, "queryStringParameters": None},
        {
            "httpMethod": "GET",
            "path": "/x",
            "headers": {"X": None},
            "multiValueHeaders": {"X": None},
            "requestContext": {},
        },
        {"requestContext": {"http": {"method": "GET"}}, "rawPath": "/x"},
        {
            "requestContext": {"http": {"method": "GET", "path": "/x"}},
            "headers": None,
            "cookies": None,
            "rawQueryString": None,
        },
    ],
)
def test_what_an_event_leaves_out_is_empty(event: dict[str, Any]) -> None:
    incoming = read_event(event, None)

    assert (incoming.method, incoming.path, incoming.body(), incoming.header_items(), incoming.query_items()) == (
        "GET",
        "/x",
        b"",
        [],
        [],
    )
    assert (incoming.query_string(), incoming.header("x"), incoming.client_host(), incoming.request_id) == (
        "",
        None,
        None,
        "",
    )
    assert incoming.origin() == ("https", "localhost")


def test_a_rest_event_without_repeated_headers_is_read_from_the_single_ones() -> None:
    event = {"httpMethod": "GET", "path": "/", "headers": {"X-A": "1"}, "queryStringParameters": {"a": "1", "b": None}}
    incoming = read_event(event, None)

    assert (incoming.header_items(), incoming.header("x-a"), incoming.query_items()) == (
        [("x-a", "1")],
        "1",
        [("a", "1"), ("b", "")],
    )


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize(
    ("body", "encoded", "found"),
    [
        ("text ä", False, "text ä".encode()),
        ("\ud800", False, b"\xed\xa0\x80"),
        (b64encode(b"\x00\xff").decode(), True, b"\x00\xff"),
        ("", True, b""),
        (None, True, b""),
    ],
)
def test_a_body_is_its_bytes_as_text_or_in_base64(
    build: Callable[..., dict[str, Any]], body: str | None, encoded: bool, found: bytes
) -> None:
    event = {**build("POST"), "body": body, "isBase64Encoded": encoded}

    assert read_event(event, None).body() == found


@pytest.mark.parametrize("body", ["abc", "ä"])
def test_broken_base64_is_a_value_error(body: str) -> None:
    with pytest.raises(ValueError, match="its base64 is broken"):
        read_event({**rest_event("POST"), "body": body, "isBase64Encoded": True}, None).body()


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ({}, "an event with the keys (none) is not an HTTP request"),
        ({"warmer": True, "concurrency": 1}, "an event with the keys concurrency, warmer is not an HTTP request"),
        (
            {"source": "aws.events", "detail-type": "Scheduled Event"},
            "an event with the keys detail-type, source is not an HTTP request: it comes from aws.events",
        ),
        (
            {"Records": [{"eventSource": "aws:sqs"}]},
            "an event with the keys Records is not an HTTP request: it comes from aws:sqs",
        ),
        ({"Records": [{"cf": {}}]}, "an event with the keys Records is not an HTTP request: it comes from CloudFront"),
        ({"requestContext": {"http": {}}}, "an event with the keys requestContext is not an HTTP request"),
        ({"requestContext": {"http": None}}, "an event with the keys requestContext is not an HTTP request"),
        ({"requestContext": "x", "path": "/"}, "an event with the keys path, requestContext is not an HTTP request"),
        (["a"], "an event of type list is not an HTTP request"),
        (None, "an event of type NoneType is not an HTTP request"),
        ("text", "an event of type str is not an HTTP request"),
    ],
)
def test_an_event_that_is_not_an_http_request_is_refused_and_named(event: Any, problem: str) -> None:
    with pytest.raises(EventError) as raised:
        read_event(event, None)

    assert str(raised.value) == (
        f"the invocation: {problem}. Invoke it through API Gateway, a function URL or a load balancer; "
        "give a schedule or queue a function of its own."
    )


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"requestContext": {"elb": {}}, "httpMethod": "GET", "path": "/"}, True),
        (rest_event(), False),
        ({"requestContext": {"elb": {}}, "resource": "/"}, False),
        (http_api_event(), False),
        ({}, False),
        (None, False),
        ({"requestContext": None}, False),
    ],
)
def test_a_load_balancers_event_is_known(event: Any, expected: bool) -> None:
    assert is_load_balancer(event) is expected


def test_a_rest_result_has_every_header_as_a_list() -> None:
    response = Response("ä", 201, [("Vary", "A"), ("Set-Cookie", "a=1"), ("Vary", "B"), ("Set-Cookie", "b=2")])

    assert rest_result(response, response.body) == {  # type: ignore[arg-type]
        "statusCode": 201,
        "multiValueHeaders": {
            "vary": ["A", "B"],
            "set-cookie": ["a=1", "b=2"],
            "content-type": ["text/plain; charset=utf-8"],
        },
        "body": "ä",
        "isBase64Encoded": False,
    }


def test_an_http_result_has_cookies_apart_and_other_headers_joined() -> None:
    response = Response("ä", 201, [("Vary", "A"), ("Set-Cookie", "a=1"), ("Vary", "B"), ("Set-Cookie", "b=2")])

    assert http_result(response, response.body) == {  # type: ignore[arg-type]
        "statusCode": 201,
        "headers": {"vary": "A, B", "content-type": "text/plain; charset=utf-8"},
        "body": "ä",
        "isBase64Encoded": False,
        "cookies": ["a=1", "b=2"],
    }
    assert "cookies" not in http_result(Response(), None)


@pytest.mark.parametrize(
    ("content_type", "body", "text", "encoded"),
    [
        ("text/html", "ä".encode(), "ä", False),
        ("Application/JSON; charset=utf-8", b"{}", "{}", False),
        ("application/problem+json", b"{}", "{}", False),
        ("image/svg+xml", b"<svg/>", "<svg/>", False),
        ("application/x-ndjson", b"{}\n", "{}\n", False),
        ("text/plain; charset=latin-1", b"\xe4", "5A==", True),
        ("image/png", b"\x89PNG", "iVBORw==", True),
        ("application/octet-stream", b"plain", "cGxhaW4=", True),
        ("image/png", b"", "", True),
        (None, b"a", "YQ==", True),
        ("text/plain", None, "", False),
    ],
)
@pytest.mark.parametrize("make", [rest_result, http_result])
def test_bytes_are_text_where_they_are_text_and_base64_otherwise(
    make: Any, content_type: str | None, body: bytes | None, text: str, encoded: bool
) -> None:
    response = Response(None, 200, {"content-type": content_type} if content_type else ())

    result = make(response, body)

    assert (result["body"], result["isBase64Encoded"]) == (text, encoded)


def test_compressed_text_is_binary() -> None:
    response = Response(None, 200, {"content-type": "text/plain", "content-encoding": "gzip"})

    assert rest_result(response, b"abc")["isBase64Encoded"] is True


SEGMENTS = st.lists(
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(lambda text: text not in (".", "..")),
    min_size=1,
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)))
NAMES = st.text(st.sampled_from("abcxyzXYZ-_09"), min_size=1).filter(
    lambda name: name.lower() not in ("cookie", "host", "x-forwarded-proto")
)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","), min_size=1)


@given(SEGMENTS, st.lists(st.tuples(TEXTS, TEXTS)), st.lists(st.tuples(NAMES, VALUES)), st.binary())
def test_a_request_comes_through_every_event_as_it_was_sent(
    segments: list[str], query: list[tuple[str, str]], headers: Pairs, body: bytes
) -> None:
    """Except for what AWS loses: a REST API the order of query names, an HTTP API which slash was encoded."""
    path = "/" + "/".join(quote(segment, safe="") for segment in segments)
    query_string = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
    lowered = sorted((name.lower(), value) for name, value in headers)
    for build in BUILDERS:
        incoming = read_event(build("POST", path, query_string, headers, body), None)

        values: dict[str, list[str]] = {}
        for name, value in incoming.header_items():
            values.setdefault(name, []).extend(value.split(","))
        assert sorted((name, value) for name in values for value in values[name]) == lowered
        assert incoming.body() == body
        found, sent = incoming.query_items(), query
        assert (sorted(found), sorted(parse_qsl(incoming.query_string(), keep_blank_values=True))) == (
            sorted(sent),
            sorted(sent),
        )
        assert unquote(incoming.path) == "/" + "/".join(segments)
        if build is not http_api_event:
            assert incoming.path == path
        if build is not rest_event:
            assert found == sent


def http_response(result: dict[str, Any]) -> tuple[int, Pairs, bytes]:
    """What API Gateway sends to the client of a result."""
    headers = [(name, value) for name, values in result.get("multiValueHeaders", {}).items() for value in values]
    headers += list(result.get("headers", {}).items())
    headers += [("set-cookie", line) for line in result.get("cookies", ())]
    body = b64decode(result["body"]) if result["isBase64Encoded"] else result["body"].encode()
    return result["statusCode"], sorted(headers), body


@given(
    st.sampled_from([200, 201, 404, 503]),
    st.lists(
        st.tuples(st.sampled_from(["set-cookie", "x-a"]), VALUES), unique_by=lambda pair: pair[0] == "x-a" or pair
    ),
    st.sampled_from(["text/plain; charset=utf-8", "image/png", "application/json"]),
    st.binary() | TEXTS,
)
def test_a_response_goes_out_through_every_result_as_it_was(
    status: int, headers: Pairs, content_type: str, body: bytes | str
) -> None:
    response = Response(None, status, [*headers, ("content-type", content_type)])
    raw = body.encode() if isinstance(body, str) else body

    for make in (rest_result, http_result):
        assert http_response(make(response, body)) == (status, sorted([*headers, ("content-type", content_type)]), raw)


@pytest.mark.parametrize(
    ("name", "kind", "method", "path"),
    [
        ("apiGatewayProxyEvent", RestEvent, "GET", "/my/path"),
        ("apiGatewayProxyEventPathTrailingSlash", RestEvent, "GET", "/my/path/"),
        ("apiGatewayProxyV2Event", HttpEvent, "POST", "/my/path"),
        ("apiGatewayProxyV2Event_GET", HttpEvent, "GET", "/my/path"),
        ("lambdaFunctionUrlEvent", HttpEvent, "GET", "/"),
    ],
)
def test_collected_events_are_read(
    read_event_file: Callable[[str], dict[str, Any]], name: str, kind: type, method: str, path: str
) -> None:
    incoming = read_event(read_event_file(name), None)

    assert (type(incoming), incoming.method, incoming.path) == (kind, method, path)
    assert all(value == value.strip() and name == name.lower() for name, value in incoming.header_items())
