from __future__ import annotations

import json
import re
import time

import pytest

from edgeroutes.dev.gateway import (
    HttpRequest,
    HttpResponse,
    IntegrationError,
    Limits,
    gateway_error,
    read_function_result,
    read_result,
    rest_event,
    sent_name,
)


def test_a_request_becomes_the_event_of_a_rest_api() -> None:
    request = HttpRequest(
        method="POST",
        path="/a%2Fb/c",
        query="q=1&q=%C3%A9&empty=&plus=a+b",
        headers=[("Host", "example.com:8080"), ("X-Many", "1"), ("X-Many", "2"), ("User-Agent", "test")],
        body=b"\xff",
        client_host="203.0.113.7",
        scheme="https",
    )
    event = rest_event(request, resource="/{name}/c", path_parameters={"name": "a%2Fb"})
    context = event.pop("requestContext")
    assert re.fullmatch(r"[0-9a-f-]{36}", context.pop("requestId"))
    assert abs(context.pop("requestTimeEpoch") / 1000 - time.time()) < 5
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context.pop("requestTime"))
    assert context == {
        "resourcePath": "/{name}/c",
        "httpMethod": "POST",
        "path": "/live/a%2Fb/c",
        "protocol": "HTTP/1.1",
        "stage": "live",
        "domainName": "example.com:8080",
        "domainPrefix": "example",
        "identity": {"sourceIp": "203.0.113.7", "userAgent": "test"},
    }
    assert event == {
        "resource": "/{name}/c",
        "path": "/a%2Fb/c",
        "httpMethod": "POST",
        "headers": {
            "Host": "example.com:8080",
            "X-Many": "2",
            "User-Agent": "test",
            "X-Forwarded-For": "203.0.113.7",
            "X-Forwarded-Port": "8080",
            "X-Forwarded-Proto": "https",
        },
        "multiValueHeaders": {
            "Host": ["example.com:8080"],
            "X-Many": ["1", "2"],
            "User-Agent": ["test"],
            "X-Forwarded-For": ["203.0.113.7"],
            "X-Forwarded-Port": ["8080"],
            "X-Forwarded-Proto": ["https"],
        },
        "queryStringParameters": {"q": "é", "empty": "", "plus": "a b"},
        "multiValueQueryStringParameters": {"q": ["1", "é"], "empty": [""], "plus": ["a b"]},
        "pathParameters": {"name": "a%2Fb"},
        "stageVariables": None,
        "body": "/w==",
        "isBase64Encoded": True,
    }


def test_what_a_request_lacks_is_null() -> None:
    event = rest_event(HttpRequest(method="GET", path="/"))
    absent = [name for name, value in event.items() if value is None]
    assert absent == [
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "body",
    ]
    assert (event["isBase64Encoded"], event["requestContext"]["identity"]["userAgent"]) == (False, None)
    assert json.loads(json.dumps(event)) == event


def test_a_result_becomes_a_response() -> None:
    result = {
        "statusCode": 201,
        "headers": {"X-One": "1", "X-Both": "dropped", "x-number": 5, "x-flag": True},
        "multiValueHeaders": {"x-both": ["a", "b"]},
        "body": "/w==",
        "isBase64Encoded": True,
    }
    headers = [("X-One", "1"), ("x-number", "5"), ("x-flag", "true"), ("x-both", "a"), ("x-both", "b")]
    assert read_result(result) == HttpResponse(status=201, headers=headers, body=b"\xff")
    assert read_result({"statusCode": 204}) == HttpResponse(status=204, headers=[])
    assert read_result({"statusCode": 200, "body": "é"}).body == "é".encode()


@pytest.mark.parametrize(
    "result",
    [
        None,
        "text",
        {},
        {"statusCode": "200"},
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "headers": {"a": None}},
        {"statusCode": 200, "multiValueHeaders": {"a": [{}]}},
    ],
)
def test_what_is_not_a_proxy_result_is_refused(result: object) -> None:
    with pytest.raises(IntegrationError):
        read_result(result)


