"""A webhook: the signature is over the exact bytes, so it is checked before anything parses them."""

import re

from edgeroutes import HTTPError, Request, Response
from edgeroutes.webhooks import verify
from functions._shared.events import enqueue, message_id, remember, was_handled
from functions._shared.secrets import secret

_TYPE = re.compile(r"[\w.:-]{1,100}", re.ASCII)


async def POST(request: Request) -> Response:
    # `standard` also signs an id and the time: a captured request is rejected by its id, and after five minutes by its time.
    verify(request, "standard", secret=secret("WEBHOOK_SECRET_ARN"))
    event_id = message_id(request)
    if was_handled(event_id):
        return Response(status=202)  # the sender did not get the first response
    event = await request.json()
    if not isinstance(event, dict) or not isinstance(event.get("type"), str) or not _TYPE.fullmatch(event["type"]):
        raise HTTPError(400, errors=[{"field": "type", "message": "must be a name of at most 100 characters"}])
    # Before the response, not `after` it: after a 202 the sender does not repeat the event, so it must be stored by then. If that fails,
    # the sender repeats it. If only storing the id fails, a consumer sees the event twice and recognizes it by its id.
    enqueue(event_id, event)
    remember(event_id)
    return Response(status=202)
