"""`revalidate_tag` and `revalidate_path`: asking the CDN to forget. Request wing, floor 2.

A call only writes down what is to be forgotten. Once the answer has gone out, one request to CloudFront carries all that was
written down while it was made.
"""

from __future__ import annotations

import os
import sys

from edgeroutes.errors import HandlerError
from edgeroutes.http.caching import path_tag
from edgeroutes.names import DATA_CACHE_TABLE_VARIABLE, DISTRIBUTION_ID_VARIABLE, DISTRIBUTION_PARAMETER_VARIABLE
from edgeroutes.runtime.cache_usage import require_tags
from edgeroutes.runtime.context import find_scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.types import Invalidator

_invalidators: list[Invalidator] = []


def revalidate_tag(*tags: str, wait: bool = False) -> None:
    """Have every cached answer and value with one of these tags made anew when it is next asked for.

    Args:
        tags: At most 256 visible ASCII characters each, without comma.
        wait: Whether CloudFront is asked before this returns, which blocks; else once the answer has gone out. Either way its
            edges have forgotten some seconds later. Outside a request it is always asked at once.

    Raises:
        HandlerError: For a tag that CloudFront would not take, or where there is neither a distribution nor a data cache.
        ServiceError: With `wait`, and outside a request: AWS refused.
    """
    require_tags(tags, "revalidate_tag()")
    _revalidate(tag_items(tags), tags, wait=wait)


def revalidate_path(path: str, *, wait: bool = False) -> None:
    """Have the cached answers of one path made anew when they are next asked for.

    Args:
        path: As the routes have it, without base path: `/products/7`, with a slash at its end or without. It means all of its
            queries; `/products?page=2` means that query alone, written as browsers send it. What is no URL character is encoded.
        wait: As for `revalidate_tag`.

    Raises:
        HandlerError: For what is no path of this host, or is a pattern; or where no distribution is configured.
        ServiceError: With `wait`, and outside a request: AWS refused.
    """
    scope = find_scope()
    if scope is None:
        item = path_item(path)
    else:
        endpoint = scope.endpoint
        item = path_item(path, base_path=endpoint.base_path, trailing_slash=endpoint.trailing_slash)
    _revalidate([item], (), wait=wait)


def tag_items(tags: Iterable[str]) -> list[str]:
    """What CloudFront is told for tags: `#products`."""
    return [f"#{tag}" for tag in tags]


def path_item(path: str, *, base_path: str = "", trailing_slash: bool = False) -> str:
    """What CloudFront is told for a path: the tag that all of its answers have, or the one URL with its query.

    Args:
        path: As for `revalidate_path`.
        base_path: Under which the project is served: it is part of a URL, but not of a tag.
        trailing_slash: Whether the form with the slash is the canonical one, which alone is ever cached.

    Raises:
        HandlerError: For what is no path of this host, or is a pattern.

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
    """Raise HandlerError for what is no path of this host, or is a pattern."""
    where = "revalidate_path()"
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//"):
        hint = "Write the path alone, starting with one '/'"
        raise HandlerError(
            f"{path!r:.80} is no path of this host. Allowed are such as '/products/7'", where=where, hint=hint
        )
    marks = [mark for mark in "[*" if mark in path.partition("?")[0]] or (["*"] if path.endswith("*") else [])
    if marks:
        problem = f"{path!r:.80} is a pattern, for it has {marks[0]!r}. Allowed is one path"
        hint = "Give the routes that it means a tag, and call revalidate_tag"
        raise HandlerError(problem, where=where, hint=hint)
    if "#" in path or any(character < " " or character == "\x7f" for character in path):
        hint = "Leave the fragment away, and encode what is part of the path: '#' as %23"
        raise HandlerError(f"{path!r:.80} has a '#' or a control character, which no path has", where=where, hint=hint)


class Batch:
    """What one request has said is to be forgotten, each thing once."""

    __slots__ = ("items", "tags")

    def __init__(self) -> None:
        self.items: dict[str, None] = {}
        self.tags: dict[str, None] = {}

    def add(self, items: Iterable[str], tags: Iterable[str]) -> None:
        """Write down what CloudFront and what the data cache is to forget."""
        self.items.update(dict.fromkeys(items))
        self.tags.update(dict.fromkeys(tags))

    def take(self) -> tuple[list[str], list[str]]:
        """All of it; it is written down no more."""
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
        # Now, where the author sees it, rather than in the log once the answer has gone out.
        raise HandlerError("there is no distribution to be told: none is configured", where="revalidation", hint=hint)
    scope = find_scope()
    batch = Batch() if scope is None else _batch_of(scope)
    batch.add(items, tags)
    if wait or scope is None:
        send_revalidations(batch)


def _batch_of(scope: RequestScope) -> Batch:
    """What the request has written down so far; it goes out before what `after` was given, which may take its time."""
    for function, arguments in scope.after:
        if function is send_revalidations:
            batch: Batch = arguments[0]  # type: ignore[assignment]  # put there below
            return batch
    batch = Batch()
    scope.after.insert(0, (send_revalidations, (batch,)))
    return batch


def send_revalidations(batch: Batch) -> None:
    """Have everything in the batch forgotten: the data first, from which answers are made, then the answers.

    Raises:
        ServiceError: AWS refused.
    """
    items, tags = batch.take()
    try:
        expire_data(tags)
    finally:
        if items:
            _invalidator().invalidate(items)


def expire_data(tags: Sequence[str]) -> None:
    """Have the data cache make anew what has these tags, where there is one: what this process loaded, or the environment names."""
    if tags and _has_data_cache():
        from edgeroutes.services.data_cache import expire_tags

        expire_tags(tags)


def use_invalidator(invalidator: Invalidator) -> Callable[[], None]:
    """Have this one asked instead of CloudFront: the local CDN.

    Returns:
        What ends that; the one before it is asked again.
    """
    _invalidators.append(invalidator)
    return lambda: _invalidators.remove(invalidator)


class NothingCached:
    """An invalidator for where no CDN keeps anything: in dev without one, in tests, in `sam local`."""

    def invalidate(self, items: Iterable[str]) -> None:
        """Nothing is to be done."""


def stay_local() -> None:
    """From now on ask no distribution of AWS's, whatever the environment names: for dev and tests."""
    if not _invalidators:
        _invalidators.append(NothingCached())


def _has_distribution() -> bool:
    names = (DISTRIBUTION_PARAMETER_VARIABLE, DISTRIBUTION_ID_VARIABLE, "AWS_SAM_LOCAL")
    return bool(_invalidators) or any(name in os.environ for name in names)


def _has_data_cache() -> bool:
    return "edgeroutes.services.data_cache" in sys.modules or DATA_CACHE_TABLE_VARIABLE in os.environ


def _invalidator() -> Invalidator:
    if _invalidators:
        return _invalidators[-1]
    if "AWS_SAM_LOCAL" in os.environ or not _has_distribution():
        return NothingCached()
    from edgeroutes.services.cloudfront import deployed_distribution

    return deployed_distribution(
        os.environ.get(DISTRIBUTION_ID_VARIABLE, ""), os.environ.get(DISTRIBUTION_PARAMETER_VARIABLE, "")
    )
