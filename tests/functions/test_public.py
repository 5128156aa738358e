from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient

pytestmark = pytest.mark.usefixtures("aws")


def test_scripts_of_any_site_may_read_the_answer(client: RouteClient) -> None:
    answer = client.get("/api/public", headers={"Origin": "https://elsewhere.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert [product["name"] for product in answer.json()] == ["Notebook", "Fountain pen", "Desk lamp"]


def test_a_preflight_says_what_is_allowed(client: RouteClient) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    answer = client.options("/api/public", headers=asked)
    allowed = {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}
    assert (answer.status_code, answer.content) == (204, b"")
    assert allowed == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, HEAD, OPTIONS",
        "access-control-allow-headers": "content-type",
        "access-control-max-age": "86400",
    }


def test_other_routes_are_not_for_them(client: RouteClient) -> None:
    answer = client.get("/api/users", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_by_hand_means_that_an_answer_of_the_runtime_has_no_cors_headers(client: RouteClient) -> None:
    answer = client.post("/api/public", headers={"Origin": "https://elsewhere.example"})
    assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (405, False)
