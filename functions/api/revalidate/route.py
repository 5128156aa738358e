"""A CMS tells what has changed: `{"tags": ["products"], "paths": ["/pricing"]}`, signed. Nothing else can make the cache forget."""

from edgeroutes import HTTPError, Request, Response, revalidate_path, revalidate_tag
from edgeroutes.webhooks import verify
from functions._shared.secrets import secret


async def POST(request: Request) -> Response:
    verify(request, "hmac-sha256", secret=secret("REVALIDATE_SECRET_ARN"))
    changed = await request.json()
    if not isinstance(changed, dict):
        raise HTTPError(400, "an object with tags and paths is wanted")
    revalidate_tag(*_texts(changed, "tags"))
    for path in _texts(changed, "paths"):
        revalidate_path(path)
    return Response(status=202)


def _texts(changed: dict[str, object], name: str) -> list[str]:
    found = changed.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise HTTPError(400, errors=[{"field": name, "message": "must be a list of strings"}])
    return found
