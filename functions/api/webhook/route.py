"""A webhook: the signature is over the exact bytes, so it is checked before anything parses them."""

from edgeroutes import HTTPError, Request, Response, after
from edgeroutes.webhooks import verify
from functions._shared.models import WebhookEvent
from functions._shared.settings import secret
from functions._shared.store import webhook_events


async def POST(request: Request) -> Response:
    verify(request, "hmac-sha256", secret=secret("WEBHOOK_SECRET"))
    event = await request.json()
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise HTTPError(400, errors=[{"field": "type", "message": "must be a string"}])
    # The sender waits for the answer and repeats what takes too long, so the work comes after it.
    after(_keep, event)
    return Response(status=202)


def _keep(event: dict[str, object]) -> None:
    webhook_events.save(WebhookEvent(id=webhook_events.next_id(), type=str(event["type"]), data=event))
