"""The request of a handler, over an `Incoming`, which each adapter creates.

Everything is read on access: a hello route pays for no header, cookie or query.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from edgeroutes.http.headers import Headers
from edgeroutes.http.interrupts import HTTPError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Any, Protocol

    from starlette.datastructures import FormData

    from edgeroutes.http.request_bodies import FormLimits, FormReading
    from edgeroutes.http.url import URL
    from edgeroutes.types import Incoming, Params

    class RequestHost(Protocol):
        """The runtime's side of a request."""

        def record_read(self, what: str) -> bool:
            """Record an access to `headers`, `cookies` or `client`; True makes it return an empty one."""
            ...

        async def read_form(self, request: Request, limits: FormLimits) -> FormData:
            """The form in the request's body."""
            ...

        async def compute(self, function: Callable[[bytes], Any], body: bytes) -> Any:
            """`function(body)`, which may take long for a large body."""
            ...


MULTIPART, URLENCODED = FORM_TYPES = ("multipart/form-data", "application/x-www-form-urlencoded")
_BODILESS = ("GET", "HEAD")
_MAX_COOKIES = 500  # no browser keeps more than 180 for a site
_MAX_QUERY_ITEMS = 1_000
# From here on parsing and validating a body takes about a millisecond.
LARGE_BODY_BYTES = 64 * 1024


class QueryParams(Mapping[str, str]):
    """The decoded query parameters: a name has its last value, `getlist` returns all in order."""

    __slots__ = ("_items", "_last")

    def __init__(self, items: list[tuple[str, str]]) -> None:
        self._items = items
        self._last = dict(items)

    def getlist(self, name: str) -> list[str]:
        """Every value of `name`, in order; empty without any."""
        return [value for key, value in self._items if key == name]

    def multi_items(self) -> list[tuple[str, str]]:
        """Every parameter as a pair; repeated names are separate."""
        return list(self._items)

    def __getitem__(self, name: str) -> str:
        return self._last[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._last)

    def __len__(self) -> int:
        return len(self._last)

    def __repr__(self) -> str:
        return f"QueryParams({self._items!r})"


class Address:
    """A client's address: `host` is an IP address, `port` is 0 where the gateway does not send it."""

    __slots__ = ("host", "port")

    def __init__(self, host: str, port: int = 0) -> None:
        self.host = host
        self.port = port

    def __repr__(self) -> str:
        return f"Address({self.host!r}, {self.port})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and (self.host, self.port) == (other.host, other.port)

    def __hash__(self) -> int:
        return hash((self.host, self.port))


