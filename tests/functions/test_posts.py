from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient

pytestmark = pytest.mark.usefixtures("aws")


NEW = {"title": "Fresh", "body": "Just written.", "category": "news", "tags": ["intro"]}


def _titles(client: RouteClient, query: str) -> list[str]:
    return [post["title"] for post in client.get(f"/api/posts?{query}").json()["items"]]


def test_the_newest_come_first(client: RouteClient) -> None:
    page = client.get("/api/posts").json()
    assert ([post["id"] for post in page["items"]], page["next"]) == ([4, 3, 2, 1], None)
    assert page["items"][3] == {
        "id": 1,
        "title": "Hello, edge",
        "body": "A folder is a route.",
        "category": "news",
        "tags": ["intro"],
        "created_at": "2026-01-05T09:00:00+00:00",
        "views": 0,
    }


def test_pages_follow_each_other_until_there_is_no_cursor(client: RouteClient) -> None:
    pages, query = [], {"limit": "3"}
    while len(pages) < 5:
        page = client.get("/api/posts", params=query).json()
        pages.append([post["id"] for post in page["items"]])
        if page["next"] is None:
            break
        query = {"limit": "3", "cursor": page["next"]}
    assert pages == [[4, 3, 2], [1]]


def test_what_is_written_meanwhile_moves_no_page(client: RouteClient) -> None:
    cursor = client.get("/api/posts?limit=2").json()["next"]
    client.post("/api/posts", json=NEW)
    assert [post["id"] for post in client.get("/api/posts", params={"cursor": cursor}).json()["items"]] == [2, 1]


def test_a_category_narrows_and_order_turns_it_round(client: RouteClient) -> None:
    assert _titles(client, "category=guides") == ["Streaming answers", "Routing with folders"]
    assert _titles(client, "category=guides&order=asc&limit=1") == ["Routing with folders"]
    assert _titles(client, "order=asc&limit=1") == ["Hello, edge"]


def test_query_parameters_of_another_type_are_400_each_with_its_name(client: RouteClient) -> None:
    answer = client.get("/api/posts?limit=two&category=sports&order=up")
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "limit", "message": "must be an integer"},
        {"field": "category", "message": "must be one of news, guides, releases"},
        {"field": "order", "message": "must be one of asc, desc"},
    ]


def test_query_parameters_out_of_range_are_400(client: RouteClient) -> None:
    assert client.get("/api/posts?limit=1000").json()["errors"] == [
        {"field": "limit", "message": "must be from 1 to 100"}
    ]
    assert client.get("/api/posts?cursor=none").json()["errors"] == [
        {"field": "cursor", "message": "must be one that was given out"}
    ]


def test_a_new_post_is_201_and_comes_first(client: RouteClient) -> None:
    answer = client.post("/api/posts", json=NEW)
    assert (answer.status_code, answer.headers["location"]) == (201, "/api/posts/5")
    assert {key: answer.json()[key] for key in NEW} == NEW
    assert _titles(client, "limit=1") == ["Fresh"]


def test_every_problem_of_a_new_post_is_listed(client: RouteClient) -> None:
    answer = client.post("/api/posts", json={"title": 1, "category": "sports", "tags": ["a", 2]})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "title", "message": "must be a string"},
        {"field": "body", "message": "is required"},
        {"field": "category", "message": "must be one of news, guides, releases"},
        {"field": "tags.1", "message": "must be a string"},
    ]


def test_every_broken_rule_of_a_new_post_is_listed(client: RouteClient) -> None:
    answer = client.post("/api/posts", json={"title": "ab", "body": " ", "category": "news", "tags": ["a"] * 6})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "title", "message": "must have 3 to 120 characters"},
        {"field": "body", "message": "must not be empty"},
        {"field": "tags", "message": "must be at most 5"},
        {"field": "tags", "message": "must differ from each other"},
    ]


def test_a_body_that_is_no_object_is_400(client: RouteClient) -> None:
    answer = client.post("/api/posts", json=["title"])
    assert answer.json()["errors"] == [{"field": "body", "message": "must be an object"}]
    assert client.post("/api/posts", content="").status_code == 400


def test_one_post_knows_its_neighbours(client: RouteClient) -> None:
    answer = client.get("/api/posts/4").json()
    assert (answer["previous"]["id"], answer["post"]["id"], answer["next"]) == (3, 4, None)


def test_a_post_can_be_deleted_once(client: RouteClient) -> None:
    assert client.delete("/api/posts/4").status_code == 204
    assert client.get("/api/posts/4").status_code == 404
    assert client.delete("/api/posts/4").status_code == 404


def test_the_neighbours_of_a_post_that_is_gone_know_each_other(client: RouteClient) -> None:
    client.delete("/api/posts/2")
    answer = client.get("/api/posts/3").json()
    assert (answer["previous"]["id"], answer["next"]["id"]) == (1, 4)
    assert client.get("/api/posts/1").json()["previous"] is None


def test_who_reads_a_post_is_counted_after_the_answer(client: RouteClient) -> None:
    assert [client.get("/api/posts/1").json()["post"]["views"] for _ in range(3)] == [0, 1, 2]
    assert client.get("/api/posts/99").status_code == 404
