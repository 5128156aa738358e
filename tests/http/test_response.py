from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from edgeroutes.http.cookies import ResponseCookies
from edgeroutes.http.response import Response, is_text

TEXT = ("content-type", "text/plain; charset=utf-8")
BYTES = ("content-type", "application/octet-stream")
JSON = ("content-type", "application/json")


def whole(response: Response) -> tuple[int, list[tuple[str, str]], Any]:
    return response.status, response.headers.multi_items(), response.body


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Response(), (200, [], None)),
        (Response("ä"), (200, [TEXT], "ä")),
        (Response(""), (200, [TEXT], "")),
        (Response(b"\xff", 201), (201, [BYTES], b"\xff")),
        (Response("<a>", headers={"Content-Type": "text/html"}), (200, [("content-type", "text/html")], "<a>")),
        (Response("a", headers=[("X", "1"), ("X", "2")]), (200, [("x", "1"), ("x", "2"), TEXT], "a")),
        (Response(status=204), (204, [], None)),
        (Response("", 204), (204, [], None)),
        (Response(b"", 304, {"ETag": '"a"'}), (304, [("etag", '"a"')], None)),
        (Response(status=205), (205, [], None)),
        (Response(None, 404), (404, [], None)),
        (Response("a", HTTPStatus.CREATED), (201, [TEXT], "a")),
        (Response.text("a", 202, {"x": "1"}), (202, [("x", "1"), TEXT], "a")),
        (Response.html("<p>ä"), (200, [("content-type", "text/html; charset=utf-8")], "<p>ä")),
        (Response.json({"a": "ä"}, 201), (201, [JSON], '{"a":"ä"}')),
        (Response.json(None), (200, [JSON], "null")),
        (Response.json([], headers={"content-type": "application/hal+json"}), (200, [("content-type", "application/hal+json")], "[]")),
        (Response.redirect("/ä b"), (307, [("location", "/%C3%A4%20b")], None)),
        (Response.redirect("https://a.example/", 301, {"x": "1"}), (301, [("x", "1"), ("location", "https://a.example/")], None)),
    ],
)  # fmt: skip
def test_a_response_has_its_status_headers_and_body(response: Response, expected: Any) -> None:
    assert whole(response) == expected
    assert type(response.status) is int


@pytest.mark.parametrize("status", [0, 100, 199, 600, -1, True, "200", None, 200.0])
def test_a_status_that_is_none_is_refused(status: Any) -> None:
    with pytest.raises(ValueError, match="200 to 599"):
        Response("a", status)


@pytest.mark.parametrize("status", [204, 205, 304])
@pytest.mark.parametrize("body", ["a", b"a", iter(["a"])])
def test_a_body_where_there_is_none_is_refused(status: int, body: Any) -> None:
    with pytest.raises(ValueError, match="carries no body"):
        Response(body, status)


@pytest.mark.parametrize("status", [200, 300, 304, 305, 404])
def test_a_redirect_has_the_status_of_one(status: int) -> None:
    with pytest.raises(ValueError, match="303, 307 and 308 redirect"):
        Response.redirect("/", status)


@pytest.mark.parametrize("body", [{"a": 1}, ["a"], 1, object(), ("a",), bytearray(b"a")])
def test_a_body_that_is_none_is_refused_with_what_to_do(body: Any) -> None:
    with pytest.raises(TypeError, match=r"is not supported\. Use str, bytes, an iterator of them, or Response\.json"):
        Response(body)


@pytest.mark.parametrize("make", [Response, Response.text, Response.html])
def test_text_that_utf_8_cannot_write_is_refused_where_its_author_sees_it(make: Any) -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        make("\ud800")


def test_content_length_beside_a_body_and_transfer_encoding_are_dropped() -> None:
    headers = {"Content-Length": "3", "TRANSFER-ENCODING": "chunked", "X": "1"}

    assert Response("a", headers=headers).headers.multi_items() == [("x", "1"), TEXT]
    assert Response(None, headers=headers).headers.multi_items() == [("content-length", "3"), ("x", "1")]  # of HEAD


