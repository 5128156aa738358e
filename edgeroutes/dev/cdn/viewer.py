"""A client of the CDN: its request, and the way of an answer to it. Floor 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.adapters.asgi_incoming import sent_path
from edgeroutes.adapters.connection import decode_headers, encode_headers
from edgeroutes.dev.cdn.answers import viewer_headers
from edgeroutes.dev.cdn.fetch import forwarded_headers, question_headers
from edgeroutes.dev.cdn.key import CacheKey, make_key
from edgeroutes.dev.exchange import open_exchange
from edgeroutes.http.headers import Headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgeroutes.dev.cdn.store import Entry
    from edgeroutes.types import Message, Receive, Scope, Send


class Viewer:
    """One client with one request, over ASGI.

    Args:
        scope: The server's.
        receive: The server's.
        send: The server's.
        keyed: Headers that are in the key, in lower case.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, keyed: Sequence[str]) -> None:
        self.scope = scope
        self.receive = receive
        self.method: str = scope["method"]
        self.headers = Headers.from_lowered(decode_headers(scope["headers"]))
        self.exchange = open_exchange(scope)
        query = scope["query_string"].decode("latin-1")
        self.path = sent_path(scope) or "/"
        self.key: CacheKey = make_key(self.path, query, self.headers, keyed)
        self._send = send

    @property
    def has_body(self) -> bool:
        """Whether a body comes with it."""
        return "transfer-encoding" in self.headers or self.headers.get("content-length", "0") != "0"

    def question(self, stale: Entry | None) -> Scope:
        """The scope of the request to the origin, which may be about a stored answer."""
        pairs = question_headers(self.headers, stale, self.key.accept_encoding)
        return {**self.scope, "headers": encode_headers(pairs)}

    def passed(self) -> Scope:
        """The scope of a request that is not cached."""
        return {**self.scope, "headers": encode_headers(forwarded_headers(self.headers))}

    async def pass_on(self, message: Message) -> None:
        """Give the client a message of the origin's answer."""
        if message["type"] == "http.response.start":
            headers = Headers.from_lowered(decode_headers(message["headers"]))
            message = {**message, "headers": encode_headers(viewer_headers(message["status"], headers, "Miss"))}
        await self._send(message)

    async def answer(self, status: int, pairs: Iterable[tuple[str, str]], body: bytes) -> None:
        """Give the client a whole answer; HEAD gets its head alone."""
        await self._send({"type": "http.response.start", "status": status, "headers": encode_headers(pairs)})
        await self._send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else body})
