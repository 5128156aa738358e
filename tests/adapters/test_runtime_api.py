from __future__ import annotations

import json
from base64 import b64decode

import pytest

from edgeroutes.adapters.runtime_api import (
    DELIMITER,
    render_chunk,
    render_failed_end,
    render_prelude,
    render_request_head,
)
from edgeroutes.errors import ResponseTooLargeError
from edgeroutes.http.response import Response


def test_a_prelude_has_status_headers_and_length_and_ends_with_eight_nuls() -> None:
    assert render_prelude(Response("ok"), 2) == (
        b'{"statusCode":200,"headers":{"content-type":"text/plain; charset=utf-8","content-length":"2"}}' + bytes(8)
    )


def test_cookies_are_apart_and_other_repeated_headers_joined() -> None:
    response = Response(None, 204, [("set-cookie", "a=1"), ("vary", "a"), ("set-cookie", "b=2"), ("vary", "b")])

    prelude = json.loads(render_prelude(response, None).removesuffix(DELIMITER))

    assert prelude == {"statusCode": 204, "headers": {"vary": "a, b"}, "cookies": ["a=1", "b=2"]}


def test_no_header_can_bring_the_delimiter_in_before_its_time() -> None:
    prelude = render_prelude(Response("x", headers={"x-odd": "é\xff"}), None)

    assert prelude.index(b"\0") == len(prelude) - 8
    assert json.loads(prelude.removesuffix(DELIMITER))["headers"]["x-odd"] == "é\xff"


def test_headers_that_api_gateway_would_not_accept_are_refused_with_their_size() -> None:
    names_count_too = {f"x-{'n' * 80}-{number}": "x" for number in range(200)}

    with pytest.raises(ResponseTooLargeError, match=r"header values have 10,241 bytes\. API Gateway accepts 10,240"):
        render_prelude(Response(None, headers={"x-long": "x" * 10_241}), None)
    with pytest.raises(ResponseTooLargeError, match=r"headers take .* bytes as JSON\. API Gateway accepts 16,384"):
        render_prelude(Response(None, headers=names_count_too), None)
    assert render_prelude(Response(None, headers={"x-long": "x" * 10_240}), None)


def test_the_id_of_the_attempt_is_sent_back_where_there_is_one() -> None:
    heads = [render_request_head("127.0.0.1:9001", "id", attempt).split(b"\r\n") for attempt in (None, "attempt")]

    assert heads[0][0] == b"POST /2018-06-01/runtime/invocation/id/response HTTP/1.1"
    assert set(heads[1]) - set(heads[0]) == {b"Lambda-Runtime-Invocation-Id: attempt"}


def test_chunks_are_framed_with_their_size_in_hexadecimal() -> None:
    assert render_chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
    assert render_chunk(memoryview(b"abc")[1:]) == b"2\r\nbc\r\n"


def test_an_exceptions_odd_name_cannot_end_its_trailer() -> None:
    assert b"\r\nLambda-Runtime-Function-Error-Type: Error\r\n" in render_failed_end("a\r\nb", "")


def test_a_failed_end_says_why_in_trailers_that_hold_any_text() -> None:
    last, error_type, error_body, *rest = render_failed_end("KeyError", "line\r\nbreak é").split(b"\r\n")

    assert (last, error_type) == (b"0", b"Lambda-Runtime-Function-Error-Type: KeyError")
    name, _, value = error_body.partition(b": ")
    assert name == b"Lambda-Runtime-Function-Error-Body"
    assert json.loads(b64decode(value)) == {"errorMessage": "line\r\nbreak é", "errorType": "KeyError"}
    assert rest == [b"", b""]
