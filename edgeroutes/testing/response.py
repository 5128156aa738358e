"""A test's response, and the requests of a test for the report of its failure."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, Self

from edgeroutes.http.freshness import read_freshness
from edgeroutes.http.headers import Headers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from edgeroutes.dev.gateway import HttpRequest

_OWN_TAG = "_path:"


class Chunk(bytes):
    """A piece of a body, with its time of arrival.

    Args:
        content: Its bytes.
        seconds: Since the start of the request.
    """

    seconds: float

    def __new__(cls, content: bytes, seconds: float) -> Self:
        """Create a chunk with its time."""
        chunk = super().__new__(cls, content)
        chunk.seconds = seconds
        return chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterResponse:
    """A response as an adapter's client receives it.

    Args:
        status: Its status.
        headers: Names in lower case; repeated names are separate pairs.
        chunks: The body, as far as it came.
        is_complete: False where it ended early.
        result: The function's result: a proxy result, a stream's prelude, or ASGI messages.
    """

    status: int
    headers: Sequence[tuple[str, str]]
    chunks: tuple[Chunk, ...] = ()
    is_complete: bool = True
    result: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheState:
    """What CloudFront would do with a response.

    Args:
        state: `shared`: cached for all clients; `uncached`: fetched for each request.
        lifetime_seconds: How long it is fresh; 0 where it is not cached.
        tags: The cache tags of the route, without the path's own.
    """

    state: str
    lifetime_seconds: int = 0
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResponse:
    """A response.

    Args:
        status_code: Its status.
        headers: Names in any case; `headers.getlist("set-cookie")` for repeated ones.
        content: The body's bytes.
        chunks: The body in its chunks; each has `.seconds` since the start of the request. One, unless the adapter streams.
        is_complete: False where a stream ended early.
        cache: What CloudFront would do with it.
        result: The function's result.
    """

    __test__ = False

    status_code: int
    headers: Headers
    content: bytes
    chunks: tuple[Chunk, ...] = field(repr=False)
    is_complete: bool = True
    cache: CacheState
    result: Any = field(repr=False)

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.content.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.content)

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that the response sets: name → value, as written there."""
        return {
            name: morsel.coded_value
            for line in self.headers.getlist("set-cookie")
            for name, morsel in SimpleCookie(line).items()
        }


def make_response(received: AdapterResponse, *, method: str, tag_header: str) -> TestResponse:
    """A test's response.

    Args:
        received: From the adapter.
        method: The request's.
        tag_header: The header in which CloudFront reads cache tags.
    """
    headers = Headers(received.headers)
    return TestResponse(
        status_code=received.status,
        headers=headers,
        content=b"".join(received.chunks),
        chunks=received.chunks,
        is_complete=received.is_complete,
        cache=_cache_state(received.status, headers, method, tag_header),
        result=received.result,
    )


def _cache_state(status: int, headers: Headers, method: str, tag_header: str) -> CacheState:
    found = read_freshness(status, headers, time.time())
    lifetime = found.lifetime_seconds if method in ("GET", "HEAD") and found.is_stored else 0
    tags = tuple(tag for tag in headers.get(tag_header, "").split(",") if tag and not tag.startswith(_OWN_TAG))
    return CacheState(state="shared" if lifetime else "uncached", lifetime_seconds=lifetime, tags=tags)


_SHOWN = 3
_BODY_CHARACTERS = 1500
_TRACE_LINES = 12


class Exchanges:
    """The last requests of a test, with their responses.

    Args:
        left_out: Variables that functions lack; it may grow.
    """

    def __init__(self, left_out: Collection[str] = ()) -> None:
        self._left_out = left_out
        self._kept: list[tuple[str, str]] = []
        self._count = 0

    def add(self, request: HttpRequest, response: TestResponse, logs: Sequence[Mapping[str, Any]]) -> None:
        """Add one, with its log."""
        self._count += 1
        target = f"{request.path}?{request.query}" if request.query else request.path
        title = f"edgeroutes request {self._count}: {request.method} {target} → {response.status_code}"
        lines = [
            *(f"> {name}: {value}" for name, value in request.headers),
            *_body(request.body),
            *(f"< {name}: {value}" for name, value in response.headers.multi_items()),
            *_body(response.content),
            *_log(logs),
        ]
        if self._left_out and response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            lines.append(f"--- set only in tests with the fixture aws: {', '.join(sorted(self._left_out))}")
        self._kept = [*self._kept[1 - _SHOWN :], (title, "\n".join(lines))]

    def sections(self) -> list[tuple[str, str]]:
        """Title and text of each."""
        return self._kept


def _body(content: bytes) -> list[str]:
    if not content:
        return []
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return [f"({len(content)} bytes)"]
    rest = len(text) - _BODY_CHARACTERS
    return [text[:_BODY_CHARACTERS] + (f"… and {rest} more characters" if rest > 0 else "")]


def _log(logs: Iterable[Mapping[str, Any]]) -> list[str]:
    lines = []
    for line in logs:
        trace = str(line.get("exception", ""))
        rest = {
            name: value for name, value in line.items() if name not in ("exception", "level", "message", "timestamp")
        }
        lines.append(
            f"{line.get('level', 'LOG')} {line.get('message', '')} {json.dumps(rest, default=str) if rest else ''}".rstrip()
        )
        lines += trace.rstrip().splitlines()[-_TRACE_LINES:]
    return ["--- log", *lines] if lines else []
