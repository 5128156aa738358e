from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def _titles(client: RouteClient, query: str) -> list[str]:
    return [post["title"] for post in client.get(f"/api/posts?{query}").json()["items"]]


def test_a_page_says_which_one_it_is_and_how_many_there_are(client: RouteClient) -> None:
    page = client.get("/api/posts?page=2&limit=3").json()
    assert [post["id"] for post in page.pop("items")] == [1]
    assert page == {"page": 2, "limit": 3, "total": 4, "total_pages": 2}


def test_without_a_query_the_newest_ten_come_first(client: RouteClient) -> None:
    page = client.get("/api/posts").json()
    assert [post["id"] for post in page["items"]] == [4, 3, 2, 1]
    assert (page["page"], page["limit"], page["total_pages"]) == (1, 10, 1)


def test_a_page_beyond_the_last_is_empty_and_keeps_the_totals(client: RouteClient) -> None:
    assert client.get("/api/posts?page=9&limit=3").json() == {
        "items": [], "page": 9, "limit": 3, "total": 4, "total_pages": 2,
    }  # fmt: skip


def test_search_looks_into_title_and_body_and_category_narrows_it(client: RouteClient) -> None:
    assert _titles(client, "search=FOLDER") == ["Routing with folders", "Hello, edge"]
    assert _titles(client, "search=folder&category=news") == ["Hello, edge"]
    assert client.get("/api/posts?search=nothing").json()["total_pages"] == 0


def test_sort_and_order_decide_what_comes_first(client: RouteClient) -> None:
    assert _titles(client, "sort=title&order=asc&limit=2") == ["Hello, edge", "Routing with folders"]
    assert _titles(client, "order=asc&limit=1") == ["Hello, edge"]


def test_query_parameters_of_another_type_are_400_each_with_its_name(client: RouteClient) -> None:
    answer = client.get("/api/posts?page=two&category=sports&order=up")
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "page", "message": "must be an integer"},
        {"field": "category", "message": "must be one of news, guides, releases"},
        {"field": "order", "message": "must be one of asc, desc"},
    ]


def test_query_parameters_out_of_range_are_400(client: RouteClient) -> None:
    answer = client.get("/api/posts?page=0&limit=1000")
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "page", "message": "must be 1 or more"},
        {"field": "limit", "message": "must be from 1 to 100"},
    ]


def test_a_new_post_is_201_and_comes_first(client: RouteClient) -> None:
    new = {"title": "Fresh", "body": "Just written.", "category": "news", "tags": ["intro"]}
    answer = client.post("/api/posts", json=new)
    assert (answer.status_code, answer.headers["location"]) == (201, "/api/posts/5")
    assert {key: answer.json()[key] for key in new} == new
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
