"""One post, with the post before it and after it."""

from edgeroutes import Response, not_found
from functions._shared.store import posts


async def GET(id: int) -> dict[str, object]:
    post = posts.get(id) or not_found()
    return {"post": post, "previous": posts.get(id - 1), "next": posts.get(id + 1)}


async def DELETE(id: int) -> Response:
    if not posts.delete(id):
        not_found()
    return Response(status=204)
