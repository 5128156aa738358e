"""The outermost of the dev server's ASGI apps: refuses requests of other sites' pages, and logs every request. Floor 3."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from edgeroutes.adapters.asgi_incoming import sent_path
from edgeroutes.adapters.connection import decode_headers, encode_headers
from edgeroutes.dev.error_page import CHANGES_PATH
from edgeroutes.dev.gateway import problem_answer
from edgeroutes.dev.reports import Answered
from edgeroutes.local_aws.origins import foreign_origin, is_allowed, is_loopback, is_own_page, is_top_level_navigation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edgeroutes.dev.reports import Reporter
    from edgeroutes.types import AsgiApp, Message, Receive, Scope, Send

    CorsLookup = Callable[[str, str, str], bool]

OWN_FOLDER = "_edgeroutes"
"""The first path segment of the dev server's own pages, which no page of another origin may use."""
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Front:
    """The ASGI callable that the socket leads to.

    Args:
        app: What answers: the CDN, or the gateway without one.
        report: Is told of every answer.
        allows_origin: Whether the CORS of the route at a path allows an origin: `allows_origin(method, path, origin)`. It may block.
        host: That the server listens on.
        changes: Tells the dev server's own pages of changes.
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
        """Answer one request."""
        began = time.perf_counter()
        sent = _Sent(send)
        if self._changes is not None and scope["path"] == CHANGES_PATH and not await self._refusal(scope):
            await self._changes(scope, receive, send)  # not a line of the log: a page that is open asks again and again
            return
        try:
            # Before the CDN: what it has stored is nothing for a page of another site, either.
            reason = await self._refusal(scope)
            if reason:
                open_exchange(scope).note = reason
                await _refuse(reason, scope, sent)
            else:
                await self._app(scope, receive, sent)
        finally:
            self._log(scope, sent, (time.perf_counter() - began) * 1000)

    async def _refusal(self, scope: Scope) -> str:
        """Why this machine's own programs and pages cannot have sent the request; empty where they can have."""
        headers = dict(decode_headers(scope["headers"]))
        for host in (headers.get("host", ""), _target_host(scope)):
            if not is_allowed(host, self._host):
                return f"edgeroutes dev does not answer for the host {host!r}, only for this machine's own names and --host"
        if _is_own_path(scope):
            if is_own_page(f"{scope.get('scheme') or 'http'}://{headers.get('host', '')}", headers):
                return ""
            return f"only a page of this very origin may use /{OWN_FOLDER}"
        if not is_loopback(self._host):
            return ""
        return await self._page_refusal(scope, headers)

    async def _page_refusal(self, scope: Scope, headers: Mapping[str, str]) -> str:
        origin = foreign_origin(headers)
        if origin is None or is_top_level_navigation(scope["method"], headers):
            return ""
        if scope["method"] in _SAFE_METHODS and "sec-fetch-site" not in headers:
            # A program that tries out CORS, or an old browser: it changes nothing, and reads nothing that no CORS header allows.
            return ""
        method = headers.get("access-control-request-method", scope["method"])
        # In a thread: it may have to load a route to learn which slashes its URL has.
        if await asyncio.to_thread(self._allows_origin, method, sent_path(scope) or "/", origin):
            return ""
        return (
            f"a page of another site ({origin}) sent this request, and the route's CORS does not allow it."
            " Allow that origin with 'cors' in the route file, or start edgeroutes dev with --host"
        )

    def _log(self, scope: Scope, sent: _Sent, duration_ms: float) -> None:
        exchange = open_exchange(scope)
        path, query = sent_path(scope) or "/", scope["query_string"].decode("latin-1")
        self._report(
            Answered(
                method=scope["method"],
                path=f"{path}?{query}" if query else path,
                status=sent.status,
                duration_ms=duration_ms,
                body_bytes=sent.body_bytes,
                source_file=exchange.source_file,
                note=exchange.note,
                cache=exchange.cache,
            )
        )


async def _refuse(reason: str, scope: Scope, send: Send) -> None:
    answer = problem_answer(403, reason, sent_path(scope) or "/")
    headers = encode_headers([*answer.headers, ("content-length", str(len(answer.body)))])
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})


def _target_host(scope: Scope) -> str:
    """The host of an absolute request target; empty for the usual form."""
    target = (scope.get("raw_path") or b"").decode("latin-1")
    return "" if target.startswith("/") else target.partition("://")[2].partition("/")[0]


def _is_own_path(scope: Scope) -> bool:
    """Whether a path, however it is encoded, has the dev server's own folder in it."""
    return OWN_FOLDER in unquote(sent_path(scope)).lower().replace("\\", "/").split("/")


class _Sent:
    """ASGI's `send`, which counts.

    Args:
        send: The server's.
    """

    def __init__(self, send: Send) -> None:
        self.status = 0
        self.body_bytes = 0
        self._send = send

    async def __call__(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body_bytes += len(message.get("body", b""))
        await self._send(message)


_KEY = "edgeroutes.exchange"


@dataclass(slots=True)
class Exchange:
    """One request and its answer, as each part of the server adds to it.

    Args:
        source_file: The route's that was asked.
        note: What was unusual about it.
        cache: What the CDN did with it; empty where it does nothing.
        dynamic_reasons: What the handler asked for that is one user's: headers, cookies, client. None where that is not known.
    """

    source_file: str = ""
    note: str = ""
    cache: str = ""
    dynamic_reasons: tuple[str, ...] | None = None


def open_exchange(scope: Scope) -> Exchange:
    """The exchange of an ASGI scope, made where there is none yet."""
    exchange: Exchange = scope.setdefault(_KEY, Exchange())
    return exchange


def with_exchange(scope: Scope, exchange: Exchange) -> Scope:
    """The scope with another exchange, for a request that no client waits for."""
    return {**scope, _KEY: exchange}
