"""One way to ask an app each adapter: HTTP in, what the platform makes of it, HTTP out.

All but `dev` go through the adapters of `edgeroutes.testing`, which are users' own.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from typing import TYPE_CHECKING, Any, Protocol

from edgeroutes.dev.gateway import HttpRequest
from edgeroutes.dev.project import LoadedProject, Project
from edgeroutes.dev.server import DevServer
from edgeroutes.testing.adapters import ADAPTERS, AsgiConnection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedResponse:
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
    ) -> ReceivedResponse: ...

    def send_and_leave(self, method: str, path: str, query: str, *, has_byte: bool) -> None: ...

    def settle(self, seconds: float) -> None: ...

    def close(self) -> None: ...


class AdapterDriver:
    """What users' tests ask through: an adapter of `edgeroutes.testing`."""

    name = ""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.adapter: Any = ADAPTERS[self.name](load_project(root, settings).manifest(), str(root), debug=False)

    def send(
        self, method: str, path: str, query: str = "", headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> ReceivedResponse:
        """The response to a request; what `after` was given has run when it is here."""
        found = self.adapter.send(_request(method, path, query, headers, body))
        return ReceivedResponse(
            status=found.status,
            headers=lowered(found.headers),
            body=b"".join(found.chunks),
            is_complete=found.is_complete,
        )

    def send_and_leave(self, method: str, path: str, query: str, *, has_byte: bool) -> None:
        raise NotImplementedError("a Lambda function is not told that its client has gone")

    def settle(self, seconds: float) -> None:
        """Nothing: `send` has waited for what comes after the response."""

    def close(self) -> None:
        self.adapter.close()


class RestDriver(AdapterDriver):
    name = "rest"


class StreamingDriver(AdapterDriver):
    name = "streaming"


class HttpApiDriver(AdapterDriver):
    name = "http-api"


class FunctionUrlDriver(AdapterDriver):
    name = "function-url"


class AsgiDriver(AdapterDriver):
    name = "asgi"

    def send_and_leave(self, method: str, path: str, query: str, *, has_byte: bool) -> None:
        """Ask, and go: at the first byte of the body, or after a tenth of a second without one."""

        async def leave() -> None:
            connection = AsgiConnection(_request(method, path, query))
            asking = asyncio.ensure_future(connection.ask(self.adapter.app))
            if has_byte:
                await asyncio.wait_for(connection.has_byte.wait(), 5)
            else:
                await asyncio.sleep(0.1)
            connection.gone.set()
            await asyncio.wait_for(asking, 5)

        self.adapter.loop.run_until_complete(leave())


def _request(
    method: str, path: str, query: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b""
) -> HttpRequest:
    return HttpRequest(method=method, path=path, query=query, headers=_with_host(headers), body=body)


class DevDriver:
    """`edgeroutes dev`, over a socket."""

    name = "dev"

    def __init__(self, root: Path, settings: Settings) -> None:
        # The function's own response is compared; what a CDN makes of it has its suites in tests/dev.
        self._server = DevServer(root, _ignore, port=0, cdn=False, environ={}, workers=True)
        self._server.live.loaded = LoadedProject(load_project(root, settings))
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()

    def send(
        self, method: str, path: str, query: str = "", headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> ReceivedResponse:
        """The response to a request; what `after` was given may still be running."""
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
            return ReceivedResponse(
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
