"""One post, with the post before it and after it; and how often it was read, which is counted after the answer."""

from edgeroutes import Response, after, not_found, revalidate_tag
from functions._shared import posts


def GET(id: int) -> dict[str, object]:
    post = posts.find(id) or not_found()
    before, behind = posts.neighbours(post)
    # Nobody waits for it, and nobody misses the one that is lost if the sandbox ends before it is counted.
    after(posts.count_view, post)
    return {"post": post, "previous": before, "next": behind}


def DELETE(id: int) -> Response:
    posts.remove(posts.find(id) or not_found())
    revalidate_tag("posts")
    return Response(status=204)
