"""The CDN in front of the dev server's gateway: what CloudFront does with a request, given the template's distribution.

`Cdn` is an ASGI app between the client and the gateway, its origin. `http/freshness` has the cache rules, which the runtime
uses as well.

1. *Requests.* Only GET and HEAD are cached. Other methods pass through and invalidate nothing; a GET with a body gets 403 (aws.md §5).
2. *The cache key* (`cdn_cache`). Path and query byte by byte, in their order, and `Accept-Encoding` reduced to gzip and br. Host and Origin
   only where the distribution's key has them. Cookies, `Authorization` and the headers of `Vary` never: the origin receives them, and a
   response to one user goes to everyone if its `Cache-Control` allows it.
3. *Lookup* (`cdn_cache`). A fresh response is served. A stale one within `stale-while-revalidate` is served while one request in the
   background fetches the next. HEAD is served from GET's response.
4. *The origin* (`cdn_cache`). Simultaneous requests for one key are coalesced: the first asks the origin and the others wait; where they
   cannot use its response, as with a stream or a private one, each sends its own. A stale response is revalidated, and a 304 makes it
   fresh again.
5. *Errors.* A cached response replaces 500, 502, 503, 504 and a broken connection within `stale-if-error`, or without one as long as it
   is cached. Errors are cached only with a lifetime of their own: the template sets ErrorCachingMinTTL to 0.
6. *Storing.* The client gets the bytes as they arrive; a complete response is stored with its tags. The least recently used are evicted
   first. A response requested before an invalidation is not stored after it.
7. *Responding* (`cdn_cache`). `Age` and `X-Cache`; 304 and 206 from the cache. Then what the template's viewer-response function does:
   `Cache-Control` with an s-maxage becomes `public, max-age=0, must-revalidate`, so that browsers revalidate each time (decisions.md,
   "Two audiences"). `X-Origin-Cache-Control` has the origin's value.
8. *Privacy warnings.* The log names a response that is cached for everyone although it sets a cookie or is one user's.

`Cdn.invalidate` takes the items of CreateInvalidation; every save clears the cache.

CloudFront also compresses, retries the origin and caches ranges; this does not.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from edgeroutes.adapters.connection import decode_headers, encode_headers
from edgeroutes.dev.app import Exchange, open_exchange, with_exchange
from edgeroutes.dev.cdn_cache import (
    CacheKey,
    Fetch,
    Outcome,
    Store,
    cached_response,
    forwarded_headers,
    make_key,
    origin_headers,
    viewer_headers,
)
from edgeroutes.dev.gateway import HttpRequest, gateway_error
from edgeroutes.dev.reports import Failed, Logged, Responded
from edgeroutes.http.caching import CREDENTIALS
from edgeroutes.http.headers import Headers
from edgeroutes.services.cache_memory import Coalescer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgeroutes.dev.cdn_cache import Entry
    from edgeroutes.dev.gateway import HttpResponse
    from edgeroutes.dev.reports import Reporter
    from edgeroutes.services.cache_memory import Pending
    from edgeroutes.types import AsgiApp, Message, Receive, Scope, Send

_MAX_BYTES = 64 * 1024 * 1024
# The number of keys whose responses are known to be unshareable; beyond it, they are found out again.
_MAX_UNSHAREABLE = 10_000


class _Shared(NamedTuple):
    """A request to the origin that other clients may wait for."""

    key: CacheKey
    invalidations: int
    pending: Pending


class Cdn:
    """The CDN.

    Args:
        origin: The app behind it.
        report: Receives warnings and background requests.
        tag_header: The origin's header with cache tags.
        keyed: Headers in the cache key, in lower case.
        now: The clock: seconds since the epoch.
        max_bytes: Of all cached responses.
    """

    def __init__(
        self,
        origin: AsgiApp,
        report: Reporter,
        *,
        tag_header: str = "x-cache-tag",
        keyed: Sequence[str] = (),
        now: Callable[[], float] = time.time,
        max_bytes: int = _MAX_BYTES,
    ) -> None:
        self._origin = origin
        self._report = report
        self._tag_header = tag_header.lower()
        self._keyed = tuple(keyed)
        self._now = now
        self._store = Store(max_bytes)
        self._coalescer = Coalescer()
        self._unshareable: set[CacheKey] = set()
        self._refreshing: set[asyncio.Task[None]] = set()
        self._warned: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        viewer = _Viewer(scope, receive, send, self._keyed)
        if viewer.request.method not in ("GET", "HEAD"):
            await self._origin(viewer.uncached_scope(), receive, viewer.forward)
        elif viewer.has_body and viewer.request.method == "GET":
            await _refuse_body(viewer)
        else:
            await self._respond(viewer)

    def invalidate(self, items: Sequence[str]) -> None:
        """Invalidate as CloudFront does for a CreateInvalidation; from any thread.

        Args:
            items: `#tag`, `/path?query`, or `/path*`.
        """
        count = self._store.invalidate(items)
        entries = f"{count} {'entry' if count == 1 else 'entries'}"
        self._report(Logged(level="INFO", message=f"CDN cache invalidated for {', '.join(items)} ({entries})"))

    def reset(self, *, tag_header: str, keyed: Sequence[str]) -> int:
        """Clear the cache and take over new settings; from any thread.

        Returns:
            How many entries were cleared.
        """
        self._tag_header, self._keyed = tag_header.lower(), tuple(keyed)
        self._warned.clear()
        return self._store.clear()

    async def _respond(self, viewer: _Viewer) -> None:
        while True:
            entry = self._store.get(viewer.key)
            if entry is not None and await self._serve_without_origin(viewer, entry):
                return
            if viewer.request.method == "HEAD":
                viewer.exchange.cache = "uncached"
                await self._origin(viewer.origin_scope(None), viewer.receive, viewer.forward)
                return
            shared, is_first = self._join(viewer.key)
            if is_first:
                await self._fetch(viewer, entry, shared)
                return
            if viewer.key not in self._unshareable:
                await shared.pending.wait(blocking=False)
                if shared.pending.result is not False:
                    continue
            await self._fetch(viewer, entry, None)
            return

    def _join(self, key: CacheKey) -> tuple[_Shared, bool]:
        """The request to the origin under way for this key, but none from before an invalidation; whether it is a new one."""
        invalidations = self._store.invalidations
        pending, is_first = self._coalescer.join((key, invalidations))
        return _Shared(key, invalidations, pending), is_first

    def _finish(self, shared: _Shared, *, is_shareable: bool | None) -> None:
        """End the wait of the other clients.

        Args:
            shared: What they wait for.
            is_shareable: Whether a cached response is there for them now. None where the client has left or the origin broke: then
                another one asks.
        """
        self._coalescer.finish((shared.key, shared.invalidations), shared.pending, is_shareable)
        if is_shareable:
            self._unshareable.discard(shared.key)
        elif is_shareable is False:
            if len(self._unshareable) >= _MAX_UNSHAREABLE:
                self._unshareable.clear()
            self._unshareable.add(shared.key)

    async def _serve_without_origin(self, viewer: _Viewer, entry: Entry) -> bool:
        """Serve a cached response where that is allowed without asking the origin first; whether it was."""
        since = self._now() - entry.came_at
        if entry.freshness.is_fresh(since):
            await self._serve(viewer, entry, "hit")
            return True
        if not entry.freshness.may_be_refreshed_behind(since):
            return False
        shared, is_first = self._join(viewer.key)
        if is_first:
            task = asyncio.create_task(self._refresh(viewer, entry, shared))
            self._refreshing.add(task)
            task.add_done_callback(self._refreshing.discard)
        await self._serve(viewer, entry, "stale")
        return True

    async def _fetch(self, viewer: _Viewer, stale: Entry | None, shared: _Shared | None) -> None:
        """Ask the origin, and send its response or the cached one that replaces it."""
        fetch = Fetch(viewer.forward, stale=stale, now=self._now, max_bytes=self._store.max_bytes)
        entry = None
        try:
            entry = await self._ask(fetch, viewer, viewer.origin_scope(stale), viewer.receive, shared)
        except Exception:
            if not fetch.fail():
                raise
        if fetch.outcome is Outcome.PASSED:
            viewer.exchange.cache = "miss" if entry is not None else "uncached"
        elif stale is not None and fetch.outcome is not Outcome.NOTHING:
            state = "refreshed" if fetch.outcome is Outcome.CONFIRMED else "stale, for an error"
            await self._serve(viewer, entry or stale, state)

    async def _refresh(self, viewer: _Viewer, stale: Entry, shared: _Shared) -> None:
        """Revalidate a response that was served stale."""
        began = time.perf_counter()
        exchange = Exchange()
        fetch = Fetch(None, stale=stale, now=self._now, max_bytes=self._store.max_bytes)
        scope = with_exchange({**viewer.origin_scope(stale), "method": "GET"}, exchange)
        entry = None
        try:
            entry = await self._ask(fetch, viewer, scope, _empty_request(), shared)
        except Exception as error:  # noqa: BLE001  # no client waits for it
            self._report(Failed(message=f"GET {viewer.key.target} failed behind a stale response", error=error))
        self._report(
            Responded(
                method="GET",
                path=viewer.key.target,
                status=fetch.status,
                duration_ms=(time.perf_counter() - began) * 1000,
                body_bytes=fetch.body_bytes,
                source_file=exchange.source_file,
                note=exchange.note,
                cache="behind a stale response" + ("" if entry is not None else ", uncached"),
            )
        )

    async def _ask(
        self, fetch: Fetch, viewer: _Viewer, scope: Scope, receive: Receive, shared: _Shared | None
    ) -> Entry | None:
        """Ask the origin, also for the clients that wait for `shared`; returns the entry that was stored."""
        invalidations = self._store.invalidations
        entry = None
        if shared is not None:
            fetch.on_unshareable = lambda: self._finish(shared, is_shareable=False)
        try:
            await self._origin(scope, receive, fetch.send)
            entry = self._store_response(fetch, viewer, open_exchange(scope), invalidations)
        finally:
            if shared is not None and shared.pending.result is None:
                is_shareable = entry is not None and entry.freshness.is_fresh(0)
                self._finish(shared, is_shareable=is_shareable if fetch.is_whole else None)
        return entry

    def _store_response(self, fetch: Fetch, viewer: _Viewer, exchange: Exchange, invalidations: int) -> Entry | None:
        entry = fetch.entry(self._tag_header, exchange.source_file)
        if entry is None:
            if fetch.replaces_stale:
                self._store.discard(viewer.key)
            return None
        if not self._store.put(viewer.key, entry, invalidations):
            return None
        warning = _privacy_warning(viewer.key.target, entry, exchange, viewer.headers, self._keyed)
        if warning and viewer.request.path not in self._warned:
            self._warned.add(viewer.request.path)
            self._report(Logged(level="WARNING", message=warning))
        return entry

    async def _serve(self, viewer: _Viewer, entry: Entry, state: str) -> None:
        viewer.exchange.cache = state
        viewer.exchange.source_file = viewer.exchange.source_file or entry.source_file
        response = cached_response(
            entry,
            viewer.headers if viewer.request.method == "GET" else _without_range(viewer.headers),
            tag_header=self._tag_header,
            x_cache="Hit" if state == "hit" else "RefreshHit",
            age_seconds=entry.age_seconds(self._now()),
        )
        await viewer.send(response)


class _Viewer:
    """A client of the CDN, with its request."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, keyed: Sequence[str]) -> None:
        self.receive = receive
        self.request = HttpRequest.from_scope(scope)
        self.headers = Headers.from_lowered(list(self.request.headers))
        self.exchange = open_exchange(scope)
        self.key = make_key(self.request, self.headers, keyed)
        self._scope = scope
        self._send = send

    @property
    def has_body(self) -> bool:
        return "transfer-encoding" in self.headers or self.headers.get("content-length", "0") != "0"

    def origin_scope(self, stale: Entry | None) -> Scope:
        """The scope of the request to the origin, which may revalidate a cached response."""
        pairs = origin_headers(self.headers, stale, self.key.accept_encoding)
        return {**self._scope, "headers": encode_headers(pairs)}

    def uncached_scope(self) -> Scope:
        return {**self._scope, "headers": encode_headers(forwarded_headers(self.headers))}

    async def forward(self, message: Message) -> None:
        """Send a message of the origin's response to the client."""
        if message["type"] == "http.response.start":
            headers = Headers.from_lowered(decode_headers(message["headers"]))
            message = {**message, "headers": encode_headers(viewer_headers(message["status"], headers, "Miss"))}
        await self._send(message)

    async def send(self, response: HttpResponse) -> None:
        await response.send(self._send, method=self.request.method)


