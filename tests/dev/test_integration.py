"""What API Gateway makes of results that our own adapter never gives."""

from __future__ import annotations

import json

import pytest

from edgeroutes.dev.gateway import IntegrationError
from edgeroutes.dev.integration import gateway_answer, problem_answer


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"statusCode": 200, "body": object()}, "Runtime.MarshalError"),
        ({"statusCode": 200, "body": {1, 2}}, "Runtime.MarshalError"),
        (None, "the result is a NoneType, not an object"),
        ({"statusCode": 200, "body": "not base64!", "isBase64Encoded": True}, "the result is no proxy result"),
        ({"statusCode": 200, "headers": []}, None),
        ({"statusCode": 200, "headers": ["a"]}, "the result is no proxy result"),
        ({"statusCode": 200, "body": "\ud800"}, "the result is no proxy result"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_malformed_result_says_what_is_wrong_with_it(result: object, said: str | None) -> None:
    if said is None:
        assert gateway_answer(result).status == 200
        return
    with pytest.raises(IntegrationError, match=said):
        gateway_answer(result)


def test_a_gateways_own_error_is_a_problem_document_that_nobody_caches() -> None:
    answer = problem_answer(413, "too large", "/a")
    assert (answer.status, json.loads(answer.body)) == (
        413,
        {
            "type": "about:blank",
            "title": json.loads(answer.body)["title"],
            "status": 413,
            "detail": "too large",
            "instance": "/a",
            "request_id": json.loads(answer.body)["request_id"],
        },
    )
    assert dict(answer.headers) == {"content-type": "application/problem+json", "cache-control": "private, no-store"}
