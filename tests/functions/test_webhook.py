from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import Aws, RouteClient

pytestmark = pytest.mark.usefixtures("aws")


SECRET = "the webhook's secret"  # infra/seed/secrets.yaml
BODY = '{"type": "order.paid",  "order": 7}'


def _sign(body: str, secret: str = SECRET) -> dict[str, str]:
    return {"X-Signature": "sha256=" + hmac.new(secret.encode(), body.encode(), "sha256").hexdigest()}


def _queued(aws: Aws) -> list[tuple[str, str]]:
    """The type and the body of what is in the queue."""
    url = aws.resource("EventsQueue")
    received = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    messages = received.get("Messages", [])
    return [(message["MessageAttributes"]["type"]["StringValue"], message["Body"]) for message in messages]


def test_an_event_with_its_signature_is_in_the_queue_as_it_was_sent(client: RouteClient, aws: Aws) -> None:
    answer = client.post("/api/webhook", content=BODY, headers=_sign(BODY))
    assert (answer.status_code, answer.content) == (202, b"")
    assert _queued(aws) == [("order.paid", BODY)]


def test_an_event_that_the_queue_does_not_take_is_not_accepted(client: RouteClient, aws: Aws) -> None:
    sqs, url, body = aws.client("sqs"), aws.resource("EventsQueue"), BODY + " " * 1024
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "1024"})
    try:
        assert client.post("/api/webhook", content=body, headers=_sign(body)).status_code == 500
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "262144"})


def test_an_event_that_no_queue_takes_is_413(client: RouteClient, aws: Aws) -> None:
    large = json.dumps({"type": "large", "data": "x" * 262_144})
    assert client.post("/api/webhook", content=large, headers=_sign(large)).status_code == 413
    assert _queued(aws) == []


def test_the_signature_is_over_the_exact_bytes(client: RouteClient, aws: Aws) -> None:
    reformatted = BODY.replace("  ", " ")
    assert client.post("/api/webhook", content=reformatted, headers=_sign(BODY)).status_code == 401
    assert _queued(aws) == []


def test_a_signature_that_is_absent_or_of_another_secret_is_401(client: RouteClient) -> None:
    absent = client.post("/api/webhook", content=BODY)
    other = client.post("/api/webhook", content=BODY, headers=_sign(BODY, "guessed"))
    odd = client.post("/api/webhook", content=BODY, headers={"X-Signature": "é"})
    assert [answer.status_code for answer in (absent, other, odd)] == [401, 401, 401]
    assert absent.json()["detail"] == "the header x-signature is missing"
    assert other.json()["detail"] == "the signature does not fit the body"


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
