"""The response to a request; adapters convert it for their platform."""

from __future__ import annotations

from contextvars import ContextVar

from edgeroutes.http.headers import MutableHeaders
from edgeroutes.http.json_text import render_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Iterator
    from os import PathLike
    from typing import Any, Self

    from edgeroutes.http.cookies import ResponseCookies
    from edgeroutes.http.headers import HeaderValues

    Chunks = Iterable[str | bytes] | AsyncIterable[str | bytes]
    Items = Iterable[Any] | AsyncIterable[Any]
    Body = str | bytes | None | Chunks
    # An iterable that is not an iterator, such as a dict or a list, is a mistake that the constructor refuses.
    Content = str | bytes | None | Iterator[str | bytes] | AsyncIterable[str | bytes]

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"
BYTES = "application/octet-stream"
# Text types that do not start with text/.
_TEXT_TYPES = ("application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded")
_TEXT_SUFFIXES = ("+json", "+xml", "json-seq", "x-ndjson", "/jsonl")
_WHOLE = (str, bytes, type(None))
BODILESS = (204, 205, 304)
_REDIRECTS = (301, 302, 303, 307, 308)
# The scope of the request that is being handled; its `root`, the project, is where a relative path of `Response.file` starts.
current_request: ContextVar[Any] = ContextVar("edgeroutes_request")
# Set by the connection, never by a handler. Source: RFC 9112 §6.
CONNECTION_HEADERS = frozenset(("content-length", "transfer-encoding"))
_TRANSFER_ENCODING = frozenset(("transfer-encoding",))


