"""The CDN as an ASGI app in front of another. Floor 3; its stages are told in the package's docstring."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from edgeroutes.adapters.asgi_incoming import sent_path
from edgeroutes.adapters.connection import decode_headers, encode_headers
from edgeroutes.dev.access_log import Exchange, open_exchange, with_exchange
from edgeroutes.dev.cdn.origin import Fetch, Outcome, forwarded_headers, question_headers, stored_answer, viewer_headers
from edgeroutes.dev.cdn.store import CacheKey, Store, make_key
from edgeroutes.dev.gateway import problem_answer
from edgeroutes.dev.reports import Answered, Failed, Logged
from edgeroutes.http.caching import CREDENTIALS
from edgeroutes.http.headers import Headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from edgeroutes.dev.cdn.store import Entry
    from edgeroutes.dev.reports import Reporter
    from edgeroutes.types import AsgiApp, Message, Receive, Scope, Send


MAX_BYTES = 64 * 1024 * 1024


class Cdn:
    """The CDN.

    Args:
        origin: What it stands in front of.
        report: Is told of warnings, and of what is fetched with no client waiting.
        tag_header: Where the origin says an answer's tags.
        keyed: Headers that are in the key, in lower case.
        now: The clock: seconds since the epoch.
        max_bytes: Of all that it keeps.
    """

    def __init__(
        self,
        origin: AsgiApp,
        report: Reporter,
        *,
        tag_header: str = "x-cache-tag",
        keyed: Sequence[str] = (),
        now: Callable[[], float] = time.time,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._origin = origin
        self._report = report
        self._tag_header = tag_header.lower()
        self._keyed = tuple(keyed)
        self._now = now
        self._store = Store(max_bytes)
        self._flights = Flights(lambda: self._store.forgettings)
        self._behind: set[asyncio.Task[None]] = set()
        self._warned: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        viewer = Viewer(scope, receive, send, self._keyed)
        if viewer.method not in ("GET", "HEAD"):
            await self._origin(viewer.passed(), receive, viewer.pass_on)
        elif viewer.has_body and viewer.method == "GET":
            await _refuse_body(viewer)
        else:
            await self._answer(viewer)

    def invalidate(self, items: Sequence[str]) -> None:
        """Forget what CloudFront forgets for these items of a CreateInvalidation; from any thread.

        Args:
            items: `#tag`, `/path?query`, or `/path*`.
        """
        count = self._store.invalidate(items)
        self._report(Logged(level="INFO", message=f"the CDN has forgotten {count} for {', '.join(items)}"))

    def start_anew(self, *, tag_header: str, keyed: Sequence[str]) -> int:
        """Forget everything, for what stands behind is another now; how many answers that were. From any thread.

        Args:
            tag_header: As at first.
            keyed: As at first.
        """
        self._tag_header, self._keyed = tag_header.lower(), tuple(keyed)
        self._warned.clear()
        return self._store.clear()

    async def _answer(self, viewer: Viewer) -> None:
        while True:
            entry = self._store.get(viewer.key)
            if entry is not None and await self._serve_stored(viewer, entry):
                return
            if viewer.method == "HEAD":
                viewer.exchange.cache = "uncached"
                await self._origin(viewer.question(None), viewer.receive, viewer.pass_on)
                return
            flight = self._flights.find(viewer.key)
            if flight is None:
                await self._fetch(viewer, entry, self._flights.take_off(viewer.key))
                return
            if self._flights.is_useless(viewer.key) or not await flight.wait():
                await self._fetch(viewer, entry, None)
                return

    async def _serve_stored(self, viewer: Viewer, entry: Entry) -> bool:
        """Whether a stored answer could be served without waiting for the origin."""
        since = self._now() - entry.came_at
        if entry.freshness.is_fresh(since):
            await self._serve(viewer, entry, "hit")
            return True
        if not entry.freshness.may_be_refreshed_behind(since):
            return False
        if self._flights.find(viewer.key) is None:
            task = asyncio.create_task(self._refresh(viewer, entry, self._flights.take_off(viewer.key)))
            self._behind.add(task)
            task.add_done_callback(self._behind.discard)
        await self._serve(viewer, entry, "stale")
        return True

    async def _fetch(self, viewer: Viewer, stale: Entry | None, flight: Flight | None) -> None:
        """Ask the origin and give the client what it says, or what stands in for that."""
        fetch = Fetch(viewer.pass_on, stale=stale, now=self._now, max_bytes=self._store.max_bytes)
        entry = None
        try:
            entry = await self._ask(fetch, viewer, viewer.question(stale), viewer.receive, flight)
        except Exception:
            if not fetch.fail():
                raise
        if fetch.outcome is Outcome.PASSED:
            viewer.exchange.cache = "miss" if entry is not None else "uncached"
        elif stale is not None and fetch.outcome is not Outcome.NOTHING:
            state = "refreshed" if fetch.outcome is Outcome.CONFIRMED else "stale, for an error"
            await self._serve(viewer, entry or stale, state)

    async def _refresh(self, viewer: Viewer, stale: Entry, flight: Flight) -> None:
        """Fetch anew what has been served stale."""
        began = time.perf_counter()
        exchange = Exchange()
        fetch = Fetch(None, stale=stale, now=self._now, max_bytes=self._store.max_bytes)
        scope = with_exchange({**viewer.question(stale), "method": "GET"}, exchange)
        entry = None
        try:
            entry = await self._ask(fetch, viewer, scope, _nobody(), flight)
        except Exception as error:  # noqa: BLE001  # there is no client to be told
            self._report(Failed(message=f"GET {viewer.key.target} failed behind a stale answer", error=error))
        self._report(
            Answered(
                method="GET",
                path=viewer.key.target,
                status=fetch.status,
                duration_ms=(time.perf_counter() - began) * 1000,
                body_bytes=fetch.body_bytes,
                source_file=exchange.source_file,
                note=exchange.note,
                cache="behind a stale answer" + ("" if entry is not None else ", uncached"),
            )
        )

    async def _ask(
        self, fetch: Fetch, viewer: Viewer, scope: Scope, receive: Receive, flight: Flight | None
    ) -> Entry | None:
        """Ask the origin, for oneself and for those who wait for the flight; what is stored of its answer."""
        forgettings = self._store.forgettings
        entry = None
        if flight is not None:
            fetch.on_useless = lambda: flight.land(is_useful=False)
        try:
            await self._origin(scope, receive, fetch.send)
            entry = self._keep(fetch, viewer, open_exchange(scope), forgettings)
        finally:
            if flight is not None:
                is_useful = entry is not None and entry.freshness.is_fresh(0)
                flight.land(is_useful=is_useful if fetch.is_whole else None)
        return entry

    def _keep(self, fetch: Fetch, viewer: Viewer, exchange: Exchange, forgettings: int) -> Entry | None:
        """Store what may be stored, and warn where it should not be."""
        entry = fetch.entry(self._tag_header, exchange.source_file)
        if entry is None:
            if fetch.replaces_stale:
                self._store.discard(viewer.key)
            return None
        if not self._store.put(viewer.key, entry, forgettings):
            return None
        warning = leak_warning(viewer.key.target, entry, exchange, viewer.headers, self._keyed)
        if warning and viewer.path not in self._warned:
            self._warned.add(viewer.path)
            self._report(Logged(level="WARNING", message=warning))
        return entry

    async def _serve(self, viewer: Viewer, entry: Entry, state: str) -> None:
        """Give the client a stored answer."""
        viewer.exchange.cache = state
        viewer.exchange.source_file = viewer.exchange.source_file or entry.source_file
        status, pairs, body = stored_answer(
            entry,
            viewer.headers if viewer.method == "GET" else _without_range(viewer.headers),
            tag_header=self._tag_header,
            x_cache="Hit" if state == "hit" else "RefreshHit",
            age_seconds=entry.age_seconds(self._now()),
        )
        await viewer.answer(status, pairs, body)


async def _refuse_body(viewer: Viewer) -> None:
    detail = "CloudFront refuses a GET that has a body. Send it with POST, or as a query"
    answer = problem_answer(403, detail, viewer.path)
    headers = [*answer.headers, ("content-length", str(len(answer.body)))]
    await viewer.answer(answer.status, viewer_headers(answer.status, Headers(headers), "Miss"), answer.body)


def _without_range(headers: Headers) -> Headers:
    return Headers.from_lowered([pair for pair in headers.multi_items() if pair[0] != "range"])


def _nobody() -> Receive:
    """The `receive` of a request without a body, whose client never leaves."""
    messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await asyncio.Event().wait()
        raise AssertionError  # pragma: no cover

    return receive


class Viewer:
    """One client with one request, over ASGI.

    Args:
        scope: The server's.
        receive: The server's.
        send: The server's.
        keyed: Headers that are in the key, in lower case.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, keyed: Sequence[str]) -> None:
        self.scope = scope
        self.receive = receive
        self.method: str = scope["method"]
        self.headers = Headers.from_lowered(decode_headers(scope["headers"]))
        self.exchange = open_exchange(scope)
        query = scope["query_string"].decode("latin-1")
        self.path = sent_path(scope) or "/"
        self.key: CacheKey = make_key(self.path, query, self.headers, keyed)
        self._send = send

    @property
    def has_body(self) -> bool:
        """Whether a body comes with it."""
        return "transfer-encoding" in self.headers or self.headers.get("content-length", "0") != "0"

    def question(self, stale: Entry | None) -> Scope:
        """The scope of the request to the origin, which may be about a stored answer."""
        pairs = question_headers(self.headers, stale, self.key.accept_encoding)
        return {**self.scope, "headers": encode_headers(pairs)}

    def passed(self) -> Scope:
        """The scope of a request that is not cached."""
        return {**self.scope, "headers": encode_headers(forwarded_headers(self.headers))}

    async def pass_on(self, message: Message) -> None:
        """Give the client a message of the origin's answer."""
        if message["type"] == "http.response.start":
            headers = Headers.from_lowered(decode_headers(message["headers"]))
            message = {**message, "headers": encode_headers(viewer_headers(message["status"], headers, "Miss"))}
        await self._send(message)

    async def answer(self, status: int, pairs: Iterable[tuple[str, str]], body: bytes) -> None:
        """Give the client a whole answer; HEAD gets its head alone."""
        await self._send({"type": "http.response.start", "status": status, "headers": encode_headers(pairs)})
        await self._send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else body})


