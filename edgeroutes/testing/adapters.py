"""The project's routes behind each adapter.

An adapter here plays the platform: it turns a request into the platform's event, and the result of the production adapter into the
client's response.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.dev.gateway import HttpRequest, HttpResponse, read_result, rest_event
from edgeroutes.http.url import split_host
from edgeroutes.testing.environment import restored_environment
from edgeroutes.testing.messages import (
    AdapterResponse,
    Chunk,
    function_url_event,
    http_api_event,
    load_balancer_event,
    read_http_result,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgeroutes.runtime.manifest import Manifest
    from edgeroutes.types import Event, LambdaContext

    MakeEvent = Callable[[HttpRequest], Event]
    ReadResult = Callable[[Any], HttpResponse]


class Adapter(Protocol):
    """The routes of a manifest behind one adapter.

    Args:
        manifest: The routes.
        root: The project's folder.
        debug: Whether a 500 contains the traceback.
    """

    def send(self, request: HttpRequest, context: LambdaContext | None = None, /) -> AdapterResponse:
        """The response to a request; functions of `after` have run when it returns."""
        ...

    def close(self) -> None:
        """End what the routes have started; a later request starts it again."""
        ...


class _LambdaAdapter:
    """Lambda with whole responses: event and result go through JSON, as on AWS.

    Args:
        make_event: The platform's event for a request.
        read_result: The platform's response for a result.
        manifest: The routes.
        root: The project's folder.
        debug: Whether a 500 contains the traceback.
    """

    def __init__(
        self, make_event: MakeEvent, read_result: ReadResult, manifest: Manifest, root: str, *, debug: bool
    ) -> None:
        self._make_event = make_event
        self._read_result = read_result
        self.handler = LambdaHandler(manifest, root, debug=debug)

    def send(self, request: HttpRequest, context: LambdaContext | None = None) -> AdapterResponse:
        began = time.monotonic()
        event = self._make_event(request)
        result = json.loads(json.dumps(self.handler(json.loads(json.dumps(event)), context)))
        got = self._read_result(result)
        chunks = (Chunk(got.body, time.monotonic() - began),) if got.body else ()
        return AdapterResponse(status=got.status, headers=_lowered(got.headers), chunks=chunks, result=result)

    def close(self) -> None:
        self.handler.close()


class StreamingAdapter:
    """A REST API whose integration streams: the function's chunks arrive on the Runtime API's socket."""

    def __init__(self, manifest: Manifest, root: str, *, debug: bool) -> None:
        from edgeroutes.adapters.streaming import StreamingHandler
        from edgeroutes.testing.runtime_api import RuntimeApi

        self._api = RuntimeApi()
        with restored_environment():
            os.environ.update(AWS_LAMBDA_INITIALIZATION_TYPE="on-demand", AWS_LAMBDA_RUNTIME_API=self._api.address)
            self.handler = StreamingHandler(manifest, root, debug=debug)
        self.handler.hook_installed = True  # `send` stands for it

    def send(self, request: HttpRequest, context: LambdaContext | None = None) -> AdapterResponse:
        """The response, with its chunks as the function sent them."""
        from edgeroutes.adapters.proxy import PendingResponse
        from edgeroutes.testing.runtime_api import DELIMITER

        began = time.monotonic()
        pending = self.handler(json.loads(json.dumps(rest_event(request))), context)
        if not isinstance(pending, PendingResponse):
            raise TypeError(f"the streaming handler returned {pending!r:.80}, which is not a stream")
        try:
            pending.send("invocation", None)
        finally:
            self.handler.finish()
        streamed = self._api.results.get(timeout=10)
        (_, first), *rest = streamed.timed_chunks()
        prelude_text, _, body = first.partition(DELIMITER)
        prelude = json.loads(prelude_text)
        chunks = [Chunk(body, 0.0)] if body else []
        chunks += [Chunk(chunk, at - began) for at, chunk in rest]
        headers = [*prelude["headers"].items(), *(("set-cookie", line) for line in prelude.get("cookies", ()))]
        return AdapterResponse(
            status=prelude["statusCode"],
            headers=_lowered(headers),
            chunks=tuple(chunks),
            is_complete=not streamed.trailers,
            result=prelude,
        )

    def close(self) -> None:
        self.handler.close()
        self._api.close()


class _AsgiAdapter:
    """The route table as one ASGI app, with scope and messages instead of a server."""

    def __init__(self, manifest: Manifest, root: str, *, debug: bool) -> None:
        from edgeroutes.adapters.asgi import asgi_application

        self.app = asgi_application(manifest, root, debug=debug)
        self.loop = asyncio.new_event_loop()

    def send(self, request: HttpRequest, _: LambdaContext | None = None) -> AdapterResponse:
        """The response; ASGI has no context."""
        return self.loop.run_until_complete(AsgiConnection(request).respond(self.app))

    def close(self) -> None:
        from edgeroutes.adapters.lifespan import shutdown

        self.loop.run_until_complete(shutdown())
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


class AsgiConnection:
    """A client's connection to an ASGI app.

    Args:
        request: What the client sends.
    """

    def __init__(self, request: HttpRequest) -> None:
        self.gone = asyncio.Event()
        self.has_byte = asyncio.Event()
        self._scope = _asgi_scope(request)
        self._incoming: list[dict[str, Any]] = [{"type": "http.request", "body": request.body, "more_body": False}]
        self._began = time.monotonic()
        self._messages: list[dict[str, Any]] = []
        self._chunks: list[Chunk] = []

    async def respond(self, app: Any) -> AdapterResponse:
        """The client's response, as far as it came where the app fails midway."""
        try:
            await self.ask(app)
        except Exception:
            if not self._messages:
                raise
        start, last = self._messages[0], self._messages[-1]
        return AdapterResponse(
            status=start["status"],
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]],
            chunks=tuple(self._chunks),
            is_complete=last is not start and not last.get("more_body", False),
            result=self._messages,
        )

    async def ask(self, app: Any) -> None:
        await app(self._scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        if self._incoming:
            return self._incoming.pop()
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        self._messages.append(message)
        if message.get("body"):
            self._chunks.append(Chunk(message["body"], time.monotonic() - self._began))
            self.has_byte.set()


def _asgi_scope(request: HttpRequest) -> dict[str, Any]:
    host = next((value for name, value in request.headers if name.lower() == "host"), "localhost")
    name, port = split_host(host)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": unquote(request.path),
        "raw_path": request.path.encode(),
        "query_string": request.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.headers],
        "client": (request.client_host, 50000),
        "server": (name, port or (443 if request.scheme == "https" else 80)),
    }


def _lowered(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in headers]


ADAPTERS: dict[str, Callable[..., Adapter]] = {
    "rest": partial(_LambdaAdapter, rest_event, read_result),
    "http-api": partial(_LambdaAdapter, http_api_event, read_http_result),
    "function-url": partial(_LambdaAdapter, function_url_event, read_http_result),
    "alb": partial(_LambdaAdapter, load_balancer_event, read_result),
    "streaming": StreamingAdapter,
    "asgi": _AsgiAdapter,
}
