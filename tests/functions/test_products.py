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
    answer = ada.get("/api/products/1")
    assert answer.json() == {
        "id": 1,
        "name": "Notebook",
        "price_cents": 450,
        "tags": ["paper", "office"],
        "in_stock": True,
        "version": 1,
    }
    assert (
        answer.headers["cache-control"]
        == "public, s-maxage=60, stale-while-revalidate=31535940, stale-if-error=31535940"
    )
    assert answer.headers["x-cache-tag"] == "products,_path:/api/products/1"


def test_who_has_the_answer_already_gets_304(ada: RouteClient) -> None:
    etag = ada.get("/api/products/1").headers["etag"]
    answer = ada.get("/api/products/1", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)


def test_a_change_is_not_cached_and_shows(ada: RouteClient) -> None:
    etag = ada.get("/api/products/1").headers["etag"]
    answer = ada.put("/api/products/1", json={"price_cents": 500})
    assert (answer.status_code, answer.json()["price_cents"]) == (200, 500)
    assert answer.headers["cache-control"] == "private, no-store"
    assert ada.get("/api/products/1", headers={"If-None-Match": etag}).json()["price_cents"] == 500


def test_a_change_makes_the_cdn_and_the_data_behind_the_catalogue_forget(ada: RouteClient) -> None:
    forgotten: list[str] = []

    class Cdn:
        def invalidate(self, items: Sequence[str]) -> None:
            forgotten.extend(items)

    end = use_invalidator(Cdn())
    before = ada.get("/api/products").json()["items"][0]["price_cents"]
    ada.put("/api/products/1", json={"price_cents": before + 1})
    end()
    assert forgotten == ["#products"]
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
    answer = ada.put("/api/products/1", json={"price_cents": 0})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "price_cents", "message": "must be from 1 to 100,000,000"}]


def test_that_there_is_no_such_product_is_cached_too(ada: RouteClient) -> None:
    answer = ada.get("/api/products/99")
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "public, s-maxage=60")
    assert ada.put("/api/products/99", json={"price_cents": 1}).status_code == 404


def test_a_product_cannot_be_deleted(ada: RouteClient) -> None:
    answer = ada.delete("/api/products/1")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, PUT")


def test_the_catalogue_is_put_together_once_and_tagged_with_its_products(ada: RouteClient, aws: Aws) -> None:
    pens = {
        "items": [
            {"id": 2, "name": "Fountain pen", "price_cents": 3900},
            {"id": 3, "name": "Ink bottle", "price_cents": 1250},
        ]
    }

    answer = ada.get("/api/products?tag=ink")

    assert answer.json() == pens
    assert answer.headers["x-cache-tag"] == "products,product:2,product:3,_path:/api/products"
    assert answer.headers["cache-control"].startswith("public, s-maxage=300,")
    aws.table("ProductsTable").update_item(
        Key={"id": 2}, UpdateExpression="SET price_cents = :price", ExpressionAttributeValues={":price": 1}
    )
    assert ada.get("/api/products?tag=ink").json() == pens
    ada.put("/api/products/2", json={"price_cents": 1})
    assert ada.get("/api/products?tag=ink").json()["items"][0]["price_cents"] == 1
    assert len(ada.get("/api/products").json()["items"]) == 4


def test_only_members_of_a_team_change_a_price(client: RouteClient, eve: RouteClient) -> None:
    answer = eve.put("/api/products/1", json={"price_cents": 1})
    assert (answer.status_code, answer.json()["detail"]) == (403, "only members of a team may do this")
    client.cookies.clear()
    assert client.put("/api/products/1", json={"price_cents": 1}).status_code == 401
    assert client.get("/api/products/1").json()["price_cents"] == 450
