"""A webhook: the signature is over the exact bytes, so it is checked before anything parses them."""

import re

from edgeroutes import HTTPError, Request, Response
from edgeroutes.webhooks import verify
from functions._shared.events import enqueue, message_id, remember, was_handled
from functions._shared.secrets import secret

_TYPE = re.compile(r"[\w.:-]{1,100}", re.ASCII)


async def POST(request: Request) -> Response:
    # `standard` signs an id and the time, too: a request that was caught on its way is refused after five minutes, and before by its id.
    verify(request, "standard", secret=secret("WEBHOOK_SECRET_ARN"))
    event_id = message_id(request)
    if was_handled(event_id):
        return Response(status=202)  # the sender has not seen our first response
    event = await request.json()
    if not isinstance(event, dict) or not isinstance(event.get("type"), str) or not _TYPE.fullmatch(event["type"]):
        raise HTTPError(400, errors=[{"field": "type", "message": "must be a name of at most 100 characters"}])
    # Before the response, not `after` it: with 202 the sender forgets the event, so it must be in safe hands by then. If that fails,
    # the sender repeats it; if the id cannot be noted, whoever works on the queue sees an event twice, and knows it by its id.
    enqueue(event_id, event)
    remember(event_id)
    return Response(status=202)
