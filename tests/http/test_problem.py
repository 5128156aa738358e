from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.problem import problem_response, reason_phrase


def test_the_document_says_what_where_and_which_request() -> None:
    response = problem_response(HTTPError(404), instance="/x%20y", request_id="r-1")

    assert (response.status, response.headers.multi_items(), response.body) == (
        404,
        [("content-type", "application/problem+json")],
        '{"type":"about:blank","title":"Not Found","status":404,"instance":"/x%20y","request_id":"r-1"}',
    )


def test_detail_errors_headers_and_more_members_stand_in_it() -> None:
    problems = [{"field": "title", "message": "is required"}]
    error = HTTPError(429, "slowly", headers={"Retry-After": "3", "Content-Type": "text/html"}, errors=problems)

    response = problem_response(error, instance="/", request_id="", traceback=["a"])

    assert json.loads(str(response.body)) == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "slowly",
        "instance": "/",
        "errors": problems,
        "traceback": ["a"],
    }
    assert dict(response.headers) == {"retry-after": "3", "content-type": "application/problem+json"}


def test_a_status_may_come_from_the_standard_library() -> None:
    response = problem_response(HTTPError(HTTPStatus.CONFLICT), instance="/", request_id="")

    assert json.loads(str(response.body))["status"] == 409


@pytest.mark.parametrize(("status", "phrase"), [(404, "Not Found"), (418, "I'm a Teapot"), (499, "Error")])
def test_a_status_has_its_registered_name(status: int, phrase: str) -> None:
    assert reason_phrase(status) == phrase
