from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient

pytestmark = pytest.mark.usefixtures("aws")


def test_scripts_of_any_site_may_read_the_response(client: RouteClient) -> None:
    response = client.get("/api/public", headers={"Origin": "https://elsewhere.example"})
    assert response.headers["access-control-allow-origin"] == "*"
    assert [product["name"] for product in response.json()] == ["Notebook", "Fountain pen", "Desk lamp"]


def test_a_preflight_lists_the_allowed_methods(client: RouteClient) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    response = client.options("/api/public", headers=asked)
    allowed = {name: value for name, value in response.headers.items() if name.startswith("access-control-")}
    assert (response.status_code, response.content) == (204, b"")
    assert allowed == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, HEAD, OPTIONS",
        "access-control-allow-headers": "content-type",
        "access-control-max-age": "86400",
    }


def test_other_routes_are_not_for_them(client: RouteClient) -> None:
    response = client.get("/api/users", headers={"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in response.headers


def test_responses_of_the_runtime_have_no_cors_headers_of_the_handler(client: RouteClient) -> None:
    response = client.post("/api/public", headers={"Origin": "https://elsewhere.example"})
    assert (response.status_code, "access-control-allow-origin" in response.headers) == (405, False)
