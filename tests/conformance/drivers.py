"""One way to ask an app each adapter: HTTP in, what the platform makes of it, HTTP out.

A driver plays the platform: it turns a request into what the platform would give the adapter, and the adapter's result into what the
platform would send. Source for the events' shapes: docs.aws.amazon.com "http-api-develop-integrations-lambda" and "urls-invocation";
`rest_event` is the dev server's own. What an HTTP API does to a path (decodes it) was seen on AWS, facts/aws.md §6.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
import uuid
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

import pytest

from edgeroutes.adapters.asgi import asgi_application
from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.adapters.runtime_client import PendingAnswer
from edgeroutes.adapters.streaming.handler import StreamingHandler
from edgeroutes.dev.gateway import HttpRequest, read_result, rest_event
from edgeroutes.dev.generation import Generation
from edgeroutes.dev.project import Project
from edgeroutes.dev.server import DevServer
from tests.fakes.runtime_api import RuntimeApi

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.fakes.runtime_api import StreamedResult

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a client got.

    Args:
        status: Its status.
        headers: Names in lower case, repeated ones apart.
        body: Its bytes, as far as they came.
        is_complete: False when the connection was cut before the end of the body.
    """

    status: int
    headers: Pairs
    body: bytes
    is_complete: bool = True

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def json(self) -> Any:
        return json.loads(self.body)


def lowered(headers: Sequence[tuple[str, str]]) -> Pairs:
    return [(name.lower(), value) for name, value in headers]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What of `[tool.edgeroutes]` a case sets."""

    base_path: str = ""
    trailing_slash: bool = False


def load_project(root: Path, settings: Settings) -> Project:
    project = Project(root)
    project.config = replace(project.config, base_path=settings.base_path, trailing_slash=settings.trailing_slash)
    return project


def _with_host(headers: Sequence[tuple[str, str]]) -> Pairs:
    has_host = any(name.lower() == "host" for name, _ in headers)
    return list(headers) if has_host else [("Host", "localhost:3000"), *headers]


class Driver(Protocol):
    """One app behind one adapter."""

    name: str

    def __init__(self, root: Path, settings: Settings) -> None: ...

    def send(
        self, method: str, path: str, query: str = "", headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Answer: ...

    def send_and_leave(self, method: str, path: str, query: str, *, has_byte: bool) -> None: ...

    def settle(self, seconds: float) -> None: ...

    def close(self) -> None: ...


class LambdaDriver:
    """What the drivers of Lambda events share: the production handler, and its runtime client that tells it when an answer is out."""

    name = ""

    def __init__(self, root: Path, settings: Settings) -> None:
        manifest = load_project(root, settings).manifest()
        self.handler = LambdaHandler(manifest, str(root))

    def send(
        self, method: str, path: str, query: str = "", headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Answer:
        """The answer to a request; what `after` was given has run when it is here."""
        event = self.event(HttpRequest(method=method, path=path, query=query, headers=_with_host(headers), body=body))
        result = self.invoke(event)
        return self.answer(result)

    def invoke(self, event: Any) -> Any:
        """The handler's result, sent through JSON both ways as Lambda does."""
        result = json.loads(json.dumps(self.handler(json.loads(json.dumps(event)), None)))
        self.handler._finish()
        return result

    def send_and_leave(self, method: str, path: str, query: str, *, has_byte: bool) -> None:
        raise NotImplementedError("a Lambda function is not told that its client has gone")

    def settle(self, seconds: float) -> None:
        """Nothing: `send` has waited for what comes after the answer."""

    def event(self, request: HttpRequest) -> dict[str, Any]:
        raise NotImplementedError

    def answer(self, result: Any) -> Answer:
        raise NotImplementedError

    def close(self) -> None:
        self.handler.close()


class RestDriver(LambdaDriver):
    """API Gateway's REST API, payload 1.0, as the dev server emulates it."""

    name = "rest"

    def event(self, request: HttpRequest) -> dict[str, Any]:
        return rest_event(request)

    def answer(self, result: Any) -> Answer:
        answer = read_result(result)
        return Answer(status=answer.status, headers=lowered(answer.headers), body=answer.body)


