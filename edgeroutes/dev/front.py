"""The outermost of the dev server's ASGI apps: refuses what no site but this one may ask, and logs every request. Floor 3."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from edgeroutes.adapters.asgi_incoming import sent_path
from edgeroutes.adapters.connection import decode_headers, encode_headers
from edgeroutes.dev.exchange import open_exchange
from edgeroutes.dev.hosts import is_allowed
from edgeroutes.dev.integration import problem_answer
from edgeroutes.dev.reports import Answered

if TYPE_CHECKING:
    from edgeroutes.dev.reports import Reporter
    from edgeroutes.types import AsgiApp, Message, Receive, Scope, Send


class Front:
    """The ASGI callable that the socket leads to.

    Args:
        app: What answers: the CDN, or the gateway without one.
        report: Is told of every answer.
        host: That the server listens on.
    """

    def __init__(self, app: AsgiApp, report: Reporter, *, host: str = "127.0.0.1") -> None:
        self._app = app
        self._report = report
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = time.perf_counter()
        sent = _Sent(send)
        try:
            host = dict(decode_headers(scope["headers"])).get("host", "")
            # Before the CDN: what it has stored is nothing for a page of another site, either.
            app = self._app if is_allowed(host, self._host) else self._refuse
            await app(scope, receive, sent)
        finally:
            self._log(scope, sent, (time.perf_counter() - began) * 1000)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        host = dict(decode_headers(scope["headers"]))["host"]
        detail = f"edgeroutes dev does not answer for the host {host!r}, only for this machine's own names and --host"
        answer = problem_answer(403, detail, sent_path(scope) or "/")
        headers = encode_headers([*answer.headers, ("content-length", str(len(answer.body)))])
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

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
