from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def _names(client: RouteClient, query: str) -> list[str]:
    return [product["name"] for product in client.get(f"/api/search?{query}").json()["items"]]


def test_a_parameter_without_default_is_required(client: RouteClient) -> None:
    answer = client.get("/api/search")
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "q", "message": "is required"}]
    assert client.get("/api/search?q=pen").json()["q"] == "pen"


def test_a_list_takes_every_value_of_its_name(client: RouteClient) -> None:
    assert _names(client, "q=&tags=office") == ["Notebook", "Fountain pen", "Desk lamp"]
    assert _names(client, "q=&tags=office&tags=ink") == ["Fountain pen"]
    assert client.get("/api/search?q=").json()["tags"] == []


def test_booleans_and_numbers_are_converted(client: RouteClient) -> None:
    assert _names(client, "q=&in_stock=false") == ["Ink bottle"]
    assert _names(client, "q=&in_stock=yes&max_price_cents=4000") == ["Notebook", "Fountain pen"]


def test_what_does_not_convert_is_400(client: RouteClient) -> None:
    answer = client.get("/api/search?q=&in_stock=perhaps&max_price_cents=cheap")
    assert answer.json()["errors"] == [
        {"field": "in_stock", "message": "must be true or false"},
        {"field": "max_price_cents", "message": "must be an integer"},
    ]


def test_a_plus_is_a_space_and_percent_20_is_one_too(client: RouteClient) -> None:
    assert _names(client, "q=desk+lamp") == _names(client, "q=desk%20lamp") == ["Desk lamp"]
