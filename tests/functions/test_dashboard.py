from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient

pytestmark = pytest.mark.usefixtures("aws")


def _sign_in(client: RouteClient, email: str) -> None:
    assert client.post("/api/auth/session", json={"email": email, "password": "edge"}).status_code == 200


def test_the_middleware_of_the_folder_lets_nobody_through_without_a_session(client: RouteClient) -> None:
    response = client.get("/api/dashboard/research")
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"] == "sign in at /api/auth/session"
    assert client.get("/api/dashboard/research", cookies={"__Host-session": "1.0.9999999999.forged"}).status_code == 401


def test_the_route_gets_the_user_from_the_middleware(client: RouteClient) -> None:
    _sign_in(client, "ada@example.com")
    assert client.get("/api/dashboard/research").json() == {
        "team": "research",
        "you": "Ada Lovelace",
        "members": ["Ada Lovelace", "Alan Turing"],
    }


def test_another_team_is_403(client: RouteClient) -> None:
    _sign_in(client, "grace@example.com")
    response = client.get("/api/dashboard/research")
    assert (response.status_code, response.json()["detail"]) == (403, "you are not in the team 'research'")


def test_the_middleware_stands_before_every_method(client: RouteClient) -> None:
    assert client.post("/api/dashboard/research").status_code == 401
    _sign_in(client, "ada@example.com")
    assert client.post("/api/dashboard/research").status_code == 405


def test_the_folder_itself_is_not_a_route(client: RouteClient) -> None:
    assert client.get("/api/dashboard").status_code == 404
