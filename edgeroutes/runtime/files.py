"""A file as one request wants it: whole, in part, or not again. Loaded when a route serves one."""

from __future__ import annotations

from edgeroutes.http.conditional import (
    UnsatisfiableRangeError,
    is_not_modified,
    kept_headers,
    requested_range,
    strong_etag,
)
from edgeroutes.http.headers import Headers, MutableHeaders
from edgeroutes.http.interrupts import HTTPError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edgeroutes.http.response import Response
    from edgeroutes.runtime.context import RequestScope

# Up to here a file is read whole: its tag is that of its content, and CloudFront, which wants a length, can compress it.
WHOLE_BYTES = 1024 * 1024


def served_file(response: Response, scope: RequestScope) -> Response:
    """The response with what of the file this request is to get; a small one as bytes.

    Args:
        response: Its body is a `FileBody`.
        scope: The request.

    Raises:
        HTTPError: 416 when the requested range is outside the file.
        OSError: When it can no longer be read.
    """
    file: Any = response.body
    content = b"".join(file) if file.size_bytes <= WHOLE_BYTES else None
    if "etag" not in response.headers:
        response.headers["etag"] = file.etag() if content is None else strong_etag(content)
    start, stop = 0, file.size_bytes
    if response.status == 200 and scope.incoming.method in ("GET", "HEAD"):
        request = Headers.from_lowered(scope.incoming.header_items())
        if is_not_modified(request, response.headers):
            if _is_in_memory(response, scope):
                return _not_modified(response)
        elif scope.incoming.method == "GET":  # Range is defined for it alone. Source: RFC 9110 §14.2
            start, stop = _part(request, response, file.size_bytes)
    response.body = file.part(start, stop) if content is None else content[start:stop]
    return response


def _is_in_memory(response: Response, scope: RequestScope) -> bool:
    """Whether the 304 is made here: that of a cached route needs its lifetime, which is not known yet."""
    return scope.endpoint.lifetime_seconds is None or "cache-control" in response.headers


def _not_modified(response: Response) -> Response:
    response.status, response.body = 304, None
    response.headers = MutableHeaders.from_lowered(kept_headers(response.headers))
    return response


def _part(request: Headers, response: Response, size_bytes: int) -> tuple[int, int]:
    """First byte and end of the requested range; sets the response's status and headers for it."""
    try:
        part = requested_range(request, response.headers, size_bytes)
    except UnsatisfiableRangeError:
        problem = f"the file has {size_bytes} bytes: the requested range contains none of them"
        raise HTTPError(416, problem, headers={"content-range": f"bytes */{size_bytes}"}) from None
    if part is None:
        return 0, size_bytes
    response.status = 206
    response.headers["content-range"] = f"bytes {part[0]}-{part[1] - 1}/{size_bytes}"
    return part
