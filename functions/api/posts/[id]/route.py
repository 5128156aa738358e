"""One post, with the post before it and after it; and how often it was read, which is counted after the answer."""

from edgeroutes import Request, Response, after, forbidden, not_found, revalidate_tag
from functions._shared import posts
from functions._shared.sessions import signed_in


def GET(id: int) -> dict[str, object]:
    post = posts.find(id) or not_found()
    before, behind = posts.neighbours(post)
    # Nobody waits for it, and nobody misses the one that is lost if the sandbox ends before it is counted.
    after(posts.count_view, post)
    return {"post": post, "previous": before, "next": behind}


def DELETE(request: Request, id: int) -> Response:
    user = signed_in(request)
    post = posts.find(id) or not_found()
    if post.author_id != user.id:
        forbidden("only its author may delete a post")
    posts.remove(post)
    revalidate_tag("posts")
    return Response(status=204)
