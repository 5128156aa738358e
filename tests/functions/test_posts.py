from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient

pytestmark = pytest.mark.usefixtures("aws")


NEW = {"title": "Fresh", "body": "Just written.", "category": "news", "tags": ["intro"]}


def _titles(ada: RouteClient, query: str) -> list[str]:
    return [post["title"] for post in ada.get(f"/api/posts?{query}").json()["items"]]


def test_the_newest_come_first(ada: RouteClient) -> None:
    page = ada.get("/api/posts").json()
    assert ([post["id"] for post in page["items"]], page["next"]) == ([4, 3, 2, 1], None)
    assert page["items"][3] == {
        "id": 1,
        "author_id": 1,
        "title": "Hello, edge",
        "body": "A folder is a route.",
        "category": "news",
        "tags": ["intro"],
        "created_at": "2026-01-05T09:00:00+00:00",
        "views": 0,
    }


def test_pages_follow_each_other_until_there_is_no_cursor(ada: RouteClient) -> None:
    pages, query = [], {"limit": "3"}
    while len(pages) < 5:
        page = ada.get("/api/posts", params=query).json()
        pages.append([post["id"] for post in page["items"]])
        if page["next"] is None:
            break
        query = {"limit": "3", "cursor": page["next"]}
    assert pages == [[4, 3, 2], [1]]


def test_what_is_written_meanwhile_moves_no_page(ada: RouteClient) -> None:
    cursor = ada.get("/api/posts?limit=2").json()["next"]
    ada.post("/api/posts", json=NEW)
    assert [post["id"] for post in ada.get("/api/posts", params={"cursor": cursor}).json()["items"]] == [2, 1]


def test_a_category_narrows_and_order_turns_it_round(ada: RouteClient) -> None:
    assert _titles(ada, "category=guides") == ["Streaming responses", "Routing with folders"]
    assert _titles(ada, "category=guides&order=asc&limit=1") == ["Routing with folders"]
    assert _titles(ada, "order=asc&limit=1") == ["Hello, edge"]


def test_query_parameters_of_another_type_are_400_each_with_its_name(ada: RouteClient) -> None:
    response = ada.get("/api/posts?limit=two&category=sports&order=up")
    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"field": "limit", "message": "must be an integer"},
        {"field": "category", "message": "must be one of news, guides, releases"},
        {"field": "order", "message": "must be one of asc, desc"},
    ]


def test_query_parameters_out_of_range_are_400(ada: RouteClient) -> None:
    assert ada.get("/api/posts?limit=1000").json()["errors"] == [{"field": "limit", "message": "must be from 1 to 100"}]
    assert ada.get("/api/posts?cursor=none").json()["errors"] == [
        {"field": "cursor", "message": "must be a cursor from a previous page"}
    ]


def test_a_new_post_is_201_and_comes_first(ada: RouteClient) -> None:
    response = ada.post("/api/posts", json=NEW)
    assert (response.status_code, response.headers["location"]) == (201, "/api/posts/5")
    assert {key: response.json()[key] for key in NEW} == NEW
    assert _titles(ada, "limit=1") == ["Fresh"]


def test_every_problem_of_a_new_post_is_listed(ada: RouteClient) -> None:
    response = ada.post("/api/posts", json={"title": 1, "category": "sports", "tags": ["a", 2]})
    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"field": "title", "message": "must be a string"},
        {"field": "body", "message": "is required"},
        {"field": "category", "message": "must be one of news, guides, releases"},
        {"field": "tags.1", "message": "must be a string"},
    ]


def test_every_broken_rule_of_a_new_post_is_listed(ada: RouteClient) -> None:
    response = ada.post("/api/posts", json={"title": "ab", "body": " ", "category": "news", "tags": ["a"] * 6})
    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"field": "title", "message": "must have 3 to 120 characters"},
        {"field": "body", "message": "must have 1 to 50,000 characters"},
        {"field": "tags", "message": "must be at most 5"},
        {"field": "tags", "message": "must differ from each other"},
    ]


def test_a_body_other_than_an_object_is_400(ada: RouteClient) -> None:
    response = ada.post("/api/posts", json=["title"])
    assert response.json()["errors"] == [{"field": "body", "message": "must be an object"}]
    assert ada.post("/api/posts", content="").status_code == 400


def test_a_post_has_its_neighbors(ada: RouteClient) -> None:
    response = ada.get("/api/posts/4").json()
    assert (response["previous"]["id"], response["post"]["id"], response["next"]) == (3, 4, None)


def test_a_post_can_be_deleted_once(ada: RouteClient) -> None:
    assert ada.delete("/api/posts/4").status_code == 204
    assert ada.get("/api/posts/4").status_code == 404
    assert ada.delete("/api/posts/4").status_code == 404


def test_only_its_author_deletes_a_post_and_only_users_write_one(client: RouteClient, eve: RouteClient) -> None:
    assert eve.delete("/api/posts/4").json()["detail"] == "only its author may delete a post"
    assert eve.post("/api/posts", json=NEW).json()["author_id"] == 4
    assert eve.delete("/api/posts/5").status_code == 204
    client.cookies.clear()
    assert [client.delete("/api/posts/4").status_code, client.post("/api/posts", json=NEW).status_code] == [401, 401]
    assert len(_titles(client, "")) == 4


def test_the_neighbors_of_a_deleted_post_are_neighbors(ada: RouteClient) -> None:
    ada.post("/api/posts", json=NEW)
    ada.delete("/api/posts/4")
    response = ada.get("/api/posts/5").json()
    assert (response["previous"]["id"], response["next"]) == (3, None)
    assert ada.get("/api/posts/1").json()["previous"] is None


def test_a_view_is_counted_after_the_response(ada: RouteClient) -> None:
    assert [ada.get("/api/posts/1").json()["post"]["views"] for _ in range(3)] == [0, 1, 2]
    assert ada.get("/api/posts/99").status_code == 404
