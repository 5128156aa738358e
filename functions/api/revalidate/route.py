"""A CMS reports changes: `{"tags": ["products"], "paths": ["/pricing"]}`, signed. Nobody else can clear the cache."""

import re

from edgeroutes import HTTPError, Request, Response, revalidate_path, revalidate_tag
from edgeroutes.webhooks import verify
from functions._shared.events import message_id, remember, was_handled
from functions._shared.secrets import secret

_TAG = re.compile(r"[!-+\--~]{1,256}")  # visible ASCII without a comma
_PATH = re.compile(r"/(?!/)[^#*\[\s\x00-\x1f\x7f]*")  # one path of this host


async def POST(request: Request) -> Response:
    verify(request, "standard", secret=secret("REVALIDATE_SECRET_ARN"))
    sent_id = message_id(request)
    if was_handled(sent_id):
        return Response(status=202)  # a repeated message: each invalidation costs money
    changed = await request.json()
    if not isinstance(changed, dict):
        raise HTTPError(400, "an object with tags and paths is wanted")
    tags, paths = _names(changed, "tags", _TAG), _names(changed, "paths", _PATH)
    revalidate_tag(*tags)
    for path in paths:
        revalidate_path(path)
    remember(sent_id)
    return Response(status=202)


def _names(changed: dict[str, object], field: str, pattern: re.Pattern[str]) -> list[str]:
    found = changed.get(field, [])
    if not isinstance(found, list) or not all(isinstance(each, str) and pattern.fullmatch(each) for each in found):
        raise HTTPError(400, errors=[{"field": field, "message": f"must be a list of {field}"}])
    return found
