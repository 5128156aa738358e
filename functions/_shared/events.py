"""What webhooks have told us, in an SQS queue, where it waits for who works on it."""

import os

from edgeroutes import HTTPError
from functions._shared.aws import client

_sqs = client("sqs")
LARGEST_BYTES = 262_144
"""What every queue takes. Source: SQS developer guide, "Message quotas" (1 MiB, for queues that have been told so)."""


def enqueue(event_type: str, body: str) -> None:
    """Keep an event: when this returns, SQS has it. 413 when it is too large.

    Args:
        event_type: By which consumers choose without reading the body.
        body: As it was sent.
    """
    if len(body.encode()) > LARGEST_BYTES:
        raise HTTPError(413, f"an event may have {LARGEST_BYTES} bytes")
    attributes = {"type": {"DataType": "String", "StringValue": event_type}}
    _sqs.send_message(QueueUrl=os.environ["EVENTS_QUEUE_URL"], MessageBody=body, MessageAttributes=attributes)
