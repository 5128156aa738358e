"""Events as AWS makes them: what the production adapters, and Mangum, read in them."""

from __future__ import annotations

from typing import Any

import pytest
from mangum.handlers import LambdaAtEdge

from edgeroutes.adapters.events import is_load_balancer, read_event
from edgeroutes.testing import lambda_event


@pytest.mark.parametrize("kind", ["rest", "http-api", "function-url"])
def test_what_was_sent_is_read_in_the_event(kind: Any) -> None:
    event = lambda_event(
        kind, "POST", "/users/a%20b?x=1", params={"x": 2}, headers={"X-One": "é"}, cookies={"a": "b"}, json={"c": 3}
    )
    incoming = read_event(event, None)
    fields = dict(incoming.header_items())
    assert (incoming.method, incoming.path, incoming.query_items(), incoming.body()) == (
        "POST",
        "/users/a%20b",
        [("x", "1"), ("x", "2")],
        b'{"c": 3}',
    )
    assert {name: fields[name] for name in ("host", "x-one", "cookie", "content-type", "x-forwarded-proto")} == {
        "host": "testserver",
        "x-one": "é",
        "cookie": "a=b",
        "content-type": "application/json",
        "x-forwarded-proto": "https",
    }
    assert incoming.client_host() == "127.0.0.1"


def test_a_load_balancer_decodes_nothing() -> None:
    event = lambda_event("alb", url="/a%2Fb?q=a%2Fb&q=2&empty")
    assert is_load_balancer(event)
    assert (event["path"], event["multiValueQueryStringParameters"]) == ("/a%2Fb", {"q": ["a%2Fb", "2"], "empty": [""]})


def test_a_function_at_the_edge_is_called_as_mangum_reads_it() -> None:
    event = lambda_event("cloudfront", "POST", "/users?x=1", content=b"\xff", headers={"X-One": "1"})
    context: Any = None
    handler = LambdaAtEdge(event, context, {"api_gateway_base_path": "", "text_mime_types": [], "exclude_headers": []})
    scope = handler.scope
    assert (scope["method"], scope["path"], scope["query_string"], handler.body) == ("POST", "/users", b"x=1", b"\xff")
    assert [b"x-one", b"1"] in [list(pair) for pair in scope["headers"]]


def test_an_event_of_no_kind_is_refused() -> None:
    wrong: Any = "sqs"
    with pytest.raises(ValueError, match=r"kind is 'sqs'\. Allowed are rest, http-api, function-url, alb, cloudfront"):
        lambda_event(wrong)
