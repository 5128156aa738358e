"""The outermost and the innermost of the dev server's ASGI apps; the CDN is between them.

`AccessLog` refuses requests of other sites' pages and logs every request. `DevApp` is the gateway: each request becomes an event, and
gets its response from a thread of its own. The limits of size and time are checked here; everything about routes is `invocation`'s.
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from edgeroutes.dev.error_page import CHANGES_PATH, for_browser, without_route
from edgeroutes.dev.gateway import HttpRequest, Limits, gateway_error, rest_event
from edgeroutes.dev.reports import Failed, Logged, Responded
from edgeroutes.dev.response_writer import HttpResponseWriter
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.local_aws.origins import (
    foreign_origin,
    is_allowed,
    is_loopback,
    is_own_page,
    is_top_level_navigation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edgeroutes.dev.gateway import HttpResponse
    from edgeroutes.dev.invocation import Invocation
    from edgeroutes.dev.reload import LiveProject
    from edgeroutes.dev.reports import Reporter
    from edgeroutes.dev.workers import InProcess, RemoteInvocation, Workers
    from edgeroutes.types import AsgiApp, Message, Receive, Scope, Send

    CorsLookup = Callable[[str, str, str], bool]


_OWN_FOLDER = "_edgeroutes"
"""The first path segment of the dev server's own pages, which no page of another origin may use."""
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_KEY = "edgeroutes.exchange"


@dataclass(slots=True)
class Exchange:
    """What the log reports of one request, collected on its way.

    Args:
        source_file: The route's.
        note: Anything unusual.
        cache: What the CDN did; empty without a CDN.
        dynamic_reasons: What the handler read that is one user's: headers, cookies, client. None where that is not known.
    """

    source_file: str = ""
    note: str = ""
    cache: str = ""
    dynamic_reasons: tuple[str, ...] | None = None


def open_exchange(scope: Scope) -> Exchange:
    """The exchange of an ASGI scope, created by the first call."""
    exchange: Exchange = scope.setdefault(_KEY, Exchange())
    return exchange


def with_exchange(scope: Scope, exchange: Exchange) -> Scope:
    """The scope with another exchange, for a request that no client waits for."""
    return {**scope, _KEY: exchange}


class AccessLog:
    """ASGI.

    Args:
        app: The CDN, or the gateway without one.
        report: Receives a line for each response.
        allows_origin: Whether the CORS of the route at a path allows an origin: `allows_origin(method, path, origin)`. It may block.
        host: The address that the server listens on.
        changes: Reports changes of the project to pages.
    """

    def __init__(
        self,
        app: AsgiApp,
        report: Reporter,
        allows_origin: CorsLookup,
        *,
        host: str = "127.0.0.1",
        changes: AsgiApp | None = None,
    ) -> None:
        self._changes = changes
        self._app = app
        self._report = report
        self._allows_origin = allows_origin
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        began = time.perf_counter()
        sent = _CountingSend(send)
        request = HttpRequest.from_scope(scope)
        if self._changes is not None and scope["path"] == CHANGES_PATH and not await self._refusal(scope, request):
            await self._changes(scope, receive, send)  # not logged: an open page asks again and again
            return
        try:
            # Before the CDN: a page of another site must not read a cached response either.
            reason = await self._refusal(scope, request)
            if reason:
                open_exchange(scope).note = reason
                await gateway_error(403, reason, request.path).send(sent, method=request.method)
            else:
                await self._app(scope, receive, sent)
        finally:
            self._log(request, open_exchange(scope), sent, (time.perf_counter() - began) * 1000)

    async def _refusal(self, scope: Scope, request: HttpRequest) -> str:
        """The reason why the request cannot be from this machine's programs and pages; empty where it can."""
        headers = dict(request.headers)
        for host in (headers.get("host", ""), _target_host(scope)):
            if not is_allowed(host, self._host):
                return f"edgeroutes dev serves this machine's own names and --host, not the host {host!r}"
        if _OWN_FOLDER in unquote(request.path).lower().replace("\\", "/").split("/"):
            if is_own_page(f"{request.scheme}://{headers.get('host', '')}", headers):
                return ""
            return f"only a page of this origin may use /{_OWN_FOLDER}"
        if not is_loopback(self._host):
            return ""
        return await self._page_refusal(request, headers)

    async def _page_refusal(self, request: HttpRequest, headers: Mapping[str, str]) -> str:
        origin = foreign_origin(headers)
        if origin is None or is_top_level_navigation(request.method, headers):
            return ""
        if request.method in _SAFE_METHODS and "sec-fetch-site" not in headers:
            # A program that tests CORS, or an old browser: it changes nothing, and reads nothing without a CORS header.
            return ""
        method = headers.get("access-control-request-method", request.method)
        # In a thread: it may load a route to find out whether its URL ends with a slash.
        if await asyncio.to_thread(self._allows_origin, method, request.path, origin):
            return ""
        return (
            f"a page of another site ({origin}) sent this request, and the route's CORS does not allow it."
            " Allow that origin with 'cors' in the route file, or start edgeroutes dev with --host"
        )

    def _log(self, request: HttpRequest, exchange: Exchange, sent: _CountingSend, duration_ms: float) -> None:
        self._report(
            Responded(
                method=request.method,
                path=request.target,
                status=sent.status,
                duration_ms=duration_ms,
                body_bytes=sent.body_bytes,
                source_file=exchange.source_file,
                note=exchange.note,
                cache=exchange.cache,
            )
        )


