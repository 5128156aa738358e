"""The outermost of the dev server's ASGI apps: refuses requests of other sites' pages, and logs every request."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from edgeroutes.dev.error_page import CHANGES_PATH
from edgeroutes.dev.gateway import HttpRequest, gateway_error
from edgeroutes.dev.reports import Responded
from edgeroutes.local_aws.origins import (
    foreign_origin,
    is_allowed,
    is_loopback,
    is_own_page,
    is_top_level_navigation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edgeroutes.dev.reports import Reporter
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
