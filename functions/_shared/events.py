"""Events of webhooks, in an SQS queue for a consumer, and the ids of messages that have been handled."""

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
"""The size that every queue accepts. Source: SQS developer guide, "Message quotas" (1 MiB for queues configured so)."""
_ID_TTL_SECONDS = 3600
"""How long a message's id is stored: longer than its signature is valid, which is five minutes."""


def enqueue(event_id: str, event: Mapping[str, object]) -> None:
    """Send an event to the queue; 413 if it is too large.

    Args:
        event_id: Consumers recognize a repeated event by it.
        event: Has a `type`, which consumers can filter by.
    """
    body = json.dumps(event)  # ASCII: SQS rejects some characters that are valid in JSON
    if len(body) > LARGEST_BYTES:
        raise HTTPError(413, f"an event may have {LARGEST_BYTES} bytes")
    attributes = {
        name: {"DataType": "String", "StringValue": str(value)}
        for name, value in (("id", event_id), ("type", event["type"]))
    }
    _sqs.send_message(QueueUrl=os.environ["EVENTS_QUEUE_URL"], MessageBody=body, MessageAttributes=attributes)


def message_id(request: Request) -> str:
    """The id that the sender has signed. With both kinds of headers, `standard` uses Svix's."""
    sender = "svix" if "svix-signature" in request.headers else "webhook"
    return request.headers[f"{sender}-id"]


def was_handled(sent_id: str) -> bool:
    """Whether a message with this id has been handled: a captured message cannot be replayed."""
    return _handled.get(id=sent_id) is not None


def remember(sent_id: str) -> None:
    """Store the id of a handled message. Before, a repeated message would be lost if the first attempt failed."""
    with suppress(ConditionFailedError):
        item = {"id": sent_id, "expires_at": int(time.time()) + _ID_TTL_SECONDS}
        write(_handled.put(item, "attribute_not_exists(id)"))
