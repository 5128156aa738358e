from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def test_a_product_is_cached_at_the_edge_for_a_minute_under_its_tag(client: RouteClient) -> None:
    answer = client.get("/api/products/1")
    assert answer.json() == {
        "id": 1,
        "name": "Notebook",
        "price_cents": 450,
        "tags": ["paper", "office"],
        "in_stock": True,
    }
    assert (
        answer.headers["cache-control"]
        == "public, s-maxage=60, stale-while-revalidate=31535940, stale-if-error=31535940"
    )
    assert answer.headers["x-cache-tag"] == "products,_path:/api/products/1"


def test_who_has_the_answer_already_gets_304(client: RouteClient) -> None:
    etag = client.get("/api/products/1").headers["etag"]
    answer = client.get("/api/products/1", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)


def test_a_change_is_not_cached_and_shows(client: RouteClient) -> None:
    etag = client.get("/api/products/1").headers["etag"]
    answer = client.put("/api/products/1", json={"price_cents": 500})
    assert (answer.status_code, answer.json()["price_cents"]) == (200, 500)
    assert answer.headers["cache-control"] == "private, no-store"
    assert client.get("/api/products/1", headers={"If-None-Match": etag}).json()["price_cents"] == 500


def test_a_price_of_nothing_is_400(client: RouteClient) -> None:
    answer = client.put("/api/products/1", json={"price_cents": 0})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "price_cents", "message": "must be more than 0"}]


def test_that_there_is_no_such_product_is_cached_too(client: RouteClient) -> None:
    answer = client.get("/api/products/99")
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "public, s-maxage=60")
    assert client.put("/api/products/99", json={"price_cents": 1}).status_code == 404


def test_a_product_cannot_be_deleted(client: RouteClient) -> None:
    answer = client.delete("/api/products/1")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, PUT")