class StreamingDriver(RestDriver):
    """A REST API whose integration streams: what leaves the function is read on the Runtime API's socket."""

    name = "streaming"

    def __init__(self, root: Path, settings: Settings) -> None:
        self._api = RuntimeApi()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            patch.setenv("AWS_LAMBDA_RUNTIME_API", self._api.address)
            self.handler = StreamingHandler(load_project(root, settings).manifest(), str(root))
        self.handler._has_client = True  # this driver is it

    def invoke(self, event: Any) -> Any:
        """What came in at the Runtime API."""
        pending = self.handler(json.loads(json.dumps(event)), None)
        assert isinstance(pending, PendingAnswer)
        pending.send("invocation", None)
        self.handler._finish()
        return self._api.answers.get(timeout=10)

    def answer(self, result: StreamedResult) -> Answer:
        prelude, body = result.whole()
        headers = lowered(list(prelude["headers"].items()))
        headers += [("set-cookie", line) for line in prelude.get("cookies", ())]
        return Answer(status=prelude["statusCode"], headers=headers, body=body, is_complete=not result.trailers)

    def close(self) -> None:
        super().close()
        self._api.close()


class PayloadTwoDriver(LambdaDriver):
    """What HTTP APIs and function URLs have in common: payload 2.0."""

    domain = ""

    def event(self, request: HttpRequest) -> dict[str, Any]:
        headers: dict[str, str] = {}
        cookies: list[str] = []
        for name, value in lowered(request.headers):
            if name == "cookie":
                cookies += [part.strip() for part in value.split(";")]
            else:
                headers[name] = f"{headers[name]},{value}" if name in headers else value
        headers.setdefault("x-forwarded-for", request.client_host)
        headers.setdefault("x-forwarded-port", "80" if request.scheme == "http" else "443")
        headers.setdefault("x-forwarded-proto", request.scheme)
        path = self.raw_path(request.path)
        event = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": request.query,
            "headers": headers,
            "requestContext": {
                "accountId": "123456789012",
                "apiId": self.domain.partition(".")[0],
                "domainName": self.domain,
                "domainPrefix": self.domain.partition(".")[0],
                "http": {
                    "method": request.method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": request.client_host,
                    "userAgent": headers.get("user-agent", ""),
                },
                "requestId": str(uuid.uuid4()),
                "routeKey": "$default",
                "stage": "$default",
                "time": "21/Nov/2026:07:00:00 +0000",
                "timeEpoch": int(time.time() * 1000),
            },
            "isBase64Encoded": False,
        }
        if cookies:
            event["cookies"] = cookies
        if request.body:
            event["body"], event["isBase64Encoded"] = _event_body(request.body, headers.get("content-type", ""))
        return event

    def raw_path(self, path: str) -> str:
        return path

    def answer(self, result: Any) -> Answer:
        headers = lowered(list((result.get("headers") or {}).items()))
        headers += [("set-cookie", line) for line in result.get("cookies") or ()]
        body = result.get("body") or ""
        content = b64decode(body) if result.get("isBase64Encoded") else body.encode()
        return Answer(status=result["statusCode"], headers=headers, body=content)


def _event_body(body: bytes, content_type: str) -> tuple[str, bool]:
    """Text as it is where its type says so, anything else in base64."""
    kind = content_type.partition(";")[0]
    if kind.startswith("text/") or kind in ("application/json", "application/xml", "application/javascript"):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return b64encode(body).decode(), True


class HttpApiDriver(PayloadTwoDriver):
    """API Gateway's HTTP API."""

    name = "http-api"
    domain = "id.execute-api.eu-central-1.amazonaws.com"

    def raw_path(self, path: str) -> str:
        return unquote(path).partition("?")[0]


class FunctionUrlDriver(PayloadTwoDriver):
    """A Lambda function URL."""

    name = "function-url"
    domain = "abc.lambda-url.eu-central-1.on.aws"


