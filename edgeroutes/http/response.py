"""The answer to a request. Ground floor: knows no server; adapters turn it into what their place expects."""

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
# Content that is text although its type does not start with text/.
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
    """What a handler answers.

    Args:
        body: Text (`text/plain; charset=utf-8`), bytes (`application/octet-stream`), None, or an iterator of either,
            which makes the answer a stream. For JSON use `Response.json`.
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
            raise ValueError(f"status {status!r}: an answer's status is a number from 200 to 599")
        if status in BODILESS:
            if body:
                raise ValueError(f"status {status} carries no body: leave the body out")
            body = None
        self.status = status
        self.body = body
        self._cookies: ResponseCookies | None = None
        self.background: object = None  # what a Starlette response brings to be run once it has gone out
        self.heartbeat_seconds: float | None = None  # after which pause of a stream of events a comment is sent
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
        """`html` as `text/html; charset=utf-8`; escaping what it is made of is the caller's."""
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
        """Text or bytes as a sync or async iterable produces them; unless named, the type is that of the first chunk.

        An open file is read 64 KiB at a time, and closed at the end.
        """
        if hasattr(chunks, "read"):
            from edgeroutes.http.streams import read_pieces

            return cls(read_pieces(chunks), status, headers)
        iterator: Any = chunks if hasattr(chunks, "__aiter__") else iter(chunks)
        return cls(iterator, status, headers)

    @classmethod
    def sse(
        cls, events: Items, status: int = 200, headers: HeaderValues = (), *, heartbeat_seconds: float | None = 15
    ) -> Response:
        """Server-sent events: each item is a text (its data) or a mapping with `event`, `id`, `retry` and `data`.

        Args:
            events: A sync or async iterable. With heartbeats a sync one is run in a thread, so it may block.
            status: 200, or the browser's EventSource takes it for a failure.
            headers: A `cache-control` here takes the place of `no-store, no-transform`.
            heartbeat_seconds: How long a pause may be until a comment is sent, so that nobody on the way takes the connection
                for dead; None or 0 for no heartbeat.

        Raises:
            ValueError: For a heartbeat below 0.
        """
        from edgeroutes.http.streams import SSE, SSE_HEADERS, encode_each, render_event

        if heartbeat_seconds and heartbeat_seconds < 0:
            raise ValueError(f"heartbeat_seconds {heartbeat_seconds!r}: seconds above 0, or None for no heartbeat")
        response = cls._typed(encode_each(events, render_event), status, headers, SSE)
        response.heartbeat_seconds = heartbeat_seconds or None
        for name, value in SSE_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    @classmethod
    def ndjson(cls, items: Items, status: int = 200, headers: HeaderValues = ()) -> Response:
        """One JSON document a line (`application/x-ndjson`), as the items are produced."""
        from edgeroutes.http.streams import NDJSON, encode_each, render_line

        return cls._typed(encode_each(items, render_line), status, headers, NDJSON)

    @classmethod
    def json_array(cls, items: Items, status: int = 200, headers: HeaderValues = ()) -> Response:
        """One JSON array, its items written as they are produced; `[]` when there is none."""
        from edgeroutes.http.streams import JsonArray, encode_each

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
        """A file, with its type, size, entity tag and date; the client may have it in part, or be told that it has it already.

        Args:
            path: A relative one starts at the project's root.
            status: Only 200 is served in part.
            headers: These win over what the file says of itself.
            download_name: Has the browser save it under this name instead of showing it.
            root: A folder that the file must be in, for a `path` that a client chose. What is outside it, after symbolic links are
                resolved, is not there, is no regular file or cannot be read, ends with a 404. A relative one starts at the project's root.

        Raises:
            HTTPError: 404 with `root`; without it, for a name that no file can have (NUL, too long).
            OSError: When it cannot be read, and `root` is not given; when `root` is not a folder.
        """
        from edgeroutes.http.files import FileBody, file_headers, find_below

        base = getattr(current_request.get(None), "root", "")
        body = FileBody(base, path if root is None else find_below(base, root, path))
        described = file_headers(body, download_name)
        response = cls._typed(body, status, headers, described.pop("content-type"))
        for name, value in described.items():
            response.headers.setdefault(name, value)
        return response

    @property
    def cookies(self) -> ResponseCookies:
        """The cookies that this answer sets; `.set(…)`, `.delete(…)`."""
        if self._cookies is None:
            from edgeroutes.http.cookies import ResponseCookies

            self._cookies = ResponseCookies()
        return self._cookies

    @property
    def is_stream(self) -> bool:
        """Whether the body is produced piece by piece."""
        body = self.body
        return body.__class__ is not str and not isinstance(body, _WHOLE)

    @property
    def has_cookies(self) -> bool:
        """Whether a cookie was set by `.cookies`; one in the headers does not count."""
        return self._cookies is not None and len(self._cookies) > 0

    def copy(self) -> Response:
        """The same answer, for one request to add its own to: a handler may return one Response time after time."""
        copy = Response.__new__(Response)
        copy.status, copy.body, copy.background = self.status, self.body, self.background
        copy.heartbeat_seconds = self.heartbeat_seconds
        copy.headers = MutableHeaders.from_lowered(self.headers.multi_items())
        copy._cookies = None if self._cookies is None else self._cookies.copy()  # noqa: SLF001  # its own
        return copy

    def set_cookie_lines(self, ambient: ResponseCookies | None = None) -> list[str]:
        """Every `Set-Cookie` line of the answer.

        Args:
            ambient: What `cookies().set` put aside during the request; a cookie of the same name set here wins.
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
    """The type of a body that names none, "" where its first chunk will tell; raises for what is no body."""
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
    """An `http.HTTPStatus` as the number that it is."""
    if isinstance(status, int) and not isinstance(status, bool):
        return int(status)
    raise ValueError(f"status {status!r}: an answer's status is a number from 200 to 599")


def _utf8(text: str) -> str:
    """`text`, or UnicodeEncodeError (a ValueError) now, where the author can see it, for a lone surrogate."""
    if not text.isascii():
        text.encode()
    return text
