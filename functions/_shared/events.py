"""What webhooks have told us, in an SQS queue, where it waits for who works on it; and which messages have been handled."""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress

from edgeroutes import HTTPError, Request
from functions._shared.aws import client
from functions._shared.table import ConditionFailedError, Table, write

_sqs = client("sqs")
_handled = Table("HANDLED_MESSAGES_TABLE")
LARGEST_BYTES = 262_144
"""What every queue takes. Source: SQS developer guide, "Message quotas" (1 MiB, for queues that have been told so)."""
_REMEMBERED_SECONDS = 3600
"""How long a message's id is kept: longer than its signature is good, which is five minutes."""


def enqueue(event_id: str, event: Mapping[str, object]) -> None:
    """Keep an event: when this returns, SQS has it. 413 when it is too large.

    Args:
        event_id: By which consumers know an event that they have seen.
        event: With a `type`, by which they choose without reading the rest.
    """
    body = json.dumps(event)  # ASCII: SQS refuses some characters that JSON may have
    if len(body) > LARGEST_BYTES:
        raise HTTPError(413, f"an event may have {LARGEST_BYTES} bytes")
    attributes = {
        name: {"DataType": "String", "StringValue": str(value)}
        for name, value in (("id", event_id), ("type", event["type"]))
    }
    _sqs.send_message(QueueUrl=os.environ["EVENTS_QUEUE_URL"], MessageBody=body, MessageAttributes=attributes)


def message_id(request: Request) -> str:
    """The id that the sender has signed: `standard` takes Svix's headers before the others, where both are there."""
    sender = "svix" if "svix-signature" in request.headers else "webhook"
    return request.headers[f"{sender}-id"]


def was_handled(sent_id: str) -> bool:
    """Whether a message with this id came before: who has caught one on its way cannot send it again."""
    return _handled.get(id=sent_id) is not None


def remember(sent_id: str) -> None:
    """Note that a message is handled; after that and not before, or one that fails would be lost when it is repeated."""
    with suppress(ConditionFailedError):
        item = {"id": sent_id, "expires_at": int(time.time()) + _REMEMBERED_SECONDS}
        write(_handled.put(item, "attribute_not_exists(id)"))
