from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def test_revalidate_lets_the_edge_cache_the_response_for_that_long(client: RouteClient) -> None:
    response = client.get("/api/time/cached")
    assert (
        response.headers["cache-control"]
        == "public, s-maxage=10, stale-while-revalidate=31535990, stale-if-error=31535990"
    )
    assert "etag" in response.headers


def test_force_static_is_for_a_year_and_sees_no_headers(client: RouteClient) -> None:
    response = client.get("/api/time/static", headers={"Cookie": "a=1", "Accept-Language": "fr"})
    assert response.headers["cache-control"] == "public, s-maxage=31536000"
    assert response.json()["headers_seen"] == 0


def test_force_dynamic_is_for_nobody_else(client: RouteClient) -> None:
    response = client.get("/api/time/dynamic")
    assert (response.headers["cache-control"], "etag" in response.headers) == ("private, no-store", False)


def test_without_a_cdn_each_response_is_computed(client: RouteClient) -> None:
    for kind in ("cached", "static", "dynamic"):
        first, second = (client.get(f"/api/time/{kind}").json()["made_at"] for _ in range(2))
        assert first < second
