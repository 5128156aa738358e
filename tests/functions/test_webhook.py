from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import Aws, RouteClient
    from tests.functions.conftest import Sign

pytestmark = pytest.mark.usefixtures("aws")


BODY = '{"type": "order.paid",  "order": 7}'


def _queued(aws: Aws) -> list[tuple[str, str, object]]:
    """Type, id and body of what is in the queue."""
    url = aws.resource("EventsQueue")
    received = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    messages = received.get("Messages", [])
    return [
        (*(message["MessageAttributes"][name]["StringValue"] for name in ("type", "id")), json.loads(message["Body"]))
        for message in messages
    ]


def test_an_event_with_its_signature_is_in_the_queue_with_its_id(client: RouteClient, aws: Aws, sign: Sign) -> None:
    response = client.post("/api/webhook", content=BODY, headers=sign(BODY))
    assert (response.status_code, response.content) == (202, b"")
    assert _queued(aws) == [("order.paid", "msg_1", json.loads(BODY))]


def test_an_event_that_the_queue_does_not_take_is_not_accepted(client: RouteClient, aws: Aws, sign: Sign) -> None:
    sqs, url, body = aws.client("sqs"), aws.resource("EventsQueue"), json.dumps({"type": "x", "text": "x" * 1024})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "1024"})
    try:
        assert client.post("/api/webhook", content=body, headers=sign(body)).status_code == 500
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "262144"})


def test_an_event_that_no_queue_takes_is_413(client: RouteClient, aws: Aws, sign: Sign) -> None:
    large = json.dumps({"type": "large", "data": "x" * 262_144})
    assert client.post("/api/webhook", content=large, headers=sign(large)).status_code == 413
    assert _queued(aws) == []


def test_the_signature_is_over_the_exact_bytes(client: RouteClient, aws: Aws, sign: Sign) -> None:
    reformatted = BODY.replace("  ", " ")
    assert client.post("/api/webhook", content=reformatted, headers=sign(BODY)).status_code == 401
    assert _queued(aws) == []


def test_a_signature_that_is_absent_or_of_another_secret_is_401(client: RouteClient, sign: Sign) -> None:
    absent = client.post("/api/webhook", content=BODY)
    other = client.post("/api/webhook", content=BODY, headers=sign(BODY, secret="guessed"))
    odd = client.post("/api/webhook", content=BODY, headers={**sign(BODY), "Webhook-Signature": "é"})
    assert [response.status_code for response in (absent, other, odd)] == [401, 401, 401]
    assert {response.json()["detail"] for response in (absent, other, odd)} == {"the signature is not valid"}


@pytest.mark.parametrize(
    "body",
    ["[]", "{}", '{"type": 1}', '{"type": ""}', '{"type": "a b"}', '{"type": "é"}', json.dumps({"type": "x" * 101})],
)
def test_an_event_without_a_type_is_400_though_it_is_signed(client: RouteClient, sign: Sign, body: str) -> None:
    response = client.post("/api/webhook", content=body, headers=sign(body))
    assert response.status_code == 400
    assert response.json()["errors"] == [{"field": "type", "message": "must be a name of at most 100 characters"}]


def test_a_signed_body_of_invalid_json_is_400(client: RouteClient, sign: Sign) -> None:
    assert client.post("/api/webhook", content="paid!", headers=sign("paid!")).status_code == 400


def test_nobody_reads_a_webhook(client: RouteClient) -> None:
    response = client.get("/api/webhook")
    assert (response.status_code, response.headers["allow"]) == (405, "OPTIONS, POST")


def test_a_message_that_is_caught_cannot_be_sent_again(client: RouteClient, aws: Aws, sign: Sign) -> None:
    caught = sign(BODY)
    responses = [client.post("/api/webhook", content=BODY, headers=caught) for _ in range(3)]
    renamed = {name.replace("Webhook", "Svix"): value for name, value in caught.items()} | {"Webhook-Id": "msg_2"}
    responses.append(client.post("/api/webhook", content=BODY, headers=renamed))
    assert [response.status_code for response in responses] == [202] * 4
    assert len(_queued(aws)) == 1


def test_a_repeated_message_is_accepted_after_a_failure(client: RouteClient, aws: Aws, sign: Sign) -> None:
    test_an_event_that_the_queue_does_not_take_is_not_accepted(client, aws, sign)
    assert client.post("/api/webhook", content=BODY, headers=sign(BODY)).status_code == 202
    assert len(_queued(aws)) == 1


def test_an_old_signature_and_one_of_another_id_are_401(client: RouteClient, aws: Aws, sign: Sign) -> None:
    old = client.post("/api/webhook", content=BODY, headers=sign(BODY, age_s=301))
    other = client.post("/api/webhook", content=BODY, headers={**sign(BODY), "Webhook-Id": "msg_2"})
    assert (old.status_code, other.status_code, _queued(aws)) == (401, 401, [])


def test_svixs_names_of_the_headers_will_do(client: RouteClient, aws: Aws, sign: Sign) -> None:
    headers = {name.replace("Webhook", "Svix"): value for name, value in sign(BODY).items()}
    assert client.post("/api/webhook", content=BODY, headers=headers).status_code == 202
    assert [message_id for _, message_id, _ in _queued(aws)] == ["msg_1"]


def test_characters_that_queues_refuse_arrive(client: RouteClient, aws: Aws, sign: Sign) -> None:
    body = json.dumps({"type": "odd", "text": "\ufffe\x00"}, ensure_ascii=False).replace("\x00", "\\u0000")
    assert client.post("/api/webhook", content=body, headers=sign(body)).status_code == 202
    assert [event for _, _, event in _queued(aws)] == [{"type": "odd", "text": "\ufffe\x00"}]
