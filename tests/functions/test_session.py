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


@pytest.fixture
def _forgotten_secrets() -> Iterator[None]:
    """What this sandbox has read of Secrets Manager ends with the test."""
    yield
    from functions._shared import secrets

    secrets._provider.clear_cache()


@pytest.mark.usefixtures("_forgotten_secrets")
def test_another_secret_signs_everyone_out_within_five_minutes(client: RouteClient, aws: Aws, frozen_time: Any) -> None:
    client.post("/api/auth/session", json=ADA)
    aws.client("secretsmanager").put_secret_value(SecretId=aws.resource("SessionSecret"), SecretString="a new one")
    assert client.get("/api/auth/session").status_code == 200
    frozen_time.shift(300)
    assert client.get("/api/auth/session").status_code == 401


def _token(*, lifetime_seconds: int) -> str:
    """What `functions/_shared/sessions.py` signs."""
    claims = f"1.{int(time.time()) + lifetime_seconds}"
    return f"{claims}.{hmac.new(SECRET, claims.encode(), 'sha256').hexdigest()}"
