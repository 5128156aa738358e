"""A list in pages, with search, filter and order from the query; and a body that is validated."""

from datetime import UTC, datetime
from math import ceil
from typing import Literal

from edgeroutes import Response
from functions._shared.models import Category, Post
from functions._shared.store import posts
from functions._shared.validation import require

from .schemas import NewPost


async def GET(
    *,
    page: int = 1,
    limit: int = 10,
    search: str = "",
    category: Category | None = None,
    sort: Literal["created_at", "title"] = "created_at",
    order: Literal["asc", "desc"] = "desc",
) -> dict[str, object]:
    require(
        ("page", page >= 1, "must be 1 or more"),
        ("limit", 1 <= limit <= 100, "must be from 1 to 100"),
    )
    found = [post for post in posts.all() if _fits(post, search, category)]
    found.sort(key=lambda post: getattr(post, sort), reverse=order == "desc")
    start = (page - 1) * limit
    return {
        "items": found[start : start + limit],
        "page": page,
        "limit": limit,
        "total": len(found),
        "total_pages": ceil(len(found) / limit),
    }


async def POST(new: NewPost) -> Response:
    post = Post(
        id=posts.next_id(),
        title=new.title,
        body=new.body,
        category=new.category,
        tags=new.tags,
        created_at=datetime.now(UTC),
    )
    posts.save(post)
    return Response.json(post, status=201, headers={"location": f"/api/posts/{post.id}"})


def _fits(post: Post, search: str, category: Category | None) -> bool:
    text = f"{post.title} {post.body}".lower()
    return search.lower() in text and category in (None, post.category)