def _target_host(scope: Scope) -> str:
    """The host of an absolute request target; empty for the usual form."""
    target = (scope.get("raw_path") or b"").decode("latin-1")
    return "" if target.startswith("/") else target.partition("://")[2].partition("/")[0]


class _CountingSend:
    """ASGI's `send`, which counts."""

    def __init__(self, send: Send) -> None:
        self.status = 0
        self.body_bytes = 0
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body_bytes += len(message.get("body", b""))
        await self._send(message)


# How often a request checks whether local AWS is ready.
_LOOK_AGAIN_S = 0.1
# How much of a refused body is still read, so that the client gets to read the response.
_READ_AWAY_BYTES = 64 * 1024 * 1024


class DevApp:
    """The ASGI app.

    Args:
        live: The project.
        functions: Runs its routes.
        report: Receives failures.
        limits: API Gateway's and Lambda's.
    """

    def __init__(
        self,
        live: LiveProject,
        functions: InProcess | Workers,
        report: Reporter,
        *,
        limits: Limits | None = None,
    ) -> None:
        self._live = live
        self._functions = functions
        self._report = report
        self._limits = limits or Limits()
        self._open: set[HttpResponseWriter] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        request = HttpRequest.from_scope(scope)
        invocation: Invocation | RemoteInvocation | None = None

        def present(response: HttpResponse) -> HttpResponse:
            return self._presented(response, request, invocation)

        writer = HttpResponseWriter(send, request.method, present)
        self._open.add(writer)
        try:
            body = await self._whole_body(request, receive, writer)
            if body is not None:
                event = rest_event(replace(request, body=body))
                invocation = self._functions.invocation(event)
                threading.Thread(target=invocation.run, args=(writer,), name="edgeroutes-request", daemon=True).start()
                await self._wait(writer, receive, invocation, request)
        except Exception as error:  # a bug of ours, which uvicorn would not show
            self._report(Failed(message=f"{request.path} failed inside edgeroutes", error=error))
            raise
        finally:
            self._open.discard(writer)
            _note(open_exchange(scope), writer, invocation)
        if writer.is_cut:
            raise ConnectionAbortedError  # how an ASGI app has uvicorn close a connection in the middle of a body

    def close_streams(self) -> None:
        """End every open stream as if its client had left; called on the server's loop."""
        for writer in list(self._open):
            if writer.is_stream:
                writer.leave()
                writer.is_cut = True

    def _presented(
        self, response: HttpResponse, request: HttpRequest, invocation: Invocation | RemoteInvocation | None
    ) -> HttpResponse:
        """The response; for a browser an error is a page."""
        if response.status not in (404, 500):
            return response
        accept = request.header("accept") or ""
        project = self._live.loaded.project
        if response.status == 500:
            return for_browser(response, accept, project.root)
        if invocation is None or invocation.route is not None:
            return response
        return without_route(response, accept, project.route_lines, request.path)

    async def _whole_body(self, request: HttpRequest, receive: Receive, writer: HttpResponseWriter) -> bytes | None:
        """The body; None where the client already has a response, or has left."""
        refusal = self._limits.check_head(request)
        body = b""
        if refusal is None:
            try:
                body, refusal = await self._read_body(request, receive)
            except ConnectionError:  # half a body must not run anything
                writer.leave()
                return None
        if refusal is not None:
            await writer.replace(gateway_error(refusal.status, refusal.detail, request.path, self._fields()))
            return None
        return body

    async def _read_body(self, request: HttpRequest, receive: Receive) -> tuple[bytes, HTTPError | None]:
        """The whole body, or the reason why it is refused.

        Raises:
            ConnectionError: The client left before its end.
        """
        headers = dict(request.headers)
        declared = int(headers.get("content-length", "0"))
        refusal = self._limits.check_body(declared)
        if refusal is not None and "expect" in headers:
            return b"", refusal
        chunks: list[bytes] = []
        size = 0
        end = time.monotonic() + self._limits.body_timeout_s
        while True:
            try:
                async with asyncio.timeout(min(self._limits.body_pause_s, end - time.monotonic())):
                    message = await receive()
            except TimeoutError:
                return b"", HTTPError(408, f"the request body did not arrive in time: {size:,} bytes of it are here")
            if message["type"] == "http.disconnect":
                raise ConnectionError
            size += len(message.get("body", b""))
            refusal = refusal or self._limits.check_body(size)
            if refusal is None:
                chunks.append(message.get("body", b""))
            if not message.get("more_body") or size > _READ_AWAY_BYTES:
                break
        return b"".join(chunks), refusal

    async def _wait(
        self,
        writer: HttpResponseWriter,
        receive: Receive,
        invocation: Invocation | RemoteInvocation,
        request: HttpRequest,
    ) -> None:
        """Wait until the response is sent, the client has left or API Gateway would time out."""
        watching = asyncio.create_task(wait_for_disconnect(receive))
        try:
            done: set[asyncio.Future[Any]] = set()
            timeout_s = self._limits.integration_timeout_s
            while not done and not self._live.function_environment.is_ready:  # the time of local AWS does not count
                done = await _first_of(writer.done, watching, _LOOK_AGAIN_S)
            done = done or await _first_of(writer.done, watching, timeout_s)
            if not done and not writer.status and not invocation.streams:
                await self._time_out(writer, request)
            elif not done:
                await asyncio.wait({writer.done, watching}, return_when=asyncio.FIRST_COMPLETED)
            writer.leave()
        finally:
            watching.cancel()

    async def _time_out(self, writer: HttpResponseWriter, request: HttpRequest) -> None:
        seconds = self._limits.integration_timeout_s
        detail = (
            f"the route has not responded within {seconds:g} s: API Gateway waits no longer for a response that is not streamed."
            " Set 'streaming = True' in the route file, respond earlier, or leave the work to after()"
        )
        self._report(Logged(level="ERROR", message=f"504: {detail}", fields={"path": request.path}))
        await writer.replace(gateway_error(504, detail, request.path, self._fields()))

    def _fields(self) -> list[tuple[str, str]]:
        """The CORS headers of the gateway's own errors."""
        return self._live.loaded.project.gateway_fields


def _note(exchange: Exchange, writer: HttpResponseWriter, invocation: Invocation | RemoteInvocation | None) -> None:
    left = "the client left" if writer.is_gone else ""
    exchange.note = (invocation.note if invocation is not None else "") or left
    if invocation is not None and invocation.route is not None:
        exchange.source_file = invocation.route.source_file
        exchange.dynamic_reasons = invocation.dynamic_reasons


async def _first_of(one: asyncio.Future[Any], other: asyncio.Future[Any], timeout_s: float) -> set[asyncio.Future[Any]]:
    done, _ = await asyncio.wait({one, other}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    return done


async def wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
