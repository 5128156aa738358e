from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient

pytestmark = pytest.mark.usefixtures("aws")


def _names(client: RouteClient, query: str) -> list[str]:
    return [product["name"] for product in client.get(f"/api/search?{query}").json()["items"]]


def test_a_parameter_without_default_is_required(client: RouteClient) -> None:
    response = client.get("/api/search")
    assert response.status_code == 400
    assert response.json()["errors"] == [{"field": "q", "message": "is required"}]
    assert client.get("/api/search?q=pen").json()["q"] == "pen"


def test_a_list_takes_every_value_of_its_name(client: RouteClient) -> None:
    assert _names(client, "q=&tags=office") == ["Notebook", "Fountain pen", "Desk lamp"]
    assert _names(client, "q=&tags=office&tags=ink") == ["Fountain pen"]
    assert client.get("/api/search?q=").json()["tags"] == []


def test_booleans_and_numbers_are_converted(client: RouteClient) -> None:
    assert _names(client, "q=&in_stock=false") == ["Ink bottle"]
    assert _names(client, "q=&in_stock=yes&max_price_cents=4000") == ["Notebook", "Fountain pen"]


def test_a_page_has_its_number_and_the_total(client: RouteClient) -> None:
    page = client.get("/api/search?q=n&limit=2&page=2&sort=price_cents&order=desc").json()
    assert [product["name"] for product in page.pop("items")] == ["Notebook"]
    assert page == {"q": "n", "tags": [], "page": 2, "total": 3, "total_pages": 2}


def test_a_page_beyond_the_last_is_empty_and_keeps_the_totals(client: RouteClient) -> None:
    page = client.get("/api/search?q=&page=9&limit=3").json()
    assert (page["items"], page["page"], page["total"], page["total_pages"]) == ([], 9, 4, 2)
    assert client.get("/api/search?q=nothing").json()["total_pages"] == 0


def test_sort_and_order_decide_what_comes_first(client: RouteClient) -> None:
    assert _names(client, "q=&sort=name&limit=2") == ["Desk lamp", "Fountain pen"]
    assert _names(client, "q=&sort=price_cents&order=desc&limit=1") == ["Desk lamp"]


def test_what_is_out_of_range_is_400(client: RouteClient) -> None:
    assert client.get("/api/search?q=&page=0&limit=1000").json()["errors"] == [
        {"field": "page", "message": "must be 1 or more"},
        {"field": "limit", "message": "must be from 1 to 100"},
    ]


def test_what_does_not_convert_is_400(client: RouteClient) -> None:
    response = client.get("/api/search?q=&in_stock=perhaps&max_price_cents=cheap")
    assert response.json()["errors"] == [
        {"field": "in_stock", "message": "must be true or false"},
        {"field": "max_price_cents", "message": "must be an integer"},
    ]


def test_a_plus_is_a_space_and_percent_20_is_one_too(client: RouteClient) -> None:
    assert _names(client, "q=desk+lamp") == _names(client, "q=desk%20lamp") == ["Desk lamp"]
