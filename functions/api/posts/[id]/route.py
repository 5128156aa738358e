"""One post, with the previous and the next post. The view is counted after the response."""

from edgeroutes import Request, Response, after, forbidden, not_found, revalidate_tag
from functions._shared import posts
from functions._shared.sessions import signed_in


def GET(id: int) -> dict[str, object]:
    post = posts.find(id) or not_found()
    before, behind = posts.neighbors(post)
    # The client does not wait for it. A view may be lost if the sandbox ends first.
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