# Of so many keys it is remembered that waiting for them is of no use; beyond it, it is found out anew.
_MOST_USELESS = 10_000


class Flights:
    """The questions under way, one to a key.

    Args:
        forgettings: How often the store was to forget something: who asks after another time must not get an answer from before.
    """

    def __init__(self, forgettings: Callable[[], int]) -> None:
        self._forgettings = forgettings
        self._under_way: dict[CacheKey, Flight] = {}
        self._useless: set[CacheKey] = set()

    def find(self, key: CacheKey) -> Flight | None:
        """The one whose answer will do for this key, if any is under way."""
        flight = self._under_way.get(key)
        return flight if flight is not None and flight.forgettings == self._forgettings() else None

    def take_off(self, key: CacheKey) -> Flight:
        """A new one, which others find until it lands."""
        flight = self._under_way[key] = Flight(self, key, self._forgettings())
        return flight

    def is_useless(self, key: CacheKey) -> bool:
        """Whether the last answer for this key was of no use to others: then nobody waits for the next."""
        return key in self._useless

    def landed(self, flight: Flight, *, is_useful: bool | None) -> None:
        """Note that one has landed; called by it."""
        if self._under_way.get(flight.key) is flight:
            del self._under_way[flight.key]
        if is_useful:
            self._useless.discard(flight.key)
        elif is_useful is False:
            if len(self._useless) >= _MOST_USELESS:
                self._useless.clear()
            self._useless.add(flight.key)