class Request:
    """A request, with the names of the web platform and Starlette.

    Args:
        incoming: The adapter's request.
        path: Percent-encoded, without stage and base path.
        path_params: The captured segments, decoded.
        host: The runtime's side; without one, nothing is recorded and forms cannot be read.
    """

    __slots__ = (
        "_body",
        "_content_type",
        "_form",
        "_headers",
        "_host",
        "_incoming",
        "_query",
        "_state",
        "method",
        "path",
        "path_params",
    )

    def __init__(
        self,
        incoming: Incoming,
        path: str,
        path_params: Params,
        host: RequestHost | None = None,
    ) -> None:
        self.method: str = incoming.method
        self.path = path
        self.path_params = path_params
        self._incoming = incoming
        self._host = host
        self._headers: Headers | None = None
        self._query: QueryParams | None = None
        self._body: bytes | None = None
        self._content_type: str | None = None
        self._form: FormData | None = None
        self._state: SimpleNamespace | None = None

    @property
    def headers(self) -> Headers:
        """The header fields, with names in any case."""
        if self._asked("headers"):
            return Headers()
        return self.peek_headers()

    @property
    def cookies(self) -> dict[str, str]:
        """The request's cookies: name → decoded value.

        Raises:
            HTTPError: 431 for more than 500.
        """
        if self._asked("cookies"):
            return {}
        from edgeroutes.http.cookies import parse_cookies

        if (sent := self.peek_headers().get("cookie", "")).count(";") >= _MAX_COOKIES:
            raise HTTPError(431, f"the request has more than {_MAX_COOKIES} cookies")
        return parse_cookies(sent)

    @property
    def client(self) -> Address | None:
        """The client's address; None where the platform does not send it."""
        host = None if self._asked("client") else self._incoming.client_host()
        return Address(host) if host else None

    @property
    def url(self) -> URL:
        """The URL: `.path` (percent-encoded, without base path), `.query`, `.origin` and more."""
        from edgeroutes.http.url import URL

        return URL(*self._incoming.origin(), self.path, self._incoming.query_string())

    def sent_paths(self) -> list[str]:
        """The path with the base path, and with the API's stage where it may have one. Internal."""
        event = self._incoming.event or {}
        context = event.get("requestContext")
        staged = context.get("path") if isinstance(context, dict) else None
        return list(dict.fromkeys(path for path in (self._incoming.path, staged) if isinstance(path, str)))

    @property
    def query_params(self) -> QueryParams:
        """The decoded query parameters.

        Raises:
            HTTPError: 400 for more than 1,000.
        """
        if self._query is None:
            try:
                items = self._incoming.query_items(_MAX_QUERY_ITEMS)
            except ValueError as error:
                raise HTTPError(400, f"the query has more than {_MAX_QUERY_ITEMS:,} parameters") from error
            self._query = QueryParams(items)
        return self._query

    @property
    def state(self) -> SimpleNamespace:
        """A namespace for middleware to pass values to handlers."""
        if self._state is None:
            self._state = SimpleNamespace()
        return self._state

    async def body(self) -> bytes:
        """The whole body; empty for GET and HEAD, whose bodies have no meaning (RFC 9110 §9.3.1)."""
        return self.peek_body()

    async def text(self) -> str:
        """The body as UTF-8; invalid bytes become U+FFFD.

        Raises:
            HTTPError: 415 for a compressed body.
        """
        self.require_uncompressed()
        return self.peek_body().decode("utf-8-sig", "replace")

    async def json(self) -> Any:
        """The body as JSON, whatever its content type.

        Raises:
            HTTPError: 400 for invalid JSON, 415 for a compressed body.
        """
        from edgeroutes.http.request_bodies import parse_json

        body = self.peek_body()
        try:
            return parse_json(body) if self._host is None else await self._host.compute(parse_json, body)
        except HTTPError:
            self.require_uncompressed()
            raise

    async def stream(self) -> AsyncIterator[bytes]:
        """The body in chunks. Lambda has all of it before the handler starts, so it is one chunk."""
        body = self.peek_body()
        if body:
            yield body

    def form(
        self, *, max_files: float | None = None, max_fields: float | None = None, max_part_size: int | None = None
    ) -> FormReading:
        """The fields and files of an HTML form, as Starlette's FormData; files are kept in memory. To be awaited.

        Args:
            max_files: 1000 by default.
            max_fields: 1000 by default, without files.
            max_part_size: In bytes, for each field of a multipart form that is not a file; no limit by default.

        Raises:
            HTTPError: 415 for another content type, 400 for a malformed form, 413 for one beyond a limit.
        """
        from edgeroutes.http.request_bodies import FormLimits, FormReading

        async def read() -> FormData:
            if self._form is None:
                if self._host is None:
                    raise TypeError("this request runs in no host that could read a form")
                limits = FormLimits(max_files, max_fields, max_part_size)
                self._form = await self._host.read_form(self, limits)
            return self._form

        return FormReading(read)

    @property
    def parsed_form(self) -> FormData | None:
        """The form, if it has been read; None otherwise."""
        return self._form

    def urlencoded_fields(self) -> QueryParams | None:
        """The fields of a form without files, read without Starlette; None for another body: for edgeroutes' own use."""
        if self.content_type() != URLENCODED:
            return None
        from edgeroutes.http.request_bodies import MAX_FIELDS, decode_urlencoded, require_utf_8

        self.require_uncompressed()
        require_utf_8(self.peek_headers()["content-type"])
        return QueryParams(decode_urlencoded(self.peek_body(), MAX_FIELDS))

    def require_uncompressed(self) -> None:
        """Raise HTTPError 415 for a body with a content coding, such as gzip: for edgeroutes' own use.

        Source: RFC 9110 §15.5.16.
        """
        sent = (
            self._incoming.header("content-encoding")
            if self._headers is None
            else self._headers.get("content-encoding")
        )
        if sent and sent.strip().lower() != "identity":
            detail = f"the body is compressed ({sent.strip()}): send it as it is"
            raise HTTPError(415, detail, headers={"accept-encoding": "identity"})

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """The same request with `headers` over its own, for middleware to pass to `call_next`."""
        over = Headers(headers)
        kept = [pair for pair in self.peek_headers().multi_items() if pair[0] not in over]
        return self.passed_on(Headers.from_lowered(kept + over.multi_items()), self._body)

    def passed_on(self, headers: Headers, body: bytes | None) -> Request:
        """The same request with these header fields, and this body where it is one, instead of its own: for edgeroutes' own use."""
        copy = Request(self._incoming, self.path, self.path_params, self._host)
        copy.method = self.method
        copy._headers, copy._body = headers, body
        copy._query, copy._state = self._query, self.state
        copy._form = self._form if body == self._body else None
        return copy

    def peek_headers(self) -> Headers:
        """The headers, without recording the access. Internal."""
        if self._headers is None:
            self._headers = Headers.from_lowered(self._incoming.header_items())
        return self._headers

    def peek_body(self) -> bytes:
        """The body, without waiting. Internal.

        Raises:
            HTTPError: 400 for invalid base64.
        """
        if self._body is None:
            self._body = b"" if self.method in _BODILESS else read_body(self._incoming)
        return self._body

    def content_type(self) -> str:
        """The media type of the body in lower case, without parameters; empty without one."""
        if self._content_type is None:
            sent = self._incoming.header("content-type") if self._headers is None else self._headers.get("content-type")
            self._content_type = _media_type(sent or "")
        return self._content_type

    def _asked(self, what: str) -> bool:
        return self._host is not None and self._host.record_read(what)

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path})"


def read_body(incoming: Incoming) -> bytes:
    """The body's bytes; HTTPError 400 for invalid base64."""
    try:
        return incoming.body()
    except ValueError as error:
        raise HTTPError(400, f"the body cannot be read: {error}") from error


def _media_type(content_type: str) -> str:
    if content_type == "application/json":  # most requests with a body
        return content_type
    return content_type.partition(";")[0].strip().lower()
