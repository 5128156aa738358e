"""A list in pages, each with the cursor of the next, by category and order; and a body that is validated."""

from typing import Literal

from edgeroutes import Request, Response, revalidate_tag
from functions._shared import posts
from functions._shared.models import Category, Post
from functions._shared.pages import Page
from functions._shared.sessions import signed_in
from functions._shared.validation import require

from .schemas import NewPost


def GET(
    *,
    limit: int = 10,
    cursor: str = "",
    category: Category | None = None,
    order: Literal["asc", "desc"] = "desc",
) -> Page[Post]:
    require(("limit", 1 <= limit <= 100, "must be from 1 to 100"))
    return posts.page(category, limit=limit, cursor=cursor, newest_first=order == "desc")


def POST(request: Request, new: NewPost) -> Response:
    author = signed_in(request)
    post = posts.add(author_id=author.id, title=new.title, body=new.body, category=new.category, tags=new.tags)
    revalidate_tag("posts")  # the feed and the site map list it
    return Response.json(post, status=201, headers={"location": f"/api/posts/{post.id}"})
