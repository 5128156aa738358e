from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes import HTTPError

if TYPE_CHECKING:
    from edgeroutes.testing import Aws, RouteClient

pytestmark = pytest.mark.usefixtures("aws")


ADA = {"id": 1, "name": "Ada Lovelace", "email": "ada@example.com", "teams": ["engines", "research"], "version": 1}
BARBARA = {"name": "Barbara Liskov", "email": "barbara@example.com"}


@pytest.fixture
def users(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the routes ask for users, in their environment."""
    from functions._shared import users

    for name, value in aws.environment("ApiUsersIdFunction").items():
        monkeypatch.setenv(name, value)
    return users


def _names(client: RouteClient) -> list[str]:
    return [user["name"] for user in client.get("/api/users").json()["items"]]


def test_the_collection_is_listed_by_id(client: RouteClient) -> None:
    assert _names(client) == ["Ada Lovelace", "Grace Hopper", "Alan Turing"]


def test_pages_follow_each_other_by_their_cursors(client: RouteClient) -> None:
    first = client.get("/api/users?limit=2").json()
    assert [user["id"] for user in first["items"]] == [1, 2]
    second = client.get("/api/users", params={"limit": 2, "cursor": first["next"]}).json()
    assert second == {"items": [client.get("/api/users/3").json()], "next": None}


def test_a_cursor_that_nobody_gave_out_is_400(client: RouteClient) -> None:
    for cursor in ("x", "-1", "é", "LTE", "9" * 60):
        answer = client.get("/api/users", params={"cursor": cursor})
        assert answer.status_code == 400
        assert answer.json()["errors"] == [{"field": "cursor", "message": "must be one that was given out"}]


def test_a_limit_out_of_range_is_400(client: RouteClient) -> None:
    assert [client.get(f"/api/users?limit={limit}").status_code for limit in (0, 1, 100, 101)] == [400, 200, 200, 400]


def test_a_new_user_is_201_with_the_place_where_to_find_it(client: RouteClient) -> None:
    answer = client.post("/api/users", json=BARBARA)
    assert (answer.status_code, answer.headers["location"]) == (201, "/api/users/4")
    assert answer.json() == {"id": 4, **BARBARA, "teams": [], "version": 1}
    assert client.get("/api/users/4").json() == answer.json()
    assert client.post("/api/users", json={**BARBARA, "email": "other@example.com"}).json()["id"] == 5


def test_an_address_that_is_in_use_whatever_its_case_is_409(client: RouteClient) -> None:
    answer = client.post("/api/users", json={"name": "Another Ada", "email": "ADA@example.com"})
    assert (answer.status_code, answer.json()["detail"]) == (409, "the e-mail address is in use")
    assert len(_names(client)) == 3


def test_who_is_made_with_a_password_can_sign_in_with_it(client: RouteClient) -> None:
    made = client.post("/api/users", json={**BARBARA, "password": "substitution"})
    assert "password" not in made.json()
    signs_in = [
        client.post("/api/auth/session", json={"email": "Barbara@example.com", "password": password}).status_code
        for password in ("substitution", "Substitution", "")
    ]
    assert signs_in == [200, 401, 401]


def test_who_is_made_without_a_password_cannot_sign_in(client: RouteClient) -> None:
    client.post("/api/users", json=BARBARA)
    assert client.post("/api/auth/session", json={"email": BARBARA["email"], "password": ""}).status_code == 401


def test_a_form_will_do_for_the_body_too(client: RouteClient) -> None:
    answer = client.post("/api/users", data=BARBARA)
    assert (answer.status_code, answer.json()["name"]) == (201, "Barbara Liskov")


def test_fields_that_are_missing_or_of_another_type_are_400_each_with_its_name(client: RouteClient) -> None:
    answer = client.post("/api/users", json={"name": 7})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "name", "message": "must be a string"},
        {"field": "email", "message": "is required"},
    ]
    assert len(_names(client)) == 3


def test_rules_beyond_types_are_400_all_of_them_at_once(client: RouteClient) -> None:
    answer = client.post("/api/users", json={"name": " ", "email": "nowhere", "password": "short"})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "name", "message": "must have 1 to 80 characters"},
        {"field": "email", "message": "must be an e-mail address"},
        {"field": "password", "message": "must have 8 to 200 characters"},
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
    assert answer.json() == {**ADA, "name": "Ada King", "email": "king@example.com", "version": 2}
    assert client.get("/api/users/1").json() == answer.json()


def test_put_needs_every_field_and_patch_none(client: RouteClient) -> None:
    assert client.put("/api/users/1", json={"name": "Ada King"}).status_code == 400
    assert client.patch("/api/users/1", json={"name": "Ada King"}).json() == {**ADA, "name": "Ada King", "version": 2}
    assert client.patch("/api/users/1", json={}).json() == {**ADA, "name": "Ada King", "version": 3}


def test_a_change_of_another_version_than_the_one_there_is_409(client: RouteClient) -> None:
    assert client.patch("/api/users/1", json={"name": "Ada King", "version": 1}).status_code == 200
    late = client.patch("/api/users/1", json={"name": "Ada Byron", "version": 1})
    assert (late.status_code, late.json()["detail"]) == (409, "the user has been changed meanwhile: this is version 2")
    assert client.put("/api/users/1", json={**BARBARA, "version": 1}).status_code == 409
    assert client.get("/api/users/1").json()["name"] == "Ada King"


def test_of_two_changes_of_what_both_have_read_the_second_is_409(client: RouteClient, users: Any) -> None:
    read = users.find(1)
    assert read is not None
    users.change(read, name="Ada King", email=read.email)
    with pytest.raises(HTTPError, match="the user has been changed meanwhile") as caught:
        users.change(read, name="Ada Byron", email="byron@example.com")
    assert caught.value.status == 409
    with pytest.raises(HTTPError, match="the user has been changed meanwhile"):
        users.remove(replace(read, email="byron@example.com"))
    assert (_names(client)[0], users.find_credentials("byron@example.com")) == ("Ada King", None)


def test_a_new_address_takes_the_place_of_the_old_one_and_no_one_elses(client: RouteClient) -> None:
    assert client.patch("/api/users/1", json={"email": "grace@example.com"}).status_code == 409
    assert client.patch("/api/users/1", json={"email": "king@example.com"}).status_code == 200
    password = {"password": "edge"}
    signs_in = [
        client.post("/api/auth/session", json={"email": email, **password}).status_code
        for email in ("king@example.com", "ada@example.com")
    ]
    assert signs_in == [200, 401]
    assert client.post("/api/users", json={"name": "Next Ada", "email": "ada@example.com"}).status_code == 201


def test_patch_checks_what_it_is_given(client: RouteClient) -> None:
    answer = client.patch("/api/users/1", json={"email": "nowhere"})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "email", "message": "must be an e-mail address"}]


def test_a_deleted_user_is_gone(client: RouteClient) -> None:
    answer = client.delete("/api/users/2")
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get("/api/users/2").status_code == 404
    assert client.delete("/api/users/2").status_code == 404
    assert client.post("/api/users", json={"name": "Grace", "email": "grace@example.com"}).status_code == 201


@pytest.mark.parametrize("number", [0, -1, 10**39, "9" * 60])
def test_what_no_user_can_be_called_is_404(client: RouteClient, number: int | str) -> None:
    """Item 0 of the table is its counter; beyond 38 digits DynamoDB has no numbers."""
    assert client.get(f"/api/users/{number}").status_code == 404
    assert client.delete(f"/api/users/{number}").status_code == 404


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
