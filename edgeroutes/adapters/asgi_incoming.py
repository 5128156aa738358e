"""A request as an ASGI server gives it, read as `Incoming`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

from edgeroutes.adapters.connection import decode_headers
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.limits import MAX_HEADER_BYTES, MAX_HEADERS, MAX_TARGET_BYTES

if TYPE_CHECKING:
    from edgeroutes.types import Event, Scope

_HTTP_SCHEMES: dict[str, str] = {"ws": "http", "wss": "https"}


class AsgiIncoming:
    """A request as an ASGI server gives it.

    Args:
        scope: Of type http or websocket.
    """

    __slots__ = ("_request_id", "_scope", "content", "method", "path", "root_path")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._request_id = ""
        self.content = b""
        self.method: str = scope.get("method", "GET")
        self.root_path: str = (scope.get("root_path") or "").rstrip("/")
        self.path = _below_root(sent_path(scope), self.root_path)

    @property
    def request_id(self) -> str:
        """The invocation's id behind a load balancer; else the id that a proxy in front has given the request, or a new one."""
        if not self._request_id:
            found = getattr(self.aws_context, "aws_request_id", None) or self.header("x-request-id")
            self._request_id = found or os.urandom(16).hex()
        return self._request_id

    @property
    def event(self) -> Event | None:
        """The Lambda event behind a load balancer."""
        return self._scope.get("aws.event")

    @property
    def aws_context(self) -> Any:
        """The Lambda context behind a load balancer."""
        return self._scope.get("aws.context")

    def header_items(self) -> list[tuple[str, str]]:
        """Every header field in order, names in lower case, repeated ones apart."""
        return decode_headers(self._scope["headers"])

    def header(self, name: str) -> str | None:
        """The last value of one field."""
        values = [value for key, value in self.header_items() if key == name]
        return values[-1] if values else None

    def query_items(self, most: int | None = None) -> list[tuple[str, str]]:
        """Every query parameter in the order sent, decoded.

        Raises:
            ValueError: For more than `most`.
        """
        return parse_qsl(self.query_string(), keep_blank_values=True, max_num_fields=most)

    def query_string(self) -> str:
        """The query as it was sent."""
        return _ascii(self._scope.get("query_string") or b"")

    def check_head(self) -> HTTPError | None:
        """The refusal of a target or of headers that are larger than edgeroutes reads; None when they fit."""
        target_bytes = len(self.path) + len(self._scope.get("query_string") or b"")
        if target_bytes > MAX_TARGET_BYTES:
            return HTTPError(414, f"the request target has {target_bytes:,} bytes: {MAX_TARGET_BYTES:,} are allowed")
        sizes = [len(name) + len(value) for name, value in self._scope["headers"]]
        if len(sizes) > MAX_HEADERS:
            return HTTPError(431, f"the request has {len(sizes):,} header fields: {MAX_HEADERS:,} are allowed")
        if sum(sizes) > MAX_HEADER_BYTES:
            return HTTPError(431, f"the header fields have {sum(sizes):,} bytes: {MAX_HEADER_BYTES:,} are allowed")
        return None

    def origin(self) -> tuple[str, str]:
        """Scheme and host that the client asked, as the server has them: uvicorn's --proxy-headers decides whom to believe."""
        scheme: str = self._scope.get("scheme") or "http"
        host = self.header("host") or _server_name(self._scope)
        return _HTTP_SCHEMES.get(scheme, scheme), host

    def client_host(self) -> str | None:
        """The caller's address as the server has it."""
        client = self._scope.get("client")
        return client[0] if client else None

    def body(self) -> bytes:
        """The body's bytes, once they have been read."""
        return self.content


def _server_name(scope: Scope) -> str:
    """What a `Host` header would say, of a server that got none."""
    name, port = scope.get("server") or ("localhost", None)
    name = f"[{name}]" if ":" in name else name
    return f"{name}:{port}" if port else f"{name}"


def sent_path(scope: Scope) -> str:
    """The path as it was sent; encoded anew where the server does not say."""
    raw = scope.get("raw_path")
    if not raw:
        return quote(scope["path"], safe="/-._~!$&'()*+,;=:@[]")
    path = _ascii(raw.partition(b"?")[0])
    if (
        not path.startswith("/") and "://" in path
    ):  # a proxy's form of target, with the host in it. Source: RFC 9112 §3.2.2
        path = f"/{path.partition('://')[2].partition('/')[2]}"
    return path


def _ascii(raw: bytes) -> str:
    """The bytes of a request target as a string; non-ASCII bytes, which are invalid there, are percent-encoded."""
    return (
        raw.decode("ascii") if raw.isascii() else "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in raw)
    )


def _below_root(path: str, root_path: str) -> str:
    """The path without what the server, or what the app is mounted in, has in front; as it is where that is not in it."""
    if not root_path:
        return path or "/"
    longest = 12 * len(root_path)  # a character is at most four bytes, and each of those three characters in a path
    place = 0
    while 0 <= place <= longest:
        place = path.find("/", place + 1)
        before = path if place == -1 else path[:place]
        if unquote(before) == root_path:
            return path[len(before) :] or "/"
    return path
