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


def test_the_collection_is_listed_by_id_without_addresses_and_for_users_alone(
    client: RouteClient, ada: RouteClient
) -> None:
    page = ada.get("/api/users").json()
    assert page["items"][0] == {"id": 1, "name": "Ada Lovelace"}
    assert _names(ada) == ["Ada Lovelace", "Grace Hopper", "Alan Turing"]
    client.cookies.clear()
    assert client.get("/api/users").status_code == 401


def test_pages_follow_each_other_by_their_cursors(ada: RouteClient) -> None:
    first = ada.get("/api/users?limit=2").json()
    assert [user["id"] for user in first["items"]] == [1, 2]
    second = ada.get("/api/users", params={"limit": 2, "cursor": first["next"]}).json()
    assert second == {"items": [{"id": 3, "name": "Alan Turing"}], "next": None}


def test_a_cursor_that_nobody_gave_out_is_400(ada: RouteClient) -> None:
    for cursor in ("x", "-1", "é", "LTE", "9" * 60, "\0"):
        response = ada.get("/api/users", params={"cursor": cursor})
        assert response.status_code == 400
        assert response.json()["errors"] == [{"field": "cursor", "message": "must be a cursor from a previous page"}]


def test_a_limit_out_of_range_is_400(ada: RouteClient) -> None:
    assert [ada.get(f"/api/users?limit={limit}").status_code for limit in (0, 1, 100, 101)] == [400, 200, 200, 400]


def test_a_new_user_is_201_with_the_place_where_to_find_it(ada: RouteClient) -> None:
    response = ada.post("/api/users", json=BARBARA)
    assert (response.status_code, response.headers["location"]) == (201, "/api/users/4")
    assert response.json() == {"id": 4, **BARBARA, "teams": [], "version": 1}
    assert ada.post("/api/users", json={**BARBARA, "email": "other@example.com"}).json()["id"] == 5


def test_an_address_that_is_in_use_whatever_its_case_is_409(ada: RouteClient) -> None:
    response = ada.post("/api/users", json={"name": "Another Ada", "email": "ADA@example.com"})
    assert (response.status_code, response.json()["detail"]) == (409, "the e-mail address is in use")
    assert len(_names(ada)) == 3


def test_who_is_made_with_a_password_can_sign_in_with_it(ada: RouteClient) -> None:
    made = ada.post("/api/users", json={**BARBARA, "password": "substitution"})
    assert "password" not in made.json()
    signs_in = [
        ada.post("/api/auth/session", json={"email": "Barbara@example.com", "password": password}).status_code
        for password in ("substitution", "Substitution", "")
    ]
    assert signs_in == [200, 401, 401]


def test_who_is_made_without_a_password_cannot_sign_in(ada: RouteClient) -> None:
    ada.post("/api/users", json=BARBARA)
    assert ada.post("/api/auth/session", json={"email": BARBARA["email"], "password": ""}).status_code == 401


def test_a_form_will_do_for_the_body_too(ada: RouteClient) -> None:
    response = ada.post("/api/users", data=BARBARA)
    assert (response.status_code, response.json()["name"]) == (201, "Barbara Liskov")


def test_fields_that_are_missing_or_of_another_type_are_400_each_with_its_name(ada: RouteClient) -> None:
    response = ada.post("/api/users", json={"name": 7})
    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"field": "name", "message": "must be a string"},
        {"field": "email", "message": "is required"},
    ]
    assert len(_names(ada)) == 3


def test_rules_beyond_types_are_400_all_of_them_at_once(ada: RouteClient) -> None:
    response = ada.post("/api/users", json={"name": " ", "email": "nowhere", "password": "short"})
    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"field": "name", "message": "must have 1 to 80 characters"},
        {"field": "email", "message": "must be an e-mail address"},
        {"field": "password", "message": "must have 8 to 200 characters"},
    ]


def test_a_body_of_another_type_is_415(ada: RouteClient) -> None:
    response = ada.post("/api/users", content="<user/>", headers={"Content-Type": "application/xml"})
    assert response.status_code == 415


def test_the_collection_cannot_be_deleted(ada: RouteClient) -> None:
    response = ada.delete("/api/users")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")


def test_one_user_is_found_by_the_number_in_the_path(ada: RouteClient) -> None:
    assert ada.get("/api/users/1").json() == ADA


def test_put_replaces_what_a_client_may_say_about_a_user(ada: RouteClient) -> None:
    response = ada.put("/api/users/1", json={"name": "Ada King", "email": "king@example.com"})
    assert response.json() == {**ADA, "name": "Ada King", "email": "king@example.com", "version": 2}
    assert ada.get("/api/users/1").json() == response.json()


