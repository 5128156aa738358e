from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient

pytestmark = pytest.mark.usefixtures("aws")


def test_every_route_below_the_folder_gets_the_header(client: RouteClient) -> None:
    assert client.get("/api/users").headers["server-timing"].startswith("app;dur=")


def test_so_do_errors_redirects_and_methods_that_are_not_exported(client: RouteClient) -> None:
    responses = [client.get("/api/posts/99"), client.get("/api/redirects/temporary"), client.put("/api/users")]
    assert [response.status_code for response in responses] == [404, 307, 405]
    assert all("server-timing" in response.headers for response in responses)


def test_the_outer_middleware_sees_the_response_of_the_inner_one(client: RouteClient) -> None:
    response = client.get("/api/dashboard/research")
    assert (response.status_code, "server-timing" in response.headers) == (401, True)


def test_routes_elsewhere_and_paths_without_a_route_do_not(client: RouteClient) -> None:
    assert "server-timing" not in client.get("/hello").headers
    assert "server-timing" not in client.get("/api/nowhere").headers


def test_middleware_does_not_prevent_caching(client: RouteClient) -> None:
    assert client.get("/api/products/1").headers["cache-control"].startswith("public")
