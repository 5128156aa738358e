from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import pytest

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.problem import problem_response, reason_phrase


def test_the_document_says_what_where_and_which_request() -> None:
    response = problem_response(HTTPError(404), instance="/x%20y", request_id="r-1")

    assert (response.status, response.headers.multi_items(), response.body) == (
        404,
        [("content-type", "application/problem+json")],
        (
            '{"type":"about:blank","title":"Not Found","status":404,"detail":"there is nothing at this URL",'
            '"instance":"/x%20y","request_id":"r-1"}'
        ),
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


@pytest.mark.parametrize(
    ("error", "challenge"),
    [
        (HTTPError(401), "Bearer"),
        (HTTPError(401, headers={"WWW-Authenticate": 'Basic realm="x"'}), 'Basic realm="x"'),
        (HTTPError(401, headers={"retry-after": "1"}), "Bearer"),
        (HTTPError(403), None),
        (HTTPError(407), None),
    ],
)
def test_a_401_always_has_a_challenge(error: HTTPError, challenge: str | None) -> None:
    response = problem_response(error, instance="/", request_id="")

    assert response.headers.get("www-authenticate") == challenge


def test_a_status_may_come_from_the_standard_library() -> None:
    response = problem_response(HTTPError(HTTPStatus.CONFLICT), instance="/", request_id="")

    assert json.loads(str(response.body))["status"] == 409


@pytest.mark.parametrize(("status", "phrase"), [(404, "Not Found"), (418, "I'm a Teapot"), (499, "Error")])
def test_a_status_has_its_registered_name(status: int, phrase: str) -> None:
    assert reason_phrase(status) == phrase


def document_of(error: HTTPError, **more: str) -> tuple[dict[str, Any], int]:
    body = str(problem_response(error, **{"instance": "/", "request_id": "", **more}).body)
    return json.loads(body), len(body.encode())


def test_it_lists_a_hundred_errors_and_says_that_there_are_more() -> None:
    errors = [{"field": str(number), "message": "is required"} for number in range(101)]

    exactly, _ = document_of(HTTPError(400, errors=errors[:100]))
    more, _ = document_of(HTTPError(400, errors=errors))

    assert (exactly["errors"], "more_errors" in exactly) == (errors[:100], False)
    assert (more["errors"], more["more_errors"]) == (errors[:100], True)


@pytest.mark.parametrize("letter", ["x", "\0", "ä", "\U0001f600", '"', "\ud800"])
def test_it_stays_below_64_kb_whatever_is_in_it(letter: str) -> None:
    long = letter * 100_000
    errors = [{"field": long, "message": long} for _ in range(1000)]

    document, size = document_of(HTTPError(400, long, errors=errors), instance=long, request_id=long)

    assert size < 64 * 1024
    assert document["errors"][0]["message"] == letter * 500 + "…"
    assert (document["detail"], document["more_errors"]) == (letter * 4000 + "…", True)
