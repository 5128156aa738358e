"""What a test gets for a request. Roof."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, Self

from edgeroutes.http.freshness import read_freshness
from edgeroutes.http.headers import Headers

if TYPE_CHECKING:
    from collections.abc import Sequence

_OWN_TAG = "_path:"


class Chunk(bytes):
    """A piece of a body, with when it came.

    Args:
        content: Its bytes.
        seconds: Since the request began.
    """

    seconds: float

    def __new__(cls, content: bytes, seconds: float) -> Self:
        """One with its time."""
        chunk = super().__new__(cls, content)
        chunk.seconds = seconds
        return chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as an adapter's client gets it.

    Args:
        status: Its status.
        headers: Names in lower case, repeated ones apart.
        chunks: The body, as far as it came.
        is_complete: False where it broke off.
        result: What the function gave: a proxy result, a stream's prelude, or ASGI's messages.
    """

    status: int
    headers: Sequence[tuple[str, str]]
    chunks: tuple[Chunk, ...] = ()
    is_complete: bool = True
    result: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheState:
    """What CloudFront would do with an answer.

    Args:
        state: `shared`: kept and given to others; `uncached`: asked for anew each time.
        lifetime_seconds: How long it is fresh; 0 where it is not kept.
        tags: By which it is forgotten; that of its own path, which edgeroutes adds, is not among them.
    """

    state: str
    lifetime_seconds: int = 0
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResponse:
    """An answer, with what it was made of.

    Args:
        status_code: Its status.
        headers: Names in any case; `headers.getlist("set-cookie")` for repeated ones.
        content: The body's bytes.
        chunks: The same as it came: each has `.seconds` since the request began. One, unless the adapter streams.
        is_complete: False where a stream broke off.
        cache: What CloudFront would do with it.
        result: What the function gave to Lambda.
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
        """The cookies that the answer sets, name → value as it stands there."""
        return {
            name: morsel.coded_value
            for line in self.headers.getlist("set-cookie")
            for name, morsel in SimpleCookie(line).items()
        }


def make_response(answer: Answer, *, method: str, tag_header: str) -> TestResponse:
    """The response of an adapter's answer.

    Args:
        answer: As it came.
        method: Of the request: only answers to GET and HEAD are kept.
        tag_header: Where CloudFront reads cache tags.
    """
    headers = Headers(answer.headers)
    return TestResponse(
        status_code=answer.status,
        headers=headers,
        content=b"".join(answer.chunks),
        chunks=answer.chunks,
        is_complete=answer.is_complete,
        cache=_cache_state(answer.status, headers, method, tag_header),
        result=answer.result,
    )


def _cache_state(status: int, headers: Headers, method: str, tag_header: str) -> CacheState:
    found = read_freshness(status, headers, time.time())
    lifetime = found.lifetime_seconds if method in ("GET", "HEAD") and found.is_stored else 0
    tags = tuple(tag for tag in headers.get(tag_header, "").split(",") if tag and not tag.startswith(_OWN_TAG))
    return CacheState(state="shared" if lifetime else "uncached", lifetime_seconds=lifetime, tags=tags)
