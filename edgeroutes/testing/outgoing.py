"""What a test says of a request → the request as it goes over the wire. Roof; decides nothing, does no I/O."""

from __future__ import annotations

import json as json_module
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import quote, urlencode, urlsplit

from edgeroutes.dev.gateway import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Query = Mapping[str, str | int | float | bool | Sequence[str]]
    Files = Mapping[str, tuple[str, bytes, str]]

BASE_URL = "https://testserver"
_COOKIE_SAFE = "%!#$&()*+-./:<=>?@[]^_`{|}~"
_BOUNDARY = "edgeroutes-testing-boundary"


class RequestOptions(TypedDict, total=False):
    """What a request may have beside its method and URL.

    Args:
        params: More query parameters.
        headers: A mapping, or pairs to repeat a name.
        cookies: Name → value.
        json: A body sent as JSON.
        data: Fields of a form.
        files: Files of a form: field → (name, bytes, type).
        content: A body as it is.
    """

    params: Query | None
    headers: Mapping[str, str] | Sequence[tuple[str, str]]
    cookies: Mapping[str, str] | None
    json: Any
    data: Mapping[str, str] | None
    files: Files | None
    content: bytes | str


def make_request(method: str, url: str, options: RequestOptions, base_url: str = BASE_URL) -> HttpRequest:
    """The request that a browser would send.

    Args:
        method: Any.
        url: Path with its query, percent-encoded where it needs to be.
        options: All else.
        base_url: Its scheme and host.
    """
    path, _, query = url.partition("?")
    params, base = options.get("params"), urlsplit(base_url)
    if params:
        query = "&".join(part for part in (query, urlencode(params, doseq=True)) if part)
    body, content_type = _encode_body(options)
    given = options.get("headers", ())
    headers = list(given.items()) if hasattr(given, "items") else list(given)
    names = {name.lower() for name, _ in headers}
    cookies = options.get("cookies")
    if content_type and "content-type" not in names:
        headers.append(("Content-Type", content_type))
    if cookies and "cookie" not in names:
        pairs = (f"{name}={quote(value, safe=_COOKIE_SAFE)}" for name, value in cookies.items())
        headers.append(("Cookie", "; ".join(pairs)))
    if "host" not in names:
        headers.insert(0, ("Host", base.netloc))
    return HttpRequest(method=method, path=path, query=query, headers=headers, body=body, scheme=base.scheme)


def _encode_body(options: RequestOptions) -> tuple[bytes, str]:
    """The body's bytes and its type; empty where it has none."""
    data, files, content = options.get("data"), options.get("files"), options.get("content", b"")
    if options.get("json") is not None:
        return json_module.dumps(options["json"]).encode(), "application/json"
    if files:
        return _multipart(data or {}, files)
    if data is not None:
        return urlencode(data, doseq=True).encode(), "application/x-www-form-urlencoded"
    return (content.encode() if isinstance(content, str) else content), ""


def _multipart(data: Mapping[str, str], files: Files) -> tuple[bytes, str]:
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in data.items()
    ]
    for name, (file_name, content, kind) in files.items():
        head = f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"\r\nContent-Type: {kind}\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    body = b"".join(f"--{_BOUNDARY}\r\n".encode() + part for part in parts) + f"--{_BOUNDARY}--\r\n".encode()
    return body, f"multipart/form-data; boundary={_BOUNDARY}"
