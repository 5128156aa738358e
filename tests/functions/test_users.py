from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


ADA = {"id": 1, "name": "Ada Lovelace", "email": "ada@example.com", "teams": ["engines", "research"]}


def test_the_collection_is_listed_by_id(client: RouteClient) -> None:
    assert [user["name"] for user in client.get("/api/users").json()] == ["Ada Lovelace", "Grace Hopper", "Alan Turing"]


def test_a_new_user_is_201_with_the_place_where_to_find_it(client: RouteClient) -> None:
    answer = client.post("/api/users", json={"name": "Barbara Liskov", "email": "barbara@example.com"})
    assert (answer.status_code, answer.headers["location"]) == (201, "/api/users/4")
    assert answer.json() == {"id": 4, "name": "Barbara Liskov", "email": "barbara@example.com", "teams": []}
    assert client.get(answer.headers["location"]).json() == answer.json()


def test_a_form_will_do_for_the_body_too(client: RouteClient) -> None:
    answer = client.post("/api/users", data={"name": "Barbara Liskov", "email": "barbara@example.com"})
    assert (answer.status_code, answer.json()["name"]) == (201, "Barbara Liskov")


def test_fields_that_are_missing_or_of_another_type_are_400_each_with_its_name(client: RouteClient) -> None:
    answer = client.post("/api/users", json={"name": 7})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "name", "message": "must be a string"},
        {"field": "email", "message": "is required"},
    ]
    assert len(client.get("/api/users").json()) == 3


def test_rules_beyond_types_are_400_all_of_them_at_once(client: RouteClient) -> None:
    answer = client.post("/api/users", json={"name": " ", "email": "nowhere"})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "name", "message": "must have 1 to 80 characters"},
        {"field": "email", "message": "must be an e-mail address"},
    ]


def test_a_body_of_another_type_is_415(client: RouteClient) -> None:
    answer = client.post("/api/users", content="<user/>", headers={"Content-Type": "application/xml"})
    assert answer.status_code == 415


def test_the_collection_cannot_be_deleted(client: RouteClient) -> None:
    answer = client.delete("/api/users")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")


def test_one_user_is_found_by_the_number_in_the_path(client: RouteClient) -> None:
    assert client.get("/api/users/1").json() == ADA


def test_put_replaces_what_a_client_may_say_about_a_user(client: RouteClient) -> None:
    answer = client.put("/api/users/1", json={"name": "Ada King", "email": "king@example.com"})
    assert answer.json() == {**ADA, "name": "Ada King", "email": "king@example.com"}
    assert client.get("/api/users/1").json() == answer.json()


def test_put_needs_every_field_and_patch_none(client: RouteClient) -> None:
    assert client.put("/api/users/1", json={"name": "Ada King"}).status_code == 400
    assert client.patch("/api/users/1", json={"name": "Ada King"}).json() == {**ADA, "name": "Ada King"}
    assert client.patch("/api/users/1", json={}).json() == {**ADA, "name": "Ada King"}


def test_patch_checks_what_it_is_given(client: RouteClient) -> None:
    answer = client.patch("/api/users/1", json={"email": "nowhere"})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "email", "message": "must be an e-mail address"}]


def test_a_deleted_user_is_gone(client: RouteClient) -> None:
    answer = client.delete("/api/users/2")
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get("/api/users/2").status_code == 404
    assert client.delete("/api/users/2").status_code == 404


def test_who_is_not_there_is_404_whatever_the_method(client: RouteClient) -> None:
    new = {"name": "Nobody", "email": "nobody@example.com"}
    statuses = [
        client.request(method, "/api/users/99", json=new).status_code for method in ("GET", "PUT", "PATCH", "DELETE")
    ]
    assert statuses == [404, 404, 404, 404]


def test_a_segment_that_is_no_number_is_404_since_the_handler_asks_for_an_int(client: RouteClient) -> None:
    answer = client.get("/api/users/ada")
    assert answer.status_code == 404
    problem = answer.json()
    assert problem.pop("request_id")
    assert problem == {"type": "about:blank", "title": "Not Found", "status": 404, "instance": "/api/users/ada"}
