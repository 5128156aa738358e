from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def test_an_optional_catch_all_matches_its_own_path_too(client: RouteClient) -> None:
    assert client.get("/api/shop").json() == {"shelves": [], "breadcrumbs": ["/api/shop"]}


def test_and_everything_below_it(client: RouteClient) -> None:
    assert client.get("/api/shop/paper/notebooks").json() == {
        "shelves": ["paper", "notebooks"],
        "breadcrumbs": ["/api/shop", "/api/shop/paper", "/api/shop/paper/notebooks"],
    }


def test_an_encoded_slash_stays_inside_its_segment(client: RouteClient) -> None:
    assert client.get("/api/shop/a%2Fb").json() == {"shelves": ["a/b"], "breadcrumbs": ["/api/shop", "/api/shop/a%2Fb"]}


def test_a_segment_that_is_not_percent_encoded_utf_8_is_400(client: RouteClient) -> None:
    assert client.get("/api/shop/%FF").status_code == 400