def _privacy_warning(target: str, entry: Entry, exchange: Exchange, request: Headers, keyed: Sequence[str]) -> str:
    """The warning for a response that is cached for everyone although it is one user's; empty for any other.

    The runtime's own caching makes such responses private; a handler or an app that sets `Cache-Control` itself may not.

    Args:
        target: Path and query.
        entry: The cached response.
        exchange: What the handler read.
        request: The headers that the origin received.
        keyed: The headers in the cache key.
    """
    reason = _privacy_problem(entry, exchange, request, keyed)
    if not reason:
        return ""
    cache_control = entry.headers.get("cache-control", "")
    hint = "Set 'Cache-Control: private, no-store', or leave the header to the route's config"
    return f"CloudFront would give GET {target} to everyone ({cache_control}), but {reason}. {hint}"


def _privacy_problem(entry: Entry, exchange: Exchange, request: Headers, keyed: Sequence[str]) -> str:
    if "set-cookie" in entry.headers:
        return "it sets a cookie, which everyone would get"
    if exchange.dynamic_reasons:
        return f"its handler reads {', '.join(dict.fromkeys(exchange.dynamic_reasons))}"
    sent = [name for name in CREDENTIALS if name in request]
    if exchange.dynamic_reasons is None and sent:
        return f"its request has {' and '.join(sent)}, which the cache key does not include"
    in_key = {"accept-encoding", *keyed}
    varies = [name.strip().lower() for name in entry.headers.get("vary", "").split(",")]
    ignored = [name for name in varies if name and name not in in_key]
    if ignored:
        return f"it varies by {', '.join(ignored)}, which the cache key does not include"
    return ""


async def _refuse_body(viewer: _Viewer) -> None:
    detail = "CloudFront refuses a GET with a body. Send it with POST, or as a query"
    response = gateway_error(403, detail, viewer.request.path)
    headers = Headers([*response.headers, ("content-length", str(len(response.body)))])
    await viewer.send(replace(response, headers=viewer_headers(response.status, headers, "Miss")))


def _without_range(headers: Headers) -> Headers:
    return Headers.from_lowered([pair for pair in headers.multi_items() if pair[0] != "range"])


def _empty_request() -> Receive:
    """The `receive` of a request without a body, whose client never leaves."""
    messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await asyncio.Event().wait()
        raise AssertionError  # pragma: no cover

    return receive