def test_put_needs_every_field_and_patch_none(ada: RouteClient) -> None:
    assert ada.put("/api/users/1", json={"name": "Ada King"}).status_code == 400
    assert ada.patch("/api/users/1", json={"name": "Ada King"}).json() == {**ADA, "name": "Ada King", "version": 2}
    assert ada.patch("/api/users/1", json={}).json() == {**ADA, "name": "Ada King", "version": 3}


def test_a_change_of_another_version_than_the_one_there_is_409(ada: RouteClient) -> None:
    assert ada.patch("/api/users/1", json={"name": "Ada King", "version": 1}).status_code == 200
    late = ada.patch("/api/users/1", json={"name": "Ada Byron", "version": 1})
    assert (late.status_code, late.json()["detail"]) == (409, "the user has been changed meanwhile: this is version 2")
    assert ada.put("/api/users/1", json={**BARBARA, "version": 1}).status_code == 409
    assert ada.get("/api/users/1").json()["name"] == "Ada King"


def test_of_two_changes_of_what_both_have_read_the_second_is_409(ada: RouteClient, users: Any) -> None:
    read = users.find(1)
    assert read is not None
    users.change(read, name="Ada King", email=read.email)
    with pytest.raises(HTTPError, match="the user has been changed meanwhile") as caught:
        users.change(read, name="Ada Byron", email="byron@example.com")
    assert caught.value.status == 409
    with pytest.raises(HTTPError, match="the user has been changed meanwhile"):
        users.remove(replace(read, email="byron@example.com"))
    assert (_names(ada)[0], users.find_credentials("byron@example.com")) == ("Ada King", None)


def test_a_new_address_takes_the_place_of_the_old_one_and_no_one_elses(ada: RouteClient) -> None:
    assert ada.patch("/api/users/1", json={"email": "grace@example.com"}).status_code == 409
    assert ada.patch("/api/users/1", json={"email": "king@example.com"}).status_code == 200
    password = {"password": "edge"}
    signs_in = [
        ada.post("/api/auth/session", json={"email": email, **password}).status_code
        for email in ("king@example.com", "ada@example.com")
    ]
    assert signs_in == [200, 401]
    assert ada.post("/api/users", json={"name": "Next Ada", "email": "ada@example.com"}).status_code == 201


def test_patch_checks_what_it_is_given(ada: RouteClient) -> None:
    response = ada.patch("/api/users/1", json={"email": "nowhere"})
    assert response.status_code == 400
    assert response.json()["errors"] == [{"field": "email", "message": "must be an e-mail address"}]


def test_a_deleted_user_is_gone_and_the_address_is_free(ada: RouteClient) -> None:
    response = ada.delete("/api/users/1")
    assert (response.status_code, response.content) == (204, b"")
    assert ada.get("/api/users/1").status_code == 401
    assert ada.post("/api/users", json={"name": "Next Ada", "email": "ada@example.com"}).status_code == 201


@pytest.mark.parametrize("number", [2, 99, 0, -1, 10**39, "9" * 60])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_nobody_reads_or_changes_another_user(ada: RouteClient, method: str, number: int | str) -> None:
    """Whether there is one or not: item 0 of the table is its counter, and beyond 38 digits DynamoDB has no numbers."""
    response = ada.request(method, f"/api/users/{number}", json=BARBARA)
    assert (response.status_code, response.json()["detail"]) == (403, "this is not your user")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_without_a_session_there_are_no_users(client: RouteClient, method: str) -> None:
    assert client.request(method, "/api/users/1", json=BARBARA).status_code == 401


def test_a_page_of_another_site_changes_nothing(ada: RouteClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    statuses = [
        ada.request(method, "/api/users/1", json=BARBARA, headers=headers).status_code for method in ("PUT", "DELETE")
    ]
    assert (statuses, ada.get("/api/users/1").json()) == ([403, 403], ADA)


def test_a_new_password_needs_the_old_one_and_ends_every_session(ada: RouteClient) -> None:
    new = {"password": "difference engine"}
    for old in ({}, {"old_password": "Edge"}):
        assert ada.patch("/api/users/1", json=new | old).status_code == 403
    assert ada.patch("/api/users/1", json=new | {"old_password": "edge"}).json() == {**ADA, "version": 2}
    assert ada.get("/api/users/1").status_code == 401
    signs_in = [
        ada.post("/api/auth/session", json={"email": "ada@example.com", "password": password}).status_code
        for password in ("edge", "difference engine")
    ]
    assert (signs_in, ada.get("/api/users/1").status_code) == ([401, 200], 200)


def test_a_segment_that_does_not_convert_to_int_is_404(ada: RouteClient) -> None:
    response = ada.get("/api/users/ada")
    assert response.status_code == 404
    problem = response.json()
    assert problem.pop("request_id")
    assert problem == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "there is nothing at this URL",
        "instance": "/api/users/ada",
    }