def test_a_header_that_would_split_the_response_is_refused() -> None:
    with pytest.raises(ValueError, match="control or non-Latin-1"):
        Response("a", headers={"x": "a\r\nset-cookie: b=1"})


def test_a_stream_has_no_type_until_its_first_chunk_says_it() -> None:
    async def produce() -> Any:
        yield "a"

    async_stream, sync_stream = Response.stream(produce()), Response.stream(["a", "b"])

    assert (async_stream.is_stream, async_stream.headers.multi_items()) == (True, [])
    assert (sync_stream.is_stream, list(sync_stream.body or ())) == (True, ["a", "b"])
    assert Response.stream([], headers={"content-type": "text/csv"}).headers.multi_items() == [
        ("content-type", "text/csv")
    ]
    assert [Response(body).is_stream for body in ("a", b"a", None)] == [False, False, False]


@pytest.mark.parametrize(
    ("make", "content_type", "body"),
    [
        (Response.sse, "text/event-stream; charset=utf-8", ["data: a\n\n", 'data: {"n":1}\n\n']),
        (Response.ndjson, "application/x-ndjson", ['"a"\n', '{"n":1}\n']),
        (Response.json_array, "application/json", ['["a"', ',{"n":1}', "]"]),
    ],
)
def test_streams_of_values_have_their_format(make: Any, content_type: str, body: list[str]) -> None:
    response = make(["a", {"n": 1}], 201, {"X": "1"})

    assert (response.status, response.headers["content-type"], list(response.body)) == (201, content_type, body)
    assert response.headers["x"] == "1"


def test_events_ask_proxies_not_to_hold_them_back_unless_told_otherwise() -> None:
    response = Response.sse([], headers={"cache-control": "no-cache"})

    assert (response.headers["cache-control"], response.headers["x-accel-buffering"]) == ("no-cache", "no")
    assert Response.sse([]).headers["cache-control"] == "no-store, no-transform"


@pytest.mark.parametrize("seconds", [None, 0])
def test_heartbeats_may_be_turned_off(seconds: float | None) -> None:
    assert Response.sse([]).heartbeat_seconds == 15
    assert Response.sse([], heartbeat_seconds=2.5).copy().heartbeat_seconds == 2.5
    assert Response.sse([], heartbeat_seconds=seconds).heartbeat_seconds is None
    with pytest.raises(ValueError, match="heartbeat_seconds -1: seconds above 0"):
        Response.sse([], heartbeat_seconds=-1)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/csv; charset=utf-8", True),
        ("Application/JSON", True),
        ("application/x-ndjson", True),
        ("application/problem+json", True),
        ("image/svg+xml", True),
        ("image/png", False),
        ("application/octet-stream", False),
        ("", False),
    ],
)
def test_types_of_text_are_reported_from_others(content_type: str, expected: bool) -> None:
    assert is_text(content_type) is expected


def test_cookie_lines_are_the_headers_then_the_jars_then_the_requests() -> None:
    response = Response(headers=[("Set-Cookie", "a=1; foo=bar"), ("Set-Cookie", "b=2")])
    response.cookies.set("c", "3")
    ambient = ResponseCookies()

    assert response.set_cookie_lines() == ["a=1; foo=bar", "b=2", "c=3; Path=/"]
    assert response.set_cookie_lines(ambient) == ["a=1; foo=bar", "b=2", "c=3; Path=/"]
    ambient.set("c", "ambient")
    ambient.set("d", "4")
    assert response.set_cookie_lines(ambient) == ["a=1; Path=/", "b=2; Path=/", "c=3; Path=/", "d=4; Path=/"]


def test_reading_a_responses_cookies_sets_none() -> None:
    response = Response()

    assert (len(response.cookies), response.has_cookies, response.set_cookie_lines()) == (0, False, [])


def test_a_response_says_what_it_is() -> None:
    assert repr(Response("a", 201)) == "Response(201, text/plain; charset=utf-8)"
    assert repr(Response()) == "Response(200, no body)"
