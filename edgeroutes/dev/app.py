"""The gateway of the dev server, as an ASGI app: each request becomes an event, and gets its response from a thread of its own.

The limits of size and time are checked here; everything about routes is `invocation`'s.
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from edgeroutes.dev.access_log import Exchange, open_exchange
from edgeroutes.dev.error_page import for_browser, without_route
from edgeroutes.dev.gateway import HttpRequest, Limits, gateway_error, rest_event, staged_path
from edgeroutes.dev.reports import Failed, Logged
from edgeroutes.dev.response_writer import HttpResponseWriter
from edgeroutes.http.interrupts import HTTPError

if TYPE_CHECKING:
    from edgeroutes.dev.gateway import HttpResponse
    from edgeroutes.dev.invocation import Invocation
    from edgeroutes.dev.reload import LiveProject
    from edgeroutes.dev.reports import Reporter
    from edgeroutes.dev.workers import InProcess, RemoteInvocation, Workers
    from edgeroutes.types import Receive, Scope, Send

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
            await writer.replace(
                gateway_error(refusal.status, refusal.detail, staged_path(request.path), self._fields())
            )
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
        watching = asyncio.create_task(_wait_for_disconnect(receive))
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
        await writer.replace(gateway_error(504, detail, staged_path(request.path), self._fields()))

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


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
