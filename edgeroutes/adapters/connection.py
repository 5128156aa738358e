"""Requests as ASGI scopes: the scope for an app made of an `Incoming`, and a server's scope read as `Incoming`.

Mangum makes a scope for each event's shape, with different faults; here one is made of what every adapter provides.
Source: asgi.readthedocs.io "HTTP & WebSocket ASGI Message Format" 2.4, read 2026-11-21.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from urllib.parse import parse_qsl, quote, unquote

from edgeroutes.errors import HandlerError
from edgeroutes.http.cookies import without_forged_prefixes
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.url import URL, has_valid_host, split_host
from edgeroutes.runtime.log import log_exception
from edgeroutes.runtime.loop import is_fatal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.types import Incoming, Scope

    HeaderPairs = list[tuple[bytes, bytes]]
    from edgeroutes.types import Event


# 2.4: `send` may raise OSError when the client has gone; apps need not listen for that by themselves.
ASGI = {"version": "3.0", "spec_version": "2.4"}
# What Starlette responds to an exception that nobody caught, before it raises it again.
PLAIN_500 = b"Internal Server Error"
# What stands in a request target as it is: all of visible ASCII but what would end it or is never sent. Source: RFC 3986 §3.3, §3.4.
_TARGET = "!$%&'()*+,-./:;=?@[\\]^_`{|}~"


def connection_scope(scope: RequestScope) -> Scope:
    """The ASGI scope for an app: of the event, the route that holds the app, and what middleware made of the headers.

    Returns:
        For `/legacy/a%2Fb` at `functions/legacy/[[...path]]`: `{"type": "http", "path": "/legacy/a/b", "root_path": "/legacy",
        "raw_path": b"/legacy/a%2Fb", "query_string": b"", "headers": [(b"host", b"…"), …], "aws.event": {…}, …}`
    """
    incoming = scope.incoming
    headers = scope.request.peek_headers().multi_items()
    require_host(headers)
    connection = {
        **base_scope(incoming),
        **mounted_paths(scope),
        "method": scope.request.method,
        "headers": app_headers(headers),
    }
    if incoming.event is not None:
        connection["aws.event"] = incoming.event
        connection["aws.context"] = incoming.aws_context
    return connection


def incomplete_response(where: str) -> HandlerError:
    hint = "Have it send http.response.start, and http.response.body until more_body is false"
    return HandlerError("the app returned before its response was complete", where=where, hint=hint)


@contextmanager
def late_failures_logged(scope: RequestScope) -> Iterator[None]:
    """Log what an app raises after its response has been sent: nobody else can report it."""
    try:
        yield
    except BaseException as error:
        if is_fatal(error):
            raise
        incoming, route_path = scope.incoming, scope.endpoint.route.route_path
        log_exception(error, f"{incoming.method} {route_path} failed after its response", incoming, route=route_path)


def require_host(fields: Iterable[tuple[str, str]]) -> None:
    """Refuse a `Host` that is not a host: an app that reads its URL would raise, and Starlette's does.

    Raises:
        HTTPError: 400. Source: RFC 9112 §3.2.
    """
    if not has_valid_host(fields):
        raise HTTPError(400, "the Host header is not a host")


def base_scope(incoming: Incoming) -> Scope:
    """The ASGI scope of a request, mounted nowhere."""
    scheme, host = incoming.origin()
    client = incoming.client_host()
    return {
        "type": "http",
        "asgi": dict(ASGI),
        "http_version": "1.1",
        "method": incoming.method,
        "scheme": scheme,
        "path": unquote(incoming.path),
        "raw_path": encode_target(incoming.path),
        "query_string": encode_target(incoming.query_string()),
        "root_path": "",
        "headers": app_headers(incoming.header_items()),
        "client": (client, 0) if client else None,
        "server": _server(scheme, host, incoming.header("x-forwarded-port")),
    }


def mounted_paths(scope: RequestScope) -> dict[str, Any]:
    """The paths in the scope of an app at a route's folder: the whole `path`, and the part of it that leads to the folder.

    The folder's own URL gets a slash at its end, which is what an app calls its root.
    """
    path = scope.incoming.path
    folder = scope.endpoint.manifest.base_path + scope.endpoint.route.own_path(scope.path)
    if path == folder:
        path += "/"
    server_root = getattr(scope.incoming, "root_path", "")
    names = [name for name in scope.params if not isinstance(scope.params[name], list)]
    return {
        "path": server_root + unquote(path),
        "raw_path": encode_target(quote(server_root) + path),
        "root_path": server_root + unquote(folder),
        "path_params": {name: scope.params[name] for name in names},
    }


def encode_target(text: str) -> bytes:
    """A path or query as it goes over the wire: what is percent-encoded stays, what no request target may have is encoded."""
    return quote(text, safe=_TARGET, errors="surrogatepass").encode("ascii")


def encode_headers(items: Iterable[tuple[str, str]]) -> HeaderPairs:
    """Header fields as bytes, names in lower case."""
    return [(name.lower().encode("latin-1", "replace"), _encode_header_value(value)) for name, value in items]


def _encode_header_value(value: str) -> bytes:
    """A value in Latin-1, which HTTP's header fields are in, or in UTF-8 where it has what Latin-1 has not."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