class Flight:
    """One question to the origin.

    Args:
        flights: All that are under way.
        key: Of the question.
        forgettings: Of the store, when it was asked.
    """

    def __init__(self, flights: Flights, key: CacheKey, forgettings: int) -> None:
        self.key = key
        self.forgettings = forgettings
        self._flights = flights
        self._landed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def land(self, *, is_useful: bool | None) -> None:
        """End the wait of the others; what is said first counts.

        Args:
            is_useful: Whether there is now something stored for them. None where that is open: the client for whom it was asked has
                left, or the origin broke; then the next one asks.
        """
        if not self._landed.done():
            self._landed.set_result(is_useful is not False)
            self._flights.landed(self, is_useful=is_useful)

    async def wait(self) -> bool:
        """Whether to look into the store again, rather than to ask for oneself."""
        return await asyncio.shield(self._landed)  # shielded: one who leaves ends nobody else's wait


def leak_warning(target: str, entry: Entry, exchange: Exchange, request: Headers, keyed: Sequence[str]) -> str:
    """What is wrong with keeping an answer for everyone; empty where nothing is.

    Args:
        target: Path and query.
        entry: As it is kept.
        exchange: What the handler asked for.
        request: The headers that the origin got.
        keyed: The headers that are in the key.
    """
    because = _because(entry, exchange, request, keyed)
    if not because:
        return ""
    said = entry.headers.get("cache-control", "")
    hint = "Answer with 'Cache-Control: private, no-store', or leave the header to the route's config"
    return f"GET {target} would be given to everyone by CloudFront ({said}), but {because}. {hint}"


def _because(entry: Entry, exchange: Exchange, request: Headers, keyed: Sequence[str]) -> str:
    if "set-cookie" in entry.headers:
        return "it sets a cookie, which would be set for all of them"
    if exchange.dynamic_reasons:
        return f"its handler asked for {', '.join(dict.fromkeys(exchange.dynamic_reasons))}"
    sent = [name for name in CREDENTIALS if name in request]
    if exchange.dynamic_reasons is None and sent:
        return f"it answers a request with {' and '.join(sent)}, which are not in the key"
    in_key = {"accept-encoding", *keyed}
    varies = [name.strip().lower() for name in entry.headers.get("vary", "").split(",")]
    ignored = [name for name in varies if name and name not in in_key]
    if ignored:
        return f"it varies by {', '.join(ignored)}, which CloudFront does not look at"
    return ""
