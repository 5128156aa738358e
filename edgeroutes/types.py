"""Types that packages share, for type checkers; nothing on the cold path loads them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from edgeroutes.http.request import Request
    from edgeroutes.http.response import Response

Params = dict[str, str | list[str]]
"""Captured segments: `[id]` → string, `[...rest]` → list; an empty `[[...rest]]` is absent."""

Handler = Callable[..., Any]
CallNext = Callable[["Request"], Awaitable["Response"]]
Middleware = Callable[["Request", CallNext], Any]

Clock = Callable[[], float]
"""Seconds since the epoch; tests pass their own."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

Event = dict[str, Any]
"""A Lambda event, parsed from JSON."""


class LambdaContext(Protocol):
    """The part of awslambdaric's context that edgeroutes reads."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""
        ...


class Invalidator(Protocol):
    """The cache that creates invalidations: CloudFront, or the local CDN."""

    def invalidate(self, items: Sequence[str]) -> None:
        """Invalidate cached responses.

        Args:
            items: In CloudFront's syntax: `#products` for a tag, `/a?page=2` for a URL, `/a*` for a prefix.
        """
        ...


class Incoming(Protocol):
    """A request as an adapter received it. `Request` and the matcher read every platform's requests through it.

    All except `method` and `path` is computed on access.
    """

    method: str
    path: str  # percent-encoded, without stage, with the project's base path

    @property
    def request_id(self) -> str:
        """The platform's id in its logs; empty without one."""
        ...

    @property
    def event(self) -> Event | None:
        """The Lambda event; None without one."""
        ...

    @property
    def aws_context(self) -> Any:
        """The Lambda context; None without one."""
        ...

    def header_items(self) -> list[tuple[str, str]]:
        """Every header field in order, names in lower case; repeated names are separate pairs."""
        ...

    def header(self, name: str) -> str | None:
        """The last value of a field, by its name in lower case; cheaper than reading all."""
        ...

    def query_items(self, most: int | None = None) -> list[tuple[str, str]]:
        """Every query parameter, decoded; ValueError for more than `most`."""
        ...

    def query_string(self) -> str:
        """The query, percent-encoded."""
        ...

    def origin(self) -> tuple[str, str]:
        """Scheme and host of the request."""
        ...

    def client_host(self) -> str | None:
        """The client's IP address."""
        ...

    def body(self) -> bytes:
        """The body's bytes; ValueError for broken base64."""
        ...
