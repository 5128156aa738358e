"""The shapes that rooms agree on. Cellar: for type checkers; nothing on the cold path loads it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from edgeroutes.http.request import Request
    from edgeroutes.http.response import Response

Params = dict[str, str | list[str]]
"""Captured segments: `[id]` → text, `[...rest]` → list; an empty `[[...rest]]` is absent."""

Handler = Callable[..., Any]
CallNext = Callable[["Request"], Awaitable["Response"]]
Middleware = Callable[["Request", CallNext], Any]

Clock = Callable[[], float]
"""Seconds since the epoch; tests give one that they move."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

Event = dict[str, Any]
"""A Lambda event, as JSON gave it."""


class LambdaContext(Protocol):
    """What of awslambdaric's context edgeroutes reads."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""
        ...


class Invalidator(Protocol):
    """What is asked to forget: CloudFront, or the local CDN."""

    def invalidate(self, items: Sequence[str]) -> None:
        """Forget what was kept.

        Args:
            items: As CloudFront takes them: `#products` for a tag, `/a?page=2` for one URL, `/a*` for all that begin so.
        """
        ...


class Incoming(Protocol):
    """A request as an adapter was given it: the one event model, by which `Request` and the matcher read every source.

    Everything but `method` and `path` is computed when asked for.
    """

    method: str
    path: str  # percent-encoded, without stage; the project's base path still on it

    @property
    def request_id(self) -> str:
        """By which the platform's logs have this request; empty where there is none."""
        ...

    @property
    def event(self) -> Event | None:
        """The Lambda event, where there is one."""
        ...

    @property
    def aws_context(self) -> Any:
        """The Lambda context, where there is one."""
        ...

    def header_items(self) -> list[tuple[str, str]]:
        """Every header field in order, names in lower case, repeated ones apart."""
        ...

    def header(self, name: str) -> str | None:
        """The last value of one field, its name given in lower case; cheaper than all of them."""
        ...

    def query_items(self, most: int | None = None) -> list[tuple[str, str]]:
        """Every query parameter, decoded; ValueError for more than `most`."""
        ...

    def query_string(self) -> str:
        """The query, percent-encoded."""
        ...

    def origin(self) -> tuple[str, str]:
        """Scheme and host that the client asked."""
        ...

    def client_host(self) -> str | None:
        """The client's IP address."""
        ...

    def body(self) -> bytes:
        """The body's bytes; ValueError when its encoding is broken."""
        ...
