"""A webhook: the signature is over the exact bytes, so they are read before anything parses them."""

import hmac
from typing import Annotated

from edgeroutes import Header, HTTPError, Request, Response, after, unauthorized
from functions._shared.models import WebhookEvent
from functions._shared.settings import secret
from functions._shared.store import webhook_events


async def POST(request: Request, x_signature: Annotated[str, Header()] = "") -> Response:
    body = await request.body()
    expected = "sha256=" + hmac.new(secret("WEBHOOK_SECRET"), body, "sha256").hexdigest()
    if not hmac.compare_digest(x_signature.encode(), expected.encode()):
        unauthorized("the signature does not fit the body")
    event = await request.json()
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise HTTPError(400, errors=[{"field": "type", "message": "must be a string"}])
    # The sender waits for the answer and repeats what takes too long, so the work comes after it.
    after(_keep, event)
    return Response(status=202)


def _keep(event: dict[str, object]) -> None:
    webhook_events.save(WebhookEvent(id=webhook_events.next_id(), type=str(event["type"]), data=event))
