"""The CDN with an origin that a test scripts, asked over ASGI by clients whose clock the test holds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgeroutes.dev.cdn import Cdn
from edgeroutes.dev.reports import Logged, Report, Responded
from edgeroutes.http.headers import Headers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from edgeroutes.types import Message, Receive, Scope, Send

    Pairs = Sequence[tuple[str, str]]
    Script = Callable[["Asked", "Reply"], Awaitable[None]]

# 2026-11-21 12:00:00 UTC
NOON = 1_795_262_400.0


@dataclass(frozen=True)
class Got:
    """A response, as the client has it."""

    status: int
    headers: Headers
    body: bytes
    is_whole: bool = True

    @property
    def x_cache(self) -> str:
        return str(self.headers.get("x-cache", "")).removesuffix(" from cloudfront")


@dataclass(frozen=True)
class Asked:
    """A request, as the origin has it."""

    method: str
    target: str
    headers: Headers
    scope: Scope = field(repr=False, compare=False)


class Reply:
    """How a script responds."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def __call__(self, status: int = 200, headers: Mapping[str, str] | Pairs = (), body: bytes = b"") -> None:
        pairs = list(headers.items()) if hasattr(headers, "items") else list(headers)
        if status not in (204, 304) and "content-length" not in {name.lower() for name, _ in pairs}:
            pairs.append(("content-length", str(len(body))))
        await self.head(status, pairs)
        await self.chunk(body, more=False)

    async def head(self, status: int, pairs: Pairs) -> None:
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def chunk(self, body: bytes, *, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": more})


class Edge:
    """A CDN in front of a script.

    Args:
        script: Responds to what reaches the origin.
        options: Of the CDN.
    """

    def __init__(self, script: Script, **options: Any) -> None:
        self.now = NOON
        self.asked: list[Asked] = []
        self.reports: list[Report] = []
        self._script = script
        self.cdn = Cdn(self._origin, self.reports.append, now=lambda: self.now, **options)

    @property
    def warnings(self) -> list[str]:
        return [report.message for report in self.reports if isinstance(report, Logged) and report.level == "WARNING"]

    @property
    def behind(self) -> list[Responded]:
        return [report for report in self.reports if isinstance(report, Responded)]

    async def get(self, target: str = "/", method: str = "GET", headers: Mapping[str, str] | Pairs = ()) -> Got:
        pairs = list(headers.items()) if hasattr(headers, "items") else list(headers)
        path, _, query = target.partition("?")
        scope: Scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs],
        }
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        try:
            await self.cdn(scope, never_leaves(), send)
        except ConnectionError:
            return _got(sent, is_whole=False)
        return _got(sent)

    async def settle(self) -> None:
        """Wait until nothing is fetched behind anybody any more."""
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)

    async def _origin(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"].decode()
        target = scope["path"] + (f"?{query}" if query else "")
        headers = Headers((name.decode(), value.decode("latin-1")) for name, value in scope["headers"])
        asked = Asked(scope["method"], target, headers, scope)
        self.asked.append(asked)
        await self._script(asked, Reply(send))


def never_leaves() -> Receive:
    """The `receive` of a client that waits for ever."""

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    return receive


def _got(sent: Sequence[Message], *, is_whole: bool = True) -> Got:
    starts = [message for message in sent if message["type"] == "http.response.start"]
    if not starts:
        return Got(0, Headers(), b"", is_whole=False)
    assert len(starts) == 1, sent
    pairs = [(name.decode(), value.decode("latin-1")) for name, value in starts[0]["headers"]]
    body = b"".join(message.get("body", b"") for message in sent if message is not starts[0])
    return Got(starts[0]["status"], Headers(pairs), body, is_whole)