class AsgiDriver:
    """The route table as one ASGI app, asked by a server that is none: scope and messages in, messages out."""

    name = "asgi"

    def __init__(self, root: Path, settings: Settings) -> None:
        self._app = asgi_application(load_project(root, settings).manifest(), str(root))
        self._loop = asyncio.new_event_loop()

    def send(
        self, method: str, path: str, query: str = "", headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Answer:
        """The answer to a request; what `after` was given has run when it is here."""
        connection = _Connection(_asgi_scope(method, path, query, headers), body)
        return self._loop.run_until_complete(connection.answer(self._app))

    def send_and_leave(self, method: str, path: str, query: str, *, has_byte: bool) -> None:
        """Ask, and go: at the first byte of the body, or after a tenth of a second without one."""
        connection = _Connection(_asgi_scope(method, path, query, ()), b"")
        self._loop.run_until_complete(connection.leave(self._app, has_byte=has_byte))

    def settle(self, seconds: float) -> None:
        """Nothing: `send` has waited for what comes after the answer."""

    def close(self) -> None:
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


def _asgi_scope(method: str, path: str, query: str, headers: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in _with_host(headers)],
        "client": ("127.0.0.1", 50000),
        "server": ("localhost", 3000),
    }


class _Connection:
    """A client's connection, as an ASGI app sees it."""

    def __init__(self, scope: dict[str, Any], body: bytes) -> None:
        self._scope = scope
        self._incoming: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]
        self._gone = asyncio.Event()
        self._has_byte = asyncio.Event()
        self._status = 0
        self._headers: Pairs = []
        self._chunks: list[bytes] = []
        self._is_complete = False

    async def answer(self, app: Any) -> Answer:
        try:
            await app(self._scope, self._receive, self._send)
        except Exception:
            if not self._status:
                raise
        return Answer(
            status=self._status,
            headers=self._headers,
            body=b"".join(self._chunks),
            is_complete=self._is_complete,
        )

    async def leave(self, app: Any, *, has_byte: bool) -> None:
        asking = asyncio.ensure_future(app(self._scope, self._receive, self._send))
        if has_byte:
            await asyncio.wait_for(self._has_byte.wait(), 5)
        else:
            await asyncio.sleep(0.1)
        self._gone.set()
        await asyncio.wait_for(asking, 5)

    async def _receive(self) -> dict[str, Any]:
        if self._incoming:
            return self._incoming.pop()
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
            return
        self._chunks.append(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        if message.get("body"):
            self._has_byte.set()


class DevDriver:
    """`edgeroutes dev`, over a socket."""

    name = "dev"

    def __init__(self, root: Path, settings: Settings) -> None:
        # The function's own answer is compared; what a CDN makes of it has its suites in tests/dev.
        self._server = DevServer(root, _ignore, port=0, cdn=False, environ={})
        self._server.live.generation = Generation(load_project(root, settings))
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()

    def send(
        self, method: str, path: str, query: str = "", headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Answer:
        """The answer to a request; what `after` was given may still be running."""
        connection = HTTPConnection("127.0.0.1", self._server.port, timeout=10)
        try:
            connection.putrequest(method, _target(path, query), skip_host=True, skip_accept_encoding=True)
            for name, value in _with_host(headers):
                connection.putheader(name, value.encode("latin-1"))
            if body:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            response = connection.getresponse()
            content, is_complete = _read_as_far_as_it_comes(response)
            return Answer(
                status=response.status,
                headers=lowered(response.getheaders()),
                body=content,
                is_complete=is_complete,
            )
        finally:
            connection.close()

    def send_and_leave(self, method: str, path: str, query: str, *, has_byte: bool) -> None:
        """Ask, and go: at the first byte of the body, or after a tenth of a second without one."""
        with socket.create_connection(("127.0.0.1", self._server.port), timeout=5) as connection:
            connection.sendall(f"{method} {_target(path, query)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            if not has_byte:
                time.sleep(0.1)
                return
            came = b""
            while not came.partition(b"\r\n\r\n")[2]:
                came += connection.recv(4096)

    def settle(self, seconds: float) -> None:
        """A third of the time that Next.js' fixtures take: ours wait 10 ms where those wait 100 ms or more."""
        time.sleep(seconds / 3)

    def close(self) -> None:
        self._server.stop()
        self._thread.join(5)


def _ignore(report: object) -> None:
    """The terminal, with nobody before it."""


def _target(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _read_as_far_as_it_comes(response: HTTPResponse) -> tuple[bytes, bool]:
    try:
        return response.read(), True
    except IncompleteRead as cut:
        return cut.partial, False


DRIVERS: dict[str, type[Driver]] = {
    driver.name: driver
    for driver in (RestDriver, StreamingDriver, HttpApiDriver, FunctionUrlDriver, AsgiDriver, DevDriver)
}
