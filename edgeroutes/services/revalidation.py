"""`revalidate_tag` and `revalidate_path`: invalidations in the CDN.

A call only records tags and paths. After the response has been sent, one request to CloudFront contains all of them.
"""

from __future__ import annotations

import os
import sys

from edgeroutes.errors import HandlerError
from edgeroutes.http.caching import path_tag
from edgeroutes.names import DATA_CACHE_TABLE_VARIABLE, DISTRIBUTION_ID_VARIABLE, DISTRIBUTION_PARAMETER_VARIABLE
from edgeroutes.runtime.cache_policy import require_tags
from edgeroutes.runtime.context import find_scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.types import Invalidator

_invalidators: list[Invalidator] = []


def revalidate_tag(*tags: str, wait: bool = False) -> None:
    """Invalidate every cached response and value with one of these tags.

    Args:
        tags: At most 256 visible ASCII characters each, without comma.
        wait: Whether to call CloudFront before this returns, which blocks; else after the response has been sent. Either way
            the edges take some seconds. Outside a request the call is always immediate.

    Raises:
        HandlerError: For a tag that CloudFront does not accept, or without both a distribution and a data cache.
        ServiceError: With `wait`, and outside a request: AWS returned an error.
    """
    require_tags(tags, "revalidate_tag()")
    _revalidate(tag_items(tags), tags, wait=wait)


def revalidate_path(path: str, *, wait: bool = False) -> None:
    """Invalidate the cached responses of one path.

    Args:
        path: As in the routes, without base path: `/products/7`, with or without a trailing slash. It covers all
            queries; `/products?page=2` covers that query only, written as browsers send it. Invalid URL characters are encoded.
        wait: As for `revalidate_tag`.

    Raises:
        HandlerError: For a pattern or anything but a path of this host; or without a distribution.
        ServiceError: With `wait`, and outside a request: AWS returned an error.
    """
    scope = find_scope()
    if scope is None:
        item = path_item(path)
    else:
        manifest = scope.endpoint.manifest
        item = path_item(path, base_path=manifest.base_path, trailing_slash=manifest.trailing_slash)
    _revalidate([item], (), wait=wait)


def tag_items(tags: Iterable[str]) -> list[str]:
    """CloudFront's items for tags: `#products`."""
    return [f"#{tag}" for tag in tags]


def path_item(path: str, *, base_path: str = "", trailing_slash: bool = False) -> str:
    """CloudFront's item for a path: the tag of all its responses, or the one URL with its query.

    Args:
        path: As for `revalidate_path`.
        base_path: The project's base path, which is part of a URL, but not of a tag.
        trailing_slash: Whether the URL with the slash is canonical: only canonical URLs are cached.

    Raises:
        HandlerError: For a pattern or anything but a path of this host.

    >>> path_item("/products/7")
    '#_path:/products/7'
    >>> path_item("/products?page=2", base_path="/shop")
    '/shop/products?page=2'
    """
    _require_path(path)
    bare, mark, query = path.partition("?")
    if not mark:
        return f"#{path_tag(bare)}"
    from edgeroutes.http.url import location
    from edgeroutes.routing.table import canonical_path

    canonical = canonical_path(bare, trailing_slash=trailing_slash) or bare
    if canonical == "/" and base_path and not trailing_slash:
        canonical = ""
    return location(f"{base_path}{canonical}?{query}")


def _require_path(path: object) -> None:
    where = "revalidate_path()"
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//"):
        hint = "Write the path alone, starting with one '/'"
        raise HandlerError(
            f"{path!r:.80} is not a path of this host. Allowed are paths such as '/products/7'", where=where, hint=hint
        )
    marks = [mark for mark in "[*" if mark in path.partition("?")[0]] or (["*"] if path.endswith("*") else [])
    if marks:
        problem = f"{path!r:.80} is a pattern, for it has {marks[0]!r}. Allowed is one path"
        hint = "Give the routes that it means a tag, and call revalidate_tag"
        raise HandlerError(problem, where=where, hint=hint)
    if "#" in path or any(character < " " or character == "\x7f" for character in path):
        hint = "Leave the fragment away, and encode what is part of the path: '#' as %23"
        raise HandlerError(f"{path!r:.80} has a '#' or a control character, which no path has", where=where, hint=hint)


