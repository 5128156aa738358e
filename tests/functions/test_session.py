from __future__ import annotations

import hmac
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgeroutes.testing import Aws, RouteClient

pytestmark = pytest.mark.usefixtures("aws")


SECRET = b"the session's secret"  # infra/seed/secrets.yaml
ADA = {"email": "ada@example.com", "password": "edge"}


def test_signing_in_sets_a_cookie_that_scripts_and_other_sites_cannot_use(client: RouteClient) -> None:
    response = client.post("/api/auth/session", json=ADA)
    assert (response.status_code, response.json()["name"]) == (200, "Ada Lovelace")
    [line] = response.headers.getlist("set-cookie")
    assert line.startswith("__Host-session=1.0.")
    assert line.endswith("; Path=/; Max-Age=28800; Secure; HttpOnly; SameSite=lax")


def test_the_session_names_the_user_until_they_sign_out(client: RouteClient) -> None:
    client.post("/api/auth/session", json=ADA)
    assert client.get("/api/auth/session").json()["email"] == "ada@example.com"
    response = client.delete("/api/auth/session")
    assert (response.status_code, response.cookies) == (204, {"__Host-session": ""})
    assert client.get("/api/auth/session").status_code == 401


def test_a_wrong_password_and_an_unknown_address_are_the_same_401(client: RouteClient) -> None:
    wrong = client.post("/api/auth/session", json={**ADA, "password": "Edge"})
    unknown = client.post("/api/auth/session", json={**ADA, "email": "eve@example.com"})
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.json()["detail"] == unknown.json()["detail"] == "e-mail or password is wrong"
    assert "set-cookie" not in wrong.headers


def test_credentials_that_are_incomplete_are_400(client: RouteClient) -> None:
    response = client.post("/api/auth/session", json={"email": "ada@example.com"})
    assert response.status_code == 400
    assert response.json()["errors"] == [{"field": "password", "message": "is required"}]


def test_a_changed_token_is_not_a_session(client: RouteClient) -> None:
    client.post("/api/auth/session", json=ADA)
    user_id, generation, expires, signature = client.cookies["__Host-session"].split(".")
    for forged in (
        f"2.{generation}.{expires}.{signature}",
        f"{user_id}.{generation}.{int(expires) + 1}.{signature}",
        f"{user_id}.{generation}.{expires}.",
        "é",
    ):
        assert client.get("/api/auth/session", cookies={"__Host-session": forged}).status_code == 401


def test_an_expired_token_is_not_a_session(client: RouteClient) -> None:
    assert client.get("/api/auth/session", cookies={"__Host-session": _token(lifetime_seconds=60)}).status_code == 200
    assert client.get("/api/auth/session", cookies={"__Host-session": _token(lifetime_seconds=-1)}).status_code == 401


def test_a_token_of_a_deleted_user_is_not_a_session(client: RouteClient) -> None:
    client.post("/api/auth/session", json=ADA)
    client.delete("/api/users/1")
    assert client.get("/api/auth/session").status_code == 401


def test_a_signed_token_of_another_format_is_not_a_session(client: RouteClient) -> None:
    for claims in ("1.4102444800", "1", "", "1.0.", "..", "1.0.4102444800.5"):
        signature = hmac.new(SECRET, claims.encode(), "sha256").hexdigest()
        response = client.get("/api/auth/session", cookies={"__Host-session": f"{claims}.{signature}"})
        assert response.status_code == 401, claims


def test_signing_out_ends_every_session_of_the_user(client: RouteClient) -> None:
    client.post("/api/auth/session", json=ADA)
    stolen = client.cookies["__Host-session"]
    client.post("/api/auth/session", json=ADA)
    client.delete("/api/auth/session")
    assert client.get("/api/auth/session", cookies={"__Host-session": stolen}).status_code == 401
    client.post("/api/auth/session", json=ADA)
    assert client.get("/api/auth/session").status_code == 200


def test_the_cookie_that_is_deleted_is_one_that_browsers_take(client: RouteClient) -> None:
    [line] = client.delete("/api/auth/session").headers.getlist("set-cookie")
    assert line.startswith("__Host-session=;")
    assert "; Secure" in line
    assert "; Path=/" in line


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://testserver"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "https://testserver"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "https://sub.testserver"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://testserver"}, 403),
    ],
)
@pytest.mark.parametrize("kind", ["json", "data"])
def test_no_page_of_another_site_signs_a_visitor_in(
    client: RouteClient, headers: dict[str, str], status: int, kind: str
) -> None:
    response = client.request("POST", "/api/auth/session", headers=headers, **{kind: ADA})
    assert (response.status_code, bool(response.cookies)) == (status, status == 200)


@pytest.fixture
def _cleared_secrets() -> Iterator[None]:
    """What this sandbox has read of Secrets Manager ends with the test."""
    yield
    from functions._shared import secrets

    secrets._provider.clear_cache()


@pytest.mark.usefixtures("_cleared_secrets")
def test_another_secret_signs_everyone_out_within_five_minutes(client: RouteClient, aws: Aws, frozen_time: Any) -> None:
    client.post("/api/auth/session", json=ADA)
    aws.client("secretsmanager").put_secret_value(SecretId=aws.resource("SessionSecret"), SecretString="a new one")
    assert client.get("/api/auth/session").status_code == 200
    frozen_time.shift(300)
    assert client.get("/api/auth/session").status_code == 401


def _token(*, lifetime_seconds: int) -> str:
    """What `functions/_shared/sessions.py` signs."""
    claims = f"1.0.{int(time.time()) + lifetime_seconds}"
    return f"{claims}.{hmac.new(SECRET, claims.encode(), 'sha256').hexdigest()}"