@pytest.mark.parametrize(
    ("query", "shown"),
    [("a=%zz", "'%'"), ("a=%", "'%'"), ("a=%4", "'%'"), ("a={b", "%7B"), ("a=b}", "%7D"), ("|", "%7C")],
)
def test_a_query_that_a_rest_api_refuses_has_a_reason(query: str, shown: str) -> None:
    refusal = Limits().check_head(HttpRequest(method="GET", path="/", query=query))
    assert refusal is not None
    assert (refusal.status, shown in refusal.detail) == (400, True)


@pytest.mark.parametrize("query", ["", "a=%7B%7c%25&b=[1]^`", "a=b;c='d'"])
def test_a_query_that_a_rest_api_takes_has_none(query: str) -> None:
    assert Limits().check_head(HttpRequest(method="GET", path="/", query=query)) is None


def test_headers_that_a_rest_api_renames_are_renamed() -> None:
    names = ["WWW-Authenticate", "Date", "server", "X-Date", "content-type"]
    assert [sent_name(name) for name in names] == [
        "x-amzn-remapped-www-authenticate",
        "x-amzn-remapped-date",
        "x-amzn-remapped-server",
        "x-date",
        "content-type",
    ]


LIMITS = Limits(head_bytes=40, request_body_bytes=10, event_bytes=12)


def test_the_numbers_are_those_of_aws() -> None:
    limits = Limits()
    assert (limits.head_bytes, limits.request_body_bytes, limits.integration_timeout_s) == (10_240, 10_485_760, 29.0)
    assert limits.event_bytes == 6_291_456


def test_a_head_is_its_request_line_and_the_values_of_its_headers() -> None:
    fits = LIMITS.check_head(
        HttpRequest(method="GET", path="/" + "x" * 12, headers=[("a-long-name", "v" * 14)])
    )  # GET /x… HTTP/1.1 is 26
    refused = LIMITS.check_head(HttpRequest(method="GET", path="/" + "x" * 12, headers=[("a-long-name", "v" * 15)]))
    assert (fits, refused and refused.status) == (None, 431)
    assert refused is not None
    assert refused.detail == "the request line and the header values have 41 bytes: API Gateway takes 40"


def test_a_body_may_be_as_large_as_the_limit() -> None:
    refused = LIMITS.check_body(11)
    assert LIMITS.check_body(10) is None
    assert refused is not None
    assert refused.status == 413


def test_an_event_counts_in_utf8() -> None:
    assert LIMITS.check_event('"123456789é"', 0) is not None
    assert LIMITS.check_event('"12345678é"', 0) is None


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"statusCode": 200, "body": object()}, "Runtime.MarshalError"),
        ({"statusCode": 200, "body": {1, 2}}, "Runtime.MarshalError"),
        (None, "the result is a NoneType, not an object"),
        ({"statusCode": 200, "body": "not base64!", "isBase64Encoded": True}, "the result is not a proxy result"),
        ({"statusCode": 200, "headers": []}, None),
        ({"statusCode": 200, "headers": ["a"]}, "the result is not a proxy result"),
        ({"statusCode": 200, "body": "\ud800"}, "the result is not a proxy result"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_malformed_result_says_what_is_wrong_with_it(result: object, said: str | None) -> None:
    if said is None:
        assert read_function_result(result).status == 200
        return
    with pytest.raises(IntegrationError, match=said):
        read_function_result(result)


def test_a_gateways_own_error_is_a_problem_document_that_nobody_caches() -> None:
    response = gateway_error(413, "too large", "/a")
    assert (response.status, json.loads(response.body)) == (
        413,
        {
            "type": "about:blank",
            "title": json.loads(response.body)["title"],
            "status": 413,
            "detail": "too large",
            "instance": "/a",
            "request_id": json.loads(response.body)["request_id"],
        },
    )
    assert dict(response.headers) == {"content-type": "application/problem+json", "cache-control": "private, no-store"}
