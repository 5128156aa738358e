from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


SECRET = "whsec"
BODY = '{"type": "order.paid",  "order": 7}'


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)


def _sign(body: str, secret: str = SECRET) -> dict[str, str]:
    return {"X-Signature": "sha256=" + hmac.new(secret.encode(), body.encode(), "sha256").hexdigest()}


def _kept_types() -> list[str]:
    from functions._shared.store import webhook_events

    return [event.type for event in webhook_events.all()]


def test_an_event_with_its_signature_is_accepted_and_worked_on_after_the_answer(client: RouteClient) -> None:
    answer = client.post("/api/webhook", content=BODY, headers=_sign(BODY))
    assert (answer.status_code, answer.content) == (202, b"")
    assert _kept_types() == ["order.paid"]


def test_the_signature_is_over_the_exact_bytes(client: RouteClient) -> None:
    reformatted = BODY.replace("  ", " ")
    assert client.post("/api/webhook", content=reformatted, headers=_sign(BODY)).status_code == 401
    assert _kept_types() == []


def test_a_signature_that_is_absent_or_of_another_secret_is_401(client: RouteClient) -> None:
    absent = client.post("/api/webhook", content=BODY)
    other = client.post("/api/webhook", content=BODY, headers=_sign(BODY, "guessed"))
    odd = client.post("/api/webhook", content=BODY, headers={"X-Signature": "é"})
    assert [answer.status_code for answer in (absent, other, odd)] == [401, 401, 401]
    assert {answer.json()["detail"] for answer in (absent, other, odd)} == {"the signature is not right"}


@pytest.mark.parametrize("body", ["[]", "{}", '{"type": 1}'])
def test_an_event_without_a_type_is_400_though_it_is_signed(client: RouteClient, body: str) -> None:
    answer = client.post("/api/webhook", content=body, headers=_sign(body))
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "type", "message": "must be a string"}]


def test_a_signed_body_that_is_no_json_is_400(client: RouteClient) -> None:
    assert client.post("/api/webhook", content="paid!", headers=_sign("paid!")).status_code == 400


def test_nobody_reads_a_webhook(client: RouteClient) -> None:
    answer = client.get("/api/webhook")
    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")
