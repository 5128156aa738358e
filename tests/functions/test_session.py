from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from edgeroutes.testing import RouteClient


ADA = {"email": "ada@example.com", "password": "edge"}


def test_signing_in_sets_a_cookie_that_scripts_and_other_sites_cannot_use(client: RouteClient) -> None:
    answer = client.post("/api/auth/session", json=ADA)
    assert (answer.status_code, answer.json()["name"]) == (200, "Ada Lovelace")
    [line] = answer.headers.getlist("set-cookie")
    assert line.startswith("session=1.")
    assert line.endswith("; Path=/; Max-Age=28800; Secure; HttpOnly; SameSite=lax")


def test_who_is_signed_in_is_told_until_they_sign_out(client: RouteClient) -> None:
    client.post("/api/auth/session", json=ADA)
    assert client.get("/api/auth/session").json()["email"] == "ada@example.com"
    answer = client.delete("/api/auth/session")
    assert (answer.status_code, answer.cookies) == (204, {"session": ""})
    assert client.get("/api/auth/session").status_code == 401


def test_a_wrong_password_and_an_unknown_address_are_the_same_401(client: RouteClient) -> None:
    wrong = client.post("/api/auth/session", json={**ADA, "password": "Edge"})
    unknown = client.post("/api/auth/session", json={**ADA, "email": "eve@example.com"})
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.json()["detail"] == unknown.json()["detail"] == "e-mail or password is wrong"
    assert "set-cookie" not in wrong.headers


def test_credentials_that_are_incomplete_are_400(client: RouteClient) -> None:
    answer = client.post("/api/auth/session", json={"email": "ada@example.com"})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "password", "message": "is required"}]


def test_a_token_that_was_changed_is_no_session(client: RouteClient) -> None:
    client.post("/api/auth/session", json=ADA)
    user_id, expires, signature = client.cookies["session"].split(".")
    for forged in (
        f"2.{expires}.{signature}",
        f"{user_id}.{int(expires) + 1}.{signature}",
        f"{user_id}.{expires}.",
        "é",
    ):
        assert client.get("/api/auth/session", cookies={"session": forged}).status_code == 401


def test_a_token_that_has_expired_is_no_session(client: RouteClient) -> None:
    assert client.get("/api/auth/session", cookies={"session": _token(lifetime_seconds=60)}).status_code == 200
    assert client.get("/api/auth/session", cookies={"session": _token(lifetime_seconds=-1)}).status_code == 401


def test_a_token_of_a_user_who_is_gone_is_no_session(client: RouteClient) -> None:
    client.post("/api/auth/session", json=ADA)
    client.delete("/api/users/1")
    assert client.get("/api/auth/session").status_code == 401


def test_another_secret_signs_everyone_out(client: RouteClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client.post("/api/auth/session", json=ADA)
    monkeypatch.setenv("SESSION_SECRET", "a new one")
    assert client.get("/api/auth/session").status_code == 401


def test_on_lambda_a_secret_that_is_not_set_is_an_error_and_no_known_default(
    client: RouteClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SESSION_SECRET", raising=False)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "api-auth-session")
    assert client.post("/api/auth/session", json=ADA).status_code == 500
    monkeypatch.setenv("SESSION_SECRET", "from Secrets Manager")
    assert client.post("/api/auth/session", json=ADA).status_code == 200


def _token(*, lifetime_seconds: int) -> str:
    from functions._shared import sessions
    from functions._shared.store import users

    ada = users.get(1)
    assert ada is not None
    return sessions.issue_token(ada, lifetime_seconds)
