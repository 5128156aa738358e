"""Lifetime and tags that the data behind a response sets for it.

Loaded by routes that use `cached`, `fetch` or `cache_tags`.
"""

from __future__ import annotations

import sys

from edgeroutes.errors import HandlerError
from edgeroutes.http.caching import tag_problem
from edgeroutes.runtime.context import collecting, current_scope, find_scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class CacheUsage:
    """The lowest lifetime and every tag of what was used: for a response, or for the value of a cached function.

    Args:
        key: Of the cached value that is being made; empty for a response.
        outer: What the value is being made for, where that is another cached value.
    """

    __slots__ = ("keys", "lifetime_seconds", "tags")

    def __init__(self, key: str = "", outer: CacheUsage | None = None) -> None:
        self.lifetime_seconds = sys.maxsize
        self.tags: set[str] = set()
        self.keys: frozenset[str] = frozenset({key}) if outer is None else outer.keys | {key}

    def join(self, lifetime_seconds: int, tags: Iterable[str]) -> None:
        """Count something that was used."""
        self.lifetime_seconds = min(self.lifetime_seconds, lifetime_seconds)
        self.tags.update(tags)

    def is_making(self, key: str) -> bool:
        """Whether the value of this key is being made now: a nested request for it must not wait for it."""
        return key in self.keys


def current_usage() -> CacheUsage | None:
    """What counts now: the cached function that is running, else the response; None outside both, or once its headers are written."""
    making = collecting.get(None)
    if making is not None:
        return making
    scope = find_scope()
    if scope is None or scope.sealed:
        return None
    if scope.usage is None:
        scope.usage = CacheUsage()
    return scope.usage


def cache_tags(*tags: str) -> None:
    """Give the response more tags, by which `revalidate_tag` finds it; inside a `cached` function, the value that it returns.

    They count where the response is cached at all (the route's `revalidate`).

    Args:
        tags: At most 256 visible ASCII characters each, without comma.

    Raises:
        HandlerError: For a tag that CloudFront would not take, outside a request, and once the response has begun.
    """
    require_tags(tags, "cache_tags()")
    usage = current_usage()
    if usage is None:
        scope = current_scope("cache_tags()")
        hint = "Call it before the handler returns, or before the first chunk of a stream"
        raise HandlerError(f"cache_tags() was called {scope.sealed}", where=scope.where, hint=hint)
    usage.tags.update(tags)


def require_tags(tags: Iterable[object], where: str) -> None:
    """Raise HandlerError for the first tag that CloudFront would not take."""
    if isinstance(tags, str):
        raise HandlerError(f"tags are {tags!r:.60}. Allowed: a list of strings", where=where, hint="Put it into a list")
    for tag in tags:
        problem = tag_problem(tag)
        if problem:
            raise HandlerError(problem, where=where)