class Response:
    """A handler's response.

    Args:
        body: A string (`text/plain; charset=utf-8`), bytes (`application/octet-stream`), None, or an iterator of either, which makes
            it a stream. For JSON use `Response.json`.
        status: 200 to 599, a number or an `http.HTTPStatus`.
        headers: A mapping or pairs; a `content-type` here wins. `content-length` and `transfer-encoding` are dropped, but for the length in
            a response to HEAD that has no body.

    Raises:
        ValueError: For a status outside 200 to 599, a body with 204, 205 or 304, or a header that cannot be sent.
        TypeError: For a body of another type.
    """

    __slots__ = ("_cookies", "background", "body", "headers", "heartbeat_seconds", "status")

    status: int
    headers: MutableHeaders
    body: Body

    def __init__(self, body: Content = None, status: int = 200, headers: HeaderValues = ()) -> None:
        self._fill(body, status, headers, _content_type(body))

    def _fill(self, body: Body, status: int, headers: HeaderValues, content_type: str) -> None:
        if status.__class__ is not int:
            status = _plain_status(status)
        if not 200 <= status <= 599:
            raise ValueError(f"status {status!r}: the status must be a number from 200 to 599")
        if status in BODILESS:
            if body:
                raise ValueError(f"status {status} carries no body: leave the body out")
            body = None
        self.status = status
        self.body = body
        self._cookies: ResponseCookies | None = None
        self.background: object = None  # a Starlette response's task for after the response
        self.heartbeat_seconds: float | None = None  # the pause of an event stream after which a comment is sent
        if headers:
            self.headers = MutableHeaders(headers)
            self.headers.discard(CONNECTION_HEADERS if body is not None else _TRANSFER_ENCODING)
            if body is not None and content_type and "content-type" not in self.headers:
                self.headers["content-type"] = content_type
        else:
            typed = [("content-type", content_type)] if body is not None and content_type else []
            self.headers = MutableHeaders.from_lowered(typed)

    @classmethod
    def _typed(cls, body: Body, status: int, headers: HeaderValues, content_type: str) -> Self:
        response = cls.__new__(cls)
        response._fill(body, status, headers, content_type)  # noqa: SLF001  # its own
        return response

    @classmethod
    def json(cls, data: object, status: int = 200, headers: HeaderValues = ()) -> Response:
        """`data` as compact JSON: JSON's own types, dataclasses, models, dates, UUIDs, Decimals, enums and sets."""
        body = render_json(data)
        if status.__class__ is not int or status != 200 or headers:
            return cls._typed(body, status, headers, JSON)
        response = cls.__new__(cls)  # as `_fill` does, without what a plain response has no use for
        response.status = 200
        response.body = body
        response._cookies = response.background = response.heartbeat_seconds = None  # noqa: SLF001  # its own
        response.headers = MutableHeaders.from_lowered([("content-type", JSON)])
        return response

    @classmethod
    def text(cls, text: str, status: int = 200, headers: HeaderValues = ()) -> Response:
        """`text` as `text/plain; charset=utf-8`."""
        return cls(text, status, headers)

    @classmethod
    def html(cls, html: str, status: int = 200, headers: HeaderValues = ()) -> Response:
        """`html` as `text/html; charset=utf-8`; the caller escapes its parts."""
        return cls._typed(_utf8(html), status, headers, HTML)

    @classmethod
    def redirect(cls, url: str, status: int = 307, headers: HeaderValues = ()) -> Response:
        """A redirect to `url`, relative or absolute, with 301, 302, 303, 307 or 308."""
        if status not in _REDIRECTS:
            raise ValueError(f"redirect status {status}: 301, 302, 303, 307 and 308 redirect")
        from edgeroutes.http.url import location

        response = cls(None, status, headers)
        response.headers["location"] = location(url)
        return response

    @classmethod
    def stream(cls, chunks: Chunks, status: int = 200, headers: HeaderValues = ()) -> Response:
        """Strings or bytes as a sync or async iterable produces them; the default type is that of the first chunk.

        An open file is read 64 KiB at a time, and closed at the end.
        """
        if hasattr(chunks, "read"):
            from edgeroutes.http.response_bodies import read_pieces

            return cls(read_pieces(chunks), status, headers)
        iterator: Any = chunks if hasattr(chunks, "__aiter__") else iter(chunks)
        return cls(iterator, status, headers)

    @classmethod
    def sse(
        cls, events: Items, status: int = 200, headers: HeaderValues = (), *, heartbeat_seconds: float | None = 15
    ) -> Response:
        """Server-sent events: each item is a string (its data) or a mapping with `event`, `id`, `retry` and `data`.

        Args:
            events: A sync or async iterable. With heartbeats a sync one runs in a thread, so it may block.
            status: The browser's EventSource fails for any other than 200.
            headers: A `cache-control` here replaces `no-store, no-transform`.
            heartbeat_seconds: The pause after which a comment is sent, so that no proxy closes the connection; None or 0 for no
                heartbeat.

        Raises:
            ValueError: For a heartbeat below 0.
        """
        from edgeroutes.http.response_bodies import SSE, SSE_HEADERS, encode_each, render_event

        if heartbeat_seconds and heartbeat_seconds < 0:
            raise ValueError(f"heartbeat_seconds {heartbeat_seconds!r}: seconds above 0, or None for no heartbeat")
        response = cls._typed(encode_each(events, render_event), status, headers, SSE)
        response.heartbeat_seconds = heartbeat_seconds or None
        for name, value in SSE_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @classmethod
    def ndjson(cls, items: Items, status: int = 200, headers: HeaderValues = ()) -> Response:
        """One JSON document per line (`application/x-ndjson`), as the items are produced."""
        from edgeroutes.http.response_bodies import NDJSON, encode_each, render_line

        return cls._typed(encode_each(items, render_line), status, headers, NDJSON)

    @classmethod
    def json_array(cls, items: Items, status: int = 200, headers: HeaderValues = ()) -> Response:
        """One JSON array, with its items written as they are produced; `[]` without items."""
        from edgeroutes.http.response_bodies import JsonArray, encode_each

        array = JsonArray()
        return cls._typed(encode_each(items, array.item, array.end), status, headers, JSON)

    @classmethod
    def file(
        cls,
        path: str | PathLike[str],
        status: int = 200,
        headers: HeaderValues = (),
        *,
        download_name: str | None = None,
        root: str | PathLike[str] | None = None,
    ) -> Response:
        """A file, with type, size, entity tag and date; conditional and range requests work.

        Args:
            path: Relative to the project's root, or absolute.
            status: Ranges work with 200 only.
            headers: They override the file's own.
            download_name: Makes the browser save it under this name.
            root: The folder of the file, for a `path` that a client chose, relative to the project's root or absolute. A path that leads
                out of it, also by symbolic links, or not to a readable regular file, is a 404.

        Raises:
            HTTPError: 404 with `root`; without it, for a name that no file can have (NUL, too long).
            OSError: The file cannot be read, without `root`; or `root` is not a folder.
        """
        from edgeroutes.http.response_bodies import FileBody, file_headers, find_below

        base = getattr(current_request.get(None), "root", "")
        body = FileBody(base, path if root is None else find_below(base, root, path))
        described = file_headers(body, download_name)
        response = cls._typed(body, status, headers, described.pop("content-type"))
        for name, value in described.items():
            response.headers.setdefault(name, value)
        return response

    @property
    def cookies(self) -> ResponseCookies:
        """The cookies that this response sets; `.set(…)`, `.delete(…)`."""
        if self._cookies is None:
            from edgeroutes.http.cookies import ResponseCookies

            self._cookies = ResponseCookies()
        return self._cookies

    @property
    def is_stream(self) -> bool:
        """Whether the body is produced in chunks."""
        body = self.body
        return body.__class__ is not str and not isinstance(body, _WHOLE)

    @property
    def has_cookies(self) -> bool:
        """Whether `.cookies` has a cookie; those in the headers do not count."""
        return self._cookies is not None and len(self._cookies) > 0

    def copy(self) -> Response:
        """A copy for one request to change: a handler may return the same Response for every request."""
        copy = Response.__new__(Response)
        copy.status, copy.body, copy.background = self.status, self.body, self.background
        copy.heartbeat_seconds = self.heartbeat_seconds
        copy.headers = MutableHeaders.from_lowered(self.headers.multi_items())
        copy._cookies = None if self._cookies is None else self._cookies.copy()  # noqa: SLF001  # its own
        return copy

    def set_cookie_lines(self, ambient: ResponseCookies | None = None) -> list[str]:
        """Every `Set-Cookie` line of the response.

        Args:
            ambient: The cookies that `cookies().set` has set during the request; the response's own win by name.
        """
        lines = self.headers.getlist("set-cookie")
        if self._cookies:
            lines += [str(cookie) for cookie in self._cookies]
        if not ambient:
            return lines
        from edgeroutes.http.cookies import merge_cookies

        return merge_cookies(lines, ambient)

    def __repr__(self) -> str:
        return f"Response({self.status}, {self.headers.get('content-type', 'no body')})"


def is_text(content_type: str) -> bool:
    """Whether bytes of this type are text."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith(_TEXT_SUFFIXES)


def _content_type(body: Body) -> str:
    """The type of a body without its own, "" where the first chunk decides; raises for an invalid body."""
    if isinstance(body, str):
        _utf8(body)
        return TEXT
    if body is None or isinstance(body, bytes):
        return BYTES
    if hasattr(body, "__aiter__") or hasattr(body, "__next__"):
        return ""
    raise TypeError(
        f"a body of type {type(body).__name__}: give text, bytes, an iterator of them, or use Response.json"
    )


def _plain_status(status: object) -> int:
    """An `http.HTTPStatus` as a number."""
    if isinstance(status, int) and not isinstance(status, bool):
        return int(status)
    raise ValueError(f"status {status!r}: the status must be a number from 200 to 599")


def _utf8(text: str) -> str:
    """`text`; raises UnicodeEncodeError (a ValueError) for a lone surrogate, while the author can see it."""
    if not text.isascii():
        text.encode()
    return text
