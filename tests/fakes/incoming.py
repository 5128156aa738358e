"""A request as an adapter would be given it, made of plain values: the `Incoming` that tests give to the runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterable


class FakeIncoming:
    """One request.

    Args:
        method: Its method.
        target: Path and query as sent: `/users/7?page=2`.
        headers: Names in any case, repeated ones apart.
        body: Its bytes; a ValueError instead is what a broken encoding gives.
        client: The client's address.
        scheme: `http` or `https`.
        event: The Lambda event, where there is one.
        aws_context: The Lambda context, where there is one.
    """

    def __init__(
        self,
        method: str = "GET",
        target: str = "/",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | ValueError = b"",
        *,
        client: str | None = "203.0.113.7",
        scheme: str = "https",
        event: dict[str, Any] | None = None,
        aws_context: Any = None,
    ) -> None:
        self.method = method
        self.path, _, self._query = target.partition("?")
        self.request_id = "request-1"
        self.event = event
        self.aws_context = aws_context
        self._headers = [(name.lower(), value) for name, value in headers]
        self._body = body
        self._client = client
        self._scheme = scheme

    def header_items(self) -> list[tuple[str, str]]:
        return list(self._headers)

    def header(self, name: str) -> str | None:
        return next((value for key, value in reversed(self._headers) if key == name), None)

    def query_items(self, most: int | None = None) -> list[tuple[str, str]]:
        return parse_qsl(self._query, keep_blank_values=True, max_num_fields=most)

    def query_string(self) -> str:
        return self._query

    def origin(self) -> tuple[str, str]:
        return self._scheme, self.header("host") or "app.example"

    def client_host(self) -> str | None:
        return self._client

    def body(self) -> bytes:
        if isinstance(self._body, ValueError):
            raise self._body
        return self._body