class _Batch:
    """The invalidations of one request, without duplicates."""

    __slots__ = ("items", "tags")

    def __init__(self) -> None:
        self.items: dict[str, None] = {}
        self.tags: dict[str, None] = {}

    def add(self, items: Iterable[str], tags: Iterable[str]) -> None:
        """Record items for CloudFront and tags for the data cache."""
        self.items.update(dict.fromkeys(items))
        self.tags.update(dict.fromkeys(tags))

    def take(self) -> tuple[list[str], list[str]]:
        """Return and remove all items and tags."""
        taken = [*self.items], [*self.tags]
        self.items.clear()
        self.tags.clear()
        return taken


def _revalidate(items: Iterable[str], tags: Sequence[str], *, wait: bool) -> None:
    if not (_has_distribution() or (tags and _has_data_cache())):
        hint = (
            "Deploy with the template of 'edgeroutes template' and [tool.edgeroutes.cdn] enabled, or set "
            f"{DISTRIBUTION_ID_VARIABLE} to the id of the distribution"
        )
        # Fail now, where the caller sees it, rather than in the log after the response.
        raise HandlerError("no distribution is configured", where="revalidation", hint=hint)
    scope = find_scope()
    batch = _Batch() if scope is None else _batch_of(scope)
    batch.add(items, tags)
    if wait or scope is None:
        send_revalidations(batch)


def _batch_of(scope: RequestScope) -> _Batch:
    """The request's batch so far; it is sent before the functions of `after`, which may be slow."""
    for function, arguments in scope.after:
        if function is send_revalidations:
            batch: _Batch = arguments[0]  # type: ignore[assignment]  # stored below
            return batch
    batch = _Batch()
    scope.after.insert(0, (send_revalidations, (batch,)))
    return batch


def send_revalidations(batch: _Batch) -> None:
    """Invalidate everything in the batch: first the data from which responses are computed, then the responses.

    Raises:
        ServiceError: AWS returned an error.
    """
    items, tags = batch.take()
    try:
        expire_data(tags)
    finally:
        if items:
            _invalidator().invalidate(items)


def expire_data(tags: Sequence[str]) -> None:
    """Invalidate these tags in the data cache, if this process has loaded it or the environment names a table."""
    if tags and _has_data_cache():
        from edgeroutes.services.data_cache import expire_tags

        expire_tags(tags)


def use_invalidator(invalidator: Invalidator) -> Callable[[], None]:
    """Use this invalidator instead of CloudFront: the local CDN.

    Returns:
        A function that restores the previous one.
    """
    _invalidators.append(invalidator)
    return lambda: _invalidators.remove(invalidator)


class _NothingCached:
    """An invalidator without a CDN: in dev with `--no-cdn`, in tests, in `sam local`."""

    def invalidate(self, items: Iterable[str]) -> None:
        """Do nothing."""


def stay_local() -> None:
    """Never call AWS from now on, whatever the environment contains: for dev and tests."""
    if not _invalidators:
        _invalidators.append(_NothingCached())


def _has_distribution() -> bool:
    names = (DISTRIBUTION_PARAMETER_VARIABLE, DISTRIBUTION_ID_VARIABLE, "AWS_SAM_LOCAL")
    return bool(_invalidators) or any(name in os.environ for name in names)


def _has_data_cache() -> bool:
    return "edgeroutes.services.data_cache" in sys.modules or DATA_CACHE_TABLE_VARIABLE in os.environ


def _invalidator() -> Invalidator:
    if _invalidators:
        return _invalidators[-1]
    if "AWS_SAM_LOCAL" in os.environ or not _has_distribution():
        return _NothingCached()
    from edgeroutes.services.cloudfront import deployed_distribution

    return deployed_distribution(
        os.environ.get(DISTRIBUTION_ID_VARIABLE, ""), os.environ.get(DISTRIBUTION_PARAMETER_VARIABLE, "")
    )
