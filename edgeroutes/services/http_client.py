"""Requests to other servers with urllib3, whose connections outlive the invocation; `fetch` loads it.

boto3 uses urllib3, so Lambda has it. It costs some 20 ms more at a cold start than `http.client`, and saves a TLS
handshake, which takes as long, at every request after the first.
"""

from __future__ import annotations

import time

import urllib3
from urllib3.exceptions import HTTPError as Urllib3Error
from urllib3.exceptions import NewConnectionError, ProtocolError

from edgeroutes._version import __version__
from edgeroutes.errors import FetchError
from edgeroutes.http.headers import Headers, MutableHeaders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3 import BaseHTTPResponse

USER_AGENT = f"edgeroutes/{__version__}"
_MAX_BODY_BYTES = 10 * 1024 * 1024
_MAX_REDIRECTS = 5
_CHUNK_BYTES = 64 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_REPEATABLE = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")
_OF_ONE_HOST = frozenset(("authorization", "cookie", "proxy-authorization"))
_OF_A_BODY = frozenset(("content-encoding", "content-language", "content-location", "content-type"))
_DECODED = frozenset(("connection", "content-encoding", "content-length", "transfer-encoding"))

_pool = urllib3.PoolManager(num_pools=20, maxsize=10, headers={})


class Outgoing:
    """A request to another server.

    Args:
        method: In upper case.
        url: Absolute, `http` or `https`.
        headers: The headers.
        body: The body, or None.
        timeout_seconds: Until the response's last byte.
    """

    __slots__ = ("body", "headers", "method", "timeout_seconds", "url")

    def __init__(
        self, method: str, url: str, headers: MutableHeaders, body: bytes | None, timeout_seconds: float
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout_seconds = timeout_seconds


def send(outgoing: Outgoing) -> tuple[int, str, Headers, bytes]:
    """Status, final URL, headers and decoded body of the response, after redirects.

    Raises:
        FetchError: There is no response, it is late or too large, or a redirect is not allowed.
    """
    deadline = time.monotonic() + outgoing.timeout_seconds
    for _ in range(_MAX_REDIRECTS + 1):
        response = _exchange(outgoing, deadline)
        headers = MutableHeaders((name, _latin(value)) for name, value in response.headers.items())
        location = headers.get("location")
        if response.status not in _REDIRECTS or location is None:
            body = _read(response, outgoing, deadline)
            headers.discard(_DECODED)
            return response.status, outgoing.url, headers, body
        response.close()  # the body of a redirect is ignored
        outgoing = _redirected(outgoing, response.status, location)
    raise FetchError(f"more than {_MAX_REDIRECTS} redirects", where=shown(outgoing.url))


def shown(url: str) -> str:
    """A URL for messages: without its query, which may contain a secret."""
    return url.partition("?")[0].partition("#")[0]


def _exchange(outgoing: Outgoing, deadline: float) -> BaseHTTPResponse:
    """The response, with an unread body. If an idle connection was closed, an idempotent request is sent once more."""
    for is_last in (outgoing.method not in _REPEATABLE, True):
        try:
            return _pool.request(
                outgoing.method,
                outgoing.url,
                body=outgoing.body,
                headers=dict(outgoing.headers),
                timeout=urllib3.Timeout(total=_remaining(outgoing, deadline)),
                retries=False,
                redirect=False,
                preload_content=False,
                enforce_content_length=True,  # not so by itself in urllib3 1.26, which older Lambda runtimes have
            )
        except ProtocolError as error:
            if is_last:
                raise _failure(outgoing, error) from error
        except (Urllib3Error, OSError, ValueError) as error:
            raise _failure(outgoing, error) from error
    raise AssertionError  # the second attempt is the last


def _read(response: BaseHTTPResponse, outgoing: Outgoing, deadline: float) -> bytes:
    """The whole decoded body; a connection with an unfinished response is not reused."""
    is_whole = False
    try:
        body = b"".join(_measured(response, outgoing, deadline))
        is_whole = True
    except (Urllib3Error, OSError) as error:
        raise _failure(outgoing, error) from error
    finally:
        response.release_conn() if is_whole else response.close()
    return body


def _measured(response: BaseHTTPResponse, outgoing: Outgoing, deadline: float) -> Iterator[bytes]:
    size_bytes = 0
    for chunk in response.stream(_CHUNK_BYTES, decode_content=True):
        size_bytes += len(chunk)
        if size_bytes > _MAX_BODY_BYTES:
            raise FetchError(f"the response has more than {_MAX_BODY_BYTES:,} bytes", where=shown(outgoing.url))
        _remaining(outgoing, deadline)
        yield chunk


def _remaining(outgoing: Outgoing, deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise _too_slow(outgoing)
    return remaining


def _redirected(outgoing: Outgoing, status: int, location: str) -> Outgoing:
    """The request that follows a redirect, by the Fetch standard, without credentials for another host."""
    from urllib.parse import urljoin, urlsplit

    url = urljoin(outgoing.url, location)
    old, new = urlsplit(outgoing.url), urlsplit(url)
    if new.scheme not in ("http", "https") or (old.scheme == "https" and new.scheme == "http"):
        raise FetchError(f"a redirect to {shown(url)!r} is not followed: it leaves HTTPS", where=shown(outgoing.url))
    if _is_inside(new.hostname) and not _is_inside(old.hostname):
        problem = f"a redirect to {shown(url)!r} is not followed: it leads from outside into a private network"
        raise FetchError(problem, where=shown(outgoing.url))
    headers = MutableHeaders(outgoing.headers)
    if (old.scheme, old.hostname, old.port) != (new.scheme, new.hostname, new.port):
        headers.discard(_OF_ONE_HOST)
    method, body = outgoing.method, outgoing.body
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method, body = "GET", None
        headers.discard(_OF_A_BODY)
    return Outgoing(method, url, headers, body, outgoing.timeout_seconds)


def _is_inside(host: str | None) -> bool:
    """Whether a host name means this machine or a private network."""
    from ipaddress import ip_address

    try:
        return not ip_address(host or "").is_global
    except ValueError:
        return host is None or host == "localhost" or host.endswith((".localhost", ".internal", ".local"))


def _failure(outgoing: Outgoing, error: Exception) -> FetchError:
    if isinstance(error, NewConnectionError):  # a timeout, too, in urllib3's tree
        return FetchError("there is no connection to it", where=shown(outgoing.url))
    if isinstance(error, (urllib3.exceptions.TimeoutError, TimeoutError)):
        return _too_slow(outgoing)
    if isinstance(error, urllib3.exceptions.DecodeError):
        return FetchError("the response is not encoded as its headers declare", where=shown(outgoing.url))
    return FetchError(f"there is no response: {type(error).__name__}", where=shown(outgoing.url))


def _too_slow(outgoing: Outgoing) -> FetchError:
    hint = "Give more with timeout_seconds="
    return FetchError(f"no complete response in {outgoing.timeout_seconds:g} s", where=shown(outgoing.url), hint=hint)


def _latin(value: str) -> str:
    """A field value without control characters."""
    return "".join(character for character in value if character.isprintable() or character == "\t")
