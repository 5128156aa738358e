"""The ASGI scope of a request for a mounted app, and header fields as ASGI has them.

Mangum makes a scope for each event's shape, and each with faults of its own; here one is made of what every adapter gives: an
`Incoming`. Source: asgi.readthedocs.io "HTTP & WebSocket ASGI Message Format" 2.4, read 2026-11-21.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from edgeroutes.http.cookies import without_forged_prefixes
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.url import has_valid_host, split_host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.types import Incoming, Scope

    HeaderPairs = list[tuple[bytes, bytes]]

# 2.4: `send` may raise OSError when the client has gone; apps need not listen for that by themselves.
ASGI = {"version": "3.0", "spec_version": "2.4"}
# What Starlette responds to an exception that nobody caught, before it raises it again.
PLAIN_500 = b"Internal Server Error"
_DEFAULT_PORTS = {"http": 80, "https": 443}
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
    folder = scope.endpoint.base_path + scope.endpoint.route.own_path(scope.path)
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
    return [(name.lower().encode("latin-1", "replace"), encode_header_value(value)) for name, value in items]


def encode_header_value(value: str) -> bytes:
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
    return name, port or _DEFAULT_PORTS.get(scheme, 443)
