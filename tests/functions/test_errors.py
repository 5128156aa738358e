from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeroutes.testing import RouteClient

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture
def production() -> Iterator[RouteClient]:
    """A client without what only `dev` and tests tell of an exception."""
    with RouteClient(ROOT, debug=False) as client:
        yield client


def test_an_uncaught_exception_is_a_500_without_the_cause(production: RouteClient) -> None:
    response = production.get("/api/errors/unexpected")
    problem = response.json()
    assert problem.pop("request_id")
    assert response.headers["content-type"] == "application/problem+json"
    assert problem == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "the server could not handle the request",
        "instance": "/api/errors/unexpected",
    }


def test_the_log_has_all_of_it_in_one_line(production: RouteClient, capsys: pytest.CaptureFixture[str]) -> None:
    request_id = production.get("/api/errors/unexpected").json()["request_id"]
    [line] = capsys.readouterr().out.splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["route"], entry["method"]) == ("ERROR", "/api/errors/unexpected", "GET")
    assert (entry["request_id"], entry["exception_name"]) == (request_id, "KeyError")
    assert "no such product" in entry["exception"]


def test_in_dev_the_response_names_the_line(client: RouteClient) -> None:
    problem = client.get("/api/errors/unexpected").json()
    assert problem["detail"] == "KeyError: 'no such product'"
    assert problem["traceback"][-1].startswith("functions/api/errors/unexpected/route.py:")


def test_an_error_can_carry_headers(client: RouteClient) -> None:
    response = client.get("/api/errors/too-many")
    assert (response.status_code, response.headers["retry-after"]) == (429, "60")
    assert (response.json()["title"], response.json()["detail"]) == (
        "Too Many Requests",
        "five requests a minute are allowed",
    )


def test_not_found_and_a_path_without_a_route_give_the_same_response(client: RouteClient) -> None:
    raised, unmatched = client.get("/api/errors/missing"), client.get("/api/errors/nowhere")
    assert (raised.status_code, unmatched.status_code) == (404, 404)
    assert raised.headers["content-type"] == unmatched.headers["content-type"] == "application/problem+json"
    assert raised.json()["title"] == unmatched.json()["title"] == "Not Found"
    assert raised.json()["detail"] == "nothing is ever found here"


def test_no_error_is_cached(client: RouteClient) -> None:
    for name in ("unexpected", "too-many", "missing"):
        assert client.get(f"/api/errors/{name}").headers["cache-control"] == "private, no-store"
