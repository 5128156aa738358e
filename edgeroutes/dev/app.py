"""The gateway of the dev server, as an ASGI app: each request becomes an event, and is answered in a thread of its own. Floor 3.

It decides nothing about routes: what is too large is refused here, what is too slow is given up here, all else is `invocation`'s.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

from edgeroutes.adapters.asgi_incoming import sent_path
from edgeroutes.dev.error_page import for_browser, without_route
from edgeroutes.dev.exchange import Exchange, open_exchange
from edgeroutes.dev.gateway import HttpRequest, rest_event
from edgeroutes.dev.integration import problem_answer
from edgeroutes.dev.limits import Limits
from edgeroutes.dev.outlet import HttpOutlet
from edgeroutes.dev.reports import Failed, Logged
from edgeroutes.http.interrupts import HTTPError

if TYPE_CHECKING:
    from edgeroutes.dev.functions import InProcess, RemoteInvocation, Workers
    from edgeroutes.dev.gateway import HttpAnswer
    from edgeroutes.dev.invocation import Invocation
    from edgeroutes.dev.reload import LiveProject
    from edgeroutes.dev.reports import Reporter
    from edgeroutes.types import Receive, Scope, Send

# How often a request looks whether local AWS is there.
_LOOK_AGAIN_S = 0.1
# How much of a body that is refused is still read, so that the client comes to reading the refusal.
_READ_AWAY_BYTES = 64 * 1024 * 1024


class DevApp:
    """The ASGI callable.

    Args:
        live: What answers.
        functions: Run it.
        report: Is told what went wrong.
        limits: Of the real thing.
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
        self._open: set[HttpOutlet] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = _read_head(scope)
        invocation: Invocation | RemoteInvocation | None = None

        def present(answer: HttpAnswer) -> HttpAnswer:
            return self._presented(answer, request, invocation)

        outlet = HttpOutlet(send, request.method, present)
        self._open.add(outlet)
        try:
            body = await self._whole_body(request, receive, outlet)
            if body is not None:
                event = rest_event(_with_body(request, body))
                invocation = self._functions.invocation(event)
                threading.Thread(target=invocation.run, args=(outlet,), name="edgeroutes-request", daemon=True).start()
                await self._wait(outlet, receive, invocation, request)
        except Exception as error:  # a bug of ours, which uvicorn would keep to itself
            self._report(Failed(message=f"{request.path} failed inside edgeroutes", error=error))
            raise
        finally:
            self._open.discard(outlet)
            _note(open_exchange(scope), outlet, invocation)
        if outlet.is_cut:
            raise ConnectionAbortedError  # how an ASGI app has uvicorn close a connection in the middle of a body

    def close_streams(self) -> None:
        """End every stream that is open, as if its client had left; called on the server's loop."""
        for outlet in list(self._open):
            if outlet.is_stream:
                outlet.leave()
                outlet.is_cut = True

    def _presented(
        self, answer: HttpAnswer, request: HttpRequest, invocation: Invocation | RemoteInvocation | None
    ) -> HttpAnswer:
        """The response, for a browser as a page where it is an error."""
        if answer.status not in (404, 500):
            return answer
        accept = next((value for name, value in request.headers if name == "accept"), "")
        project = self._live.generation.project
        if answer.status == 500:
            return for_browser(answer, accept, project.root)
        if invocation is None or invocation.route is not None:
            return answer
        return without_route(answer, accept, project.route_lines, request.path)

    async def _whole_body(self, request: HttpRequest, receive: Receive, outlet: HttpOutlet) -> bytes | None:
        """The body; None where the client has its response already, or has left."""
        target = f"{request.path}?{request.query}" if request.query else request.path
        refusal = self._limits.check_head(request.method, target, request.headers)
        body = b""
        if refusal is None:
            try:
                body, refusal = await self._read_body(request, receive)
            except ConnectionError:  # half a body is no request: nothing may run
                outlet.leave()
                return None
        if refusal is not None:
            await outlet.replace(problem_answer(refusal.status, refusal.detail, request.path, self._fields()))
            return None
        return body

    async def _read_body(self, request: HttpRequest, receive: Receive) -> tuple[bytes, HTTPError | None]:
        """The whole body, or why it is refused.

        Raises:
            ConnectionError: The client has left before its end.
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
                return b"", HTTPError(408, f"the request body did not arrive: {size:,} bytes of it are here")
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
        self, outlet: HttpOutlet, receive: Receive, invocation: Invocation | RemoteInvocation, request: HttpRequest
    ) -> None:
        """Until the answer is out, the client has left or API Gateway would have given up."""
        watching = asyncio.create_task(_wait_for_disconnect(receive))
        try:
            done: set[asyncio.Future[Any]] = set()
            timeout_s = self._limits.integration_timeout_s
            while not done and not self._live.surroundings.is_ready:  # what local AWS takes is not the route's time
                done = await _first_of(outlet.done, watching, _LOOK_AGAIN_S)
            done = done or await _first_of(outlet.done, watching, timeout_s)
            if not done and not outlet.status and not invocation.streams:
                await self._time_out(outlet, request)
            elif not done:
                await asyncio.wait({outlet.done, watching}, return_when=asyncio.FIRST_COMPLETED)
            outlet.leave()
        finally:
            watching.cancel()

    async def _time_out(self, outlet: HttpOutlet, request: HttpRequest) -> None:
        seconds = self._limits.integration_timeout_s
        detail = (
            f"the route has not answered within {seconds:g} s: API Gateway waits no longer for an answer that is not streamed."
            " Set 'streaming = True' in the route file, answer earlier, or leave the work to after()"
        )
        self._report(Logged(level="ERROR", message=f"504: {detail}", fields={"path": request.path}))
        await outlet.replace(problem_answer(504, detail, request.path, self._fields()))

    def _fields(self) -> list[tuple[str, str]]:
        """What the gateway says to pages of other origins in errors of its own."""
        return self._live.generation.project.gateway_fields


def _note(exchange: Exchange, outlet: HttpOutlet, invocation: Invocation | RemoteInvocation | None) -> None:
    left = "the client left" if outlet.is_gone else ""
    exchange.note = (invocation.note if invocation is not None else "") or left
    if invocation is not None and invocation.route is not None:
        exchange.source_file = invocation.route.source_file
        exchange.dynamic_reasons = invocation.dynamic_reasons


def _read_head(scope: Scope) -> HttpRequest:
    client = scope.get("client")
    return HttpRequest(
        method=scope["method"],
        path=sent_path(scope) or "/",
        query=scope["query_string"].decode("latin-1"),
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
        client_host=client[0] if client else "127.0.0.1",
        scheme=scope.get("scheme") or "http",
    )


def _with_body(request: HttpRequest, body: bytes) -> HttpRequest:
    return HttpRequest(
        method=request.method,
        path=request.path,
        query=request.query,
        headers=request.headers,
        body=body,
        client_host=request.client_host,
        scheme=request.scheme,
    )


async def _first_of(one: asyncio.Future[Any], other: asyncio.Future[Any], timeout_s: float) -> set[asyncio.Future[Any]]:
    done, _ = await asyncio.wait({one, other}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    return done


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
