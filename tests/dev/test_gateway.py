from __future__ import annotations

import json
import re
import time

import pytest

from edgeroutes.dev.gateway import (
    HttpAnswer,
    HttpRequest,
    IntegrationError,
    query_problem,
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


def test_a_result_becomes_an_answer() -> None:
    result = {
        "statusCode": 201,
        "headers": {"X-One": "1", "X-Both": "dropped", "x-number": 5, "x-flag": True},
        "multiValueHeaders": {"x-both": ["a", "b"]},
        "body": "/w==",
        "isBase64Encoded": True,
    }
    headers = [("X-One", "1"), ("x-number", "5"), ("x-flag", "true"), ("x-both", "a"), ("x-both", "b")]
    assert read_result(result) == HttpAnswer(status=201, headers=headers, body=b"\xff")
    assert read_result({"statusCode": 204}) == HttpAnswer(status=204, headers=[])
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
def test_what_is_no_proxy_result_is_refused(result: object) -> None:
    with pytest.raises(IntegrationError):
        read_result(result)


@pytest.mark.parametrize(
    ("query", "shown"),
    [("a=%zz", "'%'"), ("a=%", "'%'"), ("a=%4", "'%'"), ("a={b", "%7B"), ("a=b}", "%7D"), ("|", "%7C")],
)
def test_a_query_that_a_rest_api_refuses_has_a_reason(query: str, shown: str) -> None:
    assert shown in query_problem(query)


@pytest.mark.parametrize("query", ["", "a=%7B%7c%25&b=[1]^`", "a=b;c='d'"])
def test_a_query_that_a_rest_api_takes_has_none(query: str) -> None:
    assert query_problem(query) == ""


def test_headers_that_a_rest_api_renames_are_renamed() -> None:
    names = ["WWW-Authenticate", "Date", "server", "X-Date", "content-type"]
    assert [sent_name(name) for name in names] == [
        "x-amzn-remapped-www-authenticate",
        "x-amzn-remapped-date",
        "x-amzn-remapped-server",
        "x-date",
        "content-type",
    ]
