from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes import HTTPError
from edgeroutes.services.revalidation import use_invalidator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeroutes.testing import Aws, RouteClient

pytestmark = pytest.mark.usefixtures("aws")


def test_a_product_is_cached_at_the_edge_for_a_minute_under_its_tag(ada: RouteClient) -> None:
    response = ada.get("/api/products/1")
    assert response.json() == {
        "id": 1,
        "name": "Notebook",
        "price_cents": 450,
        "tags": ["paper", "office"],
        "in_stock": True,
        "version": 1,
    }
    assert (
        response.headers["cache-control"]
        == "public, s-maxage=60, stale-while-revalidate=31535940, stale-if-error=31535940"
    )
    assert response.headers["x-cache-tag"] == "products,_path:/api/products/1"


def test_a_client_with_the_etag_gets_304(ada: RouteClient) -> None:
    etag = ada.get("/api/products/1").headers["etag"]
    response = ada.get("/api/products/1", headers={"If-None-Match": etag})
    assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", etag)


def test_a_change_is_not_cached_and_shows(ada: RouteClient) -> None:
    etag = ada.get("/api/products/1").headers["etag"]
    response = ada.put("/api/products/1", json={"price_cents": 500})
    assert (response.status_code, response.json()["price_cents"]) == (200, 500)
    assert response.headers["cache-control"] == "private, no-store"
    assert ada.get("/api/products/1", headers={"If-None-Match": etag}).json()["price_cents"] == 500


def test_a_change_invalidates_the_responses_and_the_data_of_the_catalog(ada: RouteClient) -> None:
    invalidated: list[str] = []

    class Cdn:
        def invalidate(self, items: Sequence[str]) -> None:
            invalidated.extend(items)

    end = use_invalidator(Cdn())
    before = ada.get("/api/products").json()["items"][0]["price_cents"]
    ada.put("/api/products/1", json={"price_cents": before + 1})
    end()
    assert invalidated == ["#products"]
    assert ada.get("/api/products").json()["items"][0]["price_cents"] == before + 1


def test_of_two_changes_of_what_both_have_read_the_second_is_409(
    ada: RouteClient, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functions._shared import products

    monkeypatch.setenv("PRODUCTS_TABLE", aws.resource("ProductsTable"))
    read = products.find(1)
    assert read is not None
    assert products.change(read, price_cents=500, in_stock=True).version == 2
    with pytest.raises(HTTPError, match="the product has been changed meanwhile"):
        products.change(read, price_cents=600, in_stock=True)
    assert ada.get("/api/products/1").json()["price_cents"] == 500


def test_a_price_of_nothing_is_400(ada: RouteClient) -> None:
    response = ada.put("/api/products/1", json={"price_cents": 0})
    assert response.status_code == 400
    assert response.json()["errors"] == [{"field": "price_cents", "message": "must be from 1 to 100,000,000"}]


def test_a_404_of_a_product_is_cached_too(ada: RouteClient) -> None:
    response = ada.get("/api/products/99")
    assert (response.status_code, response.headers["cache-control"]) == (404, "public, s-maxage=60")
    assert ada.put("/api/products/99", json={"price_cents": 1}).status_code == 404


def test_a_product_cannot_be_deleted(ada: RouteClient) -> None:
    response = ada.delete("/api/products/1")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS, PUT")


def test_the_catalog_is_computed_once_and_tagged_with_its_products(ada: RouteClient, aws: Aws) -> None:
    pens = {
        "items": [
            {"id": 2, "name": "Fountain pen", "price_cents": 3900},
            {"id": 3, "name": "Ink bottle", "price_cents": 1250},
        ]
    }

    response = ada.get("/api/products?tag=ink")

    assert response.json() == pens
    assert response.headers["x-cache-tag"] == "products,product:2,product:3,_path:/api/products"
    assert response.headers["cache-control"].startswith("public, s-maxage=300,")
    aws.table("ProductsTable").update_item(
        Key={"id": 2}, UpdateExpression="SET price_cents = :price", ExpressionAttributeValues={":price": 1}
    )
    assert ada.get("/api/products?tag=ink").json() == pens
    ada.put("/api/products/2", json={"price_cents": 1})
    assert ada.get("/api/products?tag=ink").json()["items"][0]["price_cents"] == 1
    assert len(ada.get("/api/products").json()["items"]) == 4


def test_only_members_of_a_team_change_a_price(client: RouteClient, eve: RouteClient) -> None:
    response = eve.put("/api/products/1", json={"price_cents": 1})
    assert (response.status_code, response.json()["detail"]) == (403, "only members of a team may do this")
    client.cookies.clear()
    assert client.put("/api/products/1", json={"price_cents": 1}).status_code == 401
    assert client.get("/api/products/1").json()["price_cents"] == 450
