"""Posts, in a table with two indexes: one of all posts, one by category. Ids are in the order of writing."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from functions._shared.models import Category, Post
from functions._shared.pages import Page, read_cursor, write_cursor
from functions._shared.table import ConditionFailedError, Table, write

_posts = Table("POSTS_TABLE")


def find(post_id: int) -> Post | None:
    item = _posts.get(id=post_id)
    return _post(item) if item and "kind" in item else None


def page(category: Category | None = None, *, limit: int, cursor: str = "", newest_first: bool = True) -> Page[Post]:
    """Some of the posts, of one category or of all. One query each, however many posts there are."""
    index, value = ("category", category) if category else ("kind", "post")
    items, last_id = _posts.query(index, value, after=read_cursor(cursor), limit=limit, newest_first=newest_first)
    return Page(items=[_post(item) for item in items], next=write_cursor(last_id))


def every() -> Iterator[Post]:
    """All posts, read page by page as they are used."""
    return map(_post, _posts.query_all("kind", "post"))


def neighbors(post: Post) -> tuple[Post | None, Post | None]:
    """The previous and the next post."""
    before, _ = _posts.query("kind", "post", after=post.id, limit=1, newest_first=True)
    behind, _ = _posts.query("kind", "post", after=post.id, limit=1)
    return next(map(_post, before), None), next(map(_post, behind), None)


def add(*, author_id: int, title: str, body: str, category: Category, tags: tuple[str, ...]) -> Post:
    post = Post(
        id=_posts.next_id(),
        author_id=author_id,
        title=title,
        body=body,
        category=category,
        tags=tags,
        created_at=datetime.now(UTC),
    )
    item = {**asdict(post), "kind": "post", "created_at": post.created_at.isoformat()}
    write(_posts.put(item, "attribute_not_exists(id)"))
    return post


def remove(post: Post) -> None:
    """Delete a post, if it still exists."""
    with suppress(ConditionFailedError):
        write(_posts.delete({"id": post.id}))


def count_view(post: Post) -> None:
    """Count a view, if the post still exists."""
    with suppress(ConditionFailedError):
        write(_posts.increase({"id": post.id}, "views"))


def _post(item: dict[str, Any]) -> Post:
    return Post(
        id=item["id"],
        author_id=item["author_id"],
        title=item["title"],
        body=item["body"],
        category=item["category"],
        tags=tuple(item["tags"]),
        created_at=datetime.fromisoformat(item["created_at"]),
        views=item["views"],
    )
