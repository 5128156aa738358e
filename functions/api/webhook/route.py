"""A webhook: the signature is over the exact bytes, so it is checked before anything parses them."""

from edgeroutes import HTTPError, Request, Response
from edgeroutes.webhooks import verify
from functions._shared.events import enqueue
from functions._shared.secrets import secret


async def POST(request: Request) -> Response:
    verify(request, "hmac-sha256", secret=secret("WEBHOOK_SECRET_ARN"))
    event = await request.json()
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise HTTPError(400, errors=[{"field": "type", "message": "must be a string"}])
    # Before the answer, not `after` it: with 202 the sender forgets the event, so it must be in safe hands by then. If it is
    # not, or the answer gets lost, the sender repeats it: whoever works on the queue may see an event twice, but none is missing.
    enqueue(event["type"], await request.text())
    return Response(status=202)