def decode_headers(pairs: Iterable[Any]) -> list[tuple[str, str]]:
    """Header fields as text, byte for byte; names in lower case."""
    return [(bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1")) for name, value in pairs]


def app_headers(items: list[tuple[str, str]]) -> HeaderPairs:
    """The fields for an app: all cookies in one, as HTTP/1.1 has them, without forged prefixes. Source: RFC 9113 §8.2.3."""
    cookies = [value for name, value in items if name == "cookie"]
    if cookies:
        sent = "; ".join(cookies)
        safe = without_forged_prefixes(sent)
        if len(cookies) > 1 or safe != sent:
            items = [item for item in items if item[0] != "cookie"] + ([("cookie", safe)] if safe.strip() else [])
    return encode_headers(items)


def safe_headers(pairs: HeaderPairs) -> HeaderPairs:
    """A server's fields for an app: without cookies of forged prefixes."""
    if not any(name == b"cookie" and b"__" in value for name, value in pairs):
        return pairs
    return app_headers(decode_headers(pairs))


def _server(scheme: str, host: str, forwarded_port: str | None) -> tuple[str, int]:
    """The requested host name and port; of several forwarded ports the first, and an invalid one is ignored."""
    name, port = split_host(host)
    if port is None and forwarded_port:
        port = split_host(f":{forwarded_port.partition(',')[0].strip()}")[1]
    return name, port or URL(scheme, host, "").port


# Limits of the request line and headers. API Gateway allows no more bytes; a load balancer (16 K of request line, 64 K of headers) and an
# ASGI server do.
_MAX_TARGET_BYTES = 16_384
_MAX_HEADER_BYTES = 65_536
_MAX_HEADERS = 256
_HTTP_SCHEMES = {"ws": "http", "wss": "https"}


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
        return self._scope.get("aws.event")

    @property
    def aws_context(self) -> Any:
        return self._scope.get("aws.context")

    def header_items(self) -> list[tuple[str, str]]:
        return decode_headers(self._scope["headers"])

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.header_items() if key == name]
        return values[-1] if values else None

    def query_items(self, most: int | None = None) -> list[tuple[str, str]]:
        return parse_qsl(self.query_string(), keep_blank_values=True, max_num_fields=most)

    def query_string(self) -> str:
        return _ascii(self._scope.get("query_string") or b"")

    def check_head(self) -> HTTPError | None:
        """The refusal of a target or of headers that are larger than edgeroutes reads; None when they fit."""
        target_bytes = len(self.path) + len(self._scope.get("query_string") or b"")
        if target_bytes > _MAX_TARGET_BYTES:
            return HTTPError(414, f"the request target has {target_bytes:,} bytes: {_MAX_TARGET_BYTES:,} are allowed")
        sizes = [len(name) + len(value) for name, value in self._scope["headers"]]
        if len(sizes) > _MAX_HEADERS:
            return HTTPError(431, f"the request has {len(sizes):,} header fields: {_MAX_HEADERS:,} are allowed")
        if sum(sizes) > _MAX_HEADER_BYTES:
            return HTTPError(431, f"the header fields have {sum(sizes):,} bytes: {_MAX_HEADER_BYTES:,} are allowed")
        return None

    def origin(self) -> tuple[str, str]:
        """Scheme and host that the client asked, as the server has them: uvicorn's --proxy-headers decides whom to believe."""
        scheme: str = self._scope.get("scheme") or "http"
        host = self.header("host") or _server_name(self._scope)
        return _HTTP_SCHEMES.get(scheme, scheme), host

    def client_host(self) -> str | None:
        client = self._scope.get("client")
        return client[0] if client else None

    def body(self) -> bytes:
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
    return "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in raw)


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
