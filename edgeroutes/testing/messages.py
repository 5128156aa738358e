"""A test's request, the event that each platform makes of it, and its response; the last ones are for the report of a failed test.

The REST API's event is the dev server's (`dev/gateway`). Source: docs.aws.amazon.com "http-api-develop-integrations-lambda",
"urls-invocation", "elasticloadbalancing/latest/application/lambda-functions.html" and "lambda-event-structure" of CloudFront (read
2026-11-21). That an HTTP API decodes the path was observed on AWS.
"""

from __future__ import annotations

import json
import json as json_module
import time
import uuid
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, Unpack
from urllib.parse import quote, unquote, urlencode, urlsplit

from edgeroutes.dev.gateway import HttpRequest, HttpResponse, rest_event
from edgeroutes.http.freshness import read_freshness
from edgeroutes.http.headers import Headers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgeroutes.types import Event

    Query = Mapping[str, str | int | float | bool | Sequence[str]]
    Files = Mapping[str, tuple[str, bytes, str]]
    from collections.abc import Collection, Iterable, Mapping, Sequence


EventKind = Literal["rest", "http-api", "function-url", "alb", "cloudfront"]
_API_DOMAIN = "id.execute-api.us-east-1.amazonaws.com"
_URL_DOMAIN = "abc.lambda-url.us-east-1.on.aws"
_TARGET_GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/routes/0123456789abcdef"


def lambda_event(
    kind: EventKind = "rest", method: str = "GET", url: str = "/", **options: Unpack[RequestOptions]
) -> Event:
    """The event of a request.

    Args:
        kind: The platform; `cloudfront` is an edge function at origin-request.
        method: Any.
        url: Path and query, percent-encoded where necessary.
        options: `params headers cookies json data files content`, as for `RouteClient.request`.

    Returns:
        `{"resource": "/{proxy+}", "path": "/users/1", "httpMethod": "GET", …}`
    """
    request = make_request(method, url, options)
    makers = {
        "rest": rest_event,
        "http-api": http_api_event,
        "function-url": function_url_event,
        "alb": load_balancer_event,
        "cloudfront": _cloudfront_event,
    }
    if kind not in makers:
        raise ValueError(f"lambda_event: kind is {kind!r}. Allowed are {', '.join(makers)}")
    return makers[kind](request)


def http_api_event(request: HttpRequest) -> Event:
    """An HTTP API's event, with the path decoded."""
    return _payload_two(request, _API_DOMAIN, unquote(request.path).partition("?")[0])


def function_url_event(request: HttpRequest) -> Event:
    """A function URL's event, with the path as sent."""
    return _payload_two(request, _URL_DOMAIN, request.path)


def load_balancer_event(request: HttpRequest) -> Event:
    """The event of an Application Load Balancer with multi-value headers: names in lower case, nothing decoded."""
    headers: dict[str, list[str]] = {}
    for name, value in [*request.headers, *_forwarded(request).items()]:
        headers.setdefault(name.lower(), []).append(value)
    query: dict[str, list[str]] = {}
    for part in filter(None, request.query.split("&")):
        name, _, value = part.partition("=")
        query.setdefault(name, []).append(value)
    body, is_encoded = _event_body(request)
    return {
        "requestContext": {"elb": {"targetGroupArn": _TARGET_GROUP}},
        "httpMethod": request.method,
        "path": request.path,
        "multiValueQueryStringParameters": query,
        "multiValueHeaders": headers,
        "body": body,
        "isBase64Encoded": is_encoded,
    }


def _cloudfront_event(request: HttpRequest) -> Event:
    headers: dict[str, list[dict[str, str]]] = {}
    for name, value in request.headers:
        headers.setdefault(name.lower(), []).append({"key": name, "value": value})
    sent: Event = {
        "clientIp": request.client_host,
        "headers": headers,
        "method": request.method,
        "querystring": request.query,
        "uri": request.path,
    }
    if request.body:
        data = b64encode(request.body).decode()
        sent["body"] = {"action": "read-only", "data": data, "encoding": "base64", "inputTruncated": False}
    config = {
        "distributionDomainName": "d111111abcdef8.cloudfront.net",
        "distributionId": "EDFDVBD6EXAMPLE",
        "eventType": "origin-request",
        "requestId": uuid.uuid4().hex,
    }
    return {"Records": [{"cf": {"config": config, "request": sent}}]}


def read_http_result(result: Any) -> HttpResponse:
    """The response that an HTTP API, or a function URL, makes of a result in payload 2.0."""
    headers = list((result.get("headers") or {}).items())
    headers += [("set-cookie", line) for line in result.get("cookies") or ()]
    body = result.get("body") or ""
    content = b64decode(body) if result.get("isBase64Encoded") else body.encode()
    return HttpResponse(status=result["statusCode"], headers=headers, body=content)


def _payload_two(request: HttpRequest, domain: str, path: str) -> Event:
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in ((name.lower(), value) for name, value in request.headers):
        if name == "cookie":
            cookies += [part.strip(" \t") for part in value.split(";")]
        else:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    headers = {**_forwarded(request), **headers}
    now, prefix = time.time(), domain.partition(".")[0]
    http = {
        "method": request.method,
        "path": path,
        "protocol": "HTTP/1.1",
        "sourceIp": request.client_host,
        "userAgent": headers.get("user-agent", ""),
    }
    event: Event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": prefix,
            "domainName": domain,
            "domainPrefix": prefix,
            "http": http,
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if request.body:
        event["body"], event["isBase64Encoded"] = _event_body(request)
    return event


def _forwarded(request: HttpRequest) -> dict[str, str]:
    """Headers that the platform adds where they are missing."""
    there = {name.lower() for name, _ in request.headers}
    added = {
        "x-forwarded-for": request.client_host,
        "x-forwarded-port": "80" if request.scheme == "http" else "443",
        "x-forwarded-proto": request.scheme,
    }
    return {name: value for name, value in added.items() if name not in there}


def _event_body(request: HttpRequest) -> tuple[str, bool]:
    """Text types as they are, others in base64."""
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "").partition(";")[0]
    if kind.startswith("text/") or kind in ("application/json", "application/xml", "application/javascript"):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return b64encode(request.body).decode(), bool(request.body)


BASE_URL = "https://testserver"
_COOKIE_SAFE = "%!#$&()*+-./:<=>?@[]^_`{|}~"
_BOUNDARY = "edgeroutes-testing-boundary"


class RequestOptions(TypedDict, total=False):
    """A request's options beside its method and URL.

    Args:
        params: Query parameters, in addition to the URL's.
        headers: A mapping, or pairs to repeat a name.
        cookies: Name → value.
        json: A body sent as JSON.
        data: Fields of a form.
        files: Files of a form: field → (name, bytes, type).
        content: A body as it is.
    """

    params: Query | None
    headers: Mapping[str, str] | Sequence[tuple[str, str]]
    cookies: Mapping[str, str] | None
    json: Any
    data: Mapping[str, str] | None
    files: Files | None
    content: bytes | str


def make_request(method: str, url: str, options: RequestOptions, base_url: str = BASE_URL) -> HttpRequest:
    """The request that a browser would send.

    Args:
        method: Any.
        url: Path and query, percent-encoded where necessary.
        options: All else.
        base_url: Scheme and host.
    """
    path, _, query = url.partition("?")
    params, base = options.get("params"), urlsplit(base_url)
    if params:
        query = "&".join(part for part in (query, urlencode(params, doseq=True)) if part)
    body, content_type = _encode_body(options)
    given = options.get("headers", ())
    headers = list(given.items()) if hasattr(given, "items") else list(given)
    names = {name.lower() for name, _ in headers}
    cookies = options.get("cookies")
    if content_type and "content-type" not in names:
        headers.append(("Content-Type", content_type))
    if cookies and "cookie" not in names:
        pairs = (f"{name}={quote(value, safe=_COOKIE_SAFE)}" for name, value in cookies.items())
        headers.append(("Cookie", "; ".join(pairs)))
    if "host" not in names:
        headers.insert(0, ("Host", base.netloc))
    return HttpRequest(method=method, path=path, query=query, headers=headers, body=body, scheme=base.scheme)


def _encode_body(options: RequestOptions) -> tuple[bytes, str]:
    """The body's bytes and type; empty without a body."""
    data, files, content = options.get("data"), options.get("files"), options.get("content", b"")
    if options.get("json") is not None:
        return json_module.dumps(options["json"]).encode(), "application/json"
    if files:
        return _multipart(data or {}, files)
    if data is not None:
        return urlencode(data, doseq=True).encode(), "application/x-www-form-urlencoded"
    return (content.encode() if isinstance(content, str) else content), ""


def _multipart(data: Mapping[str, str], files: Files) -> tuple[bytes, str]:
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in data.items()
    ]
    for name, (file_name, content, kind) in files.items():
        head = f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"\r\nContent-Type: {kind}\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    body = b"".join(f"--{_BOUNDARY}\r\n".encode() + part for part in parts) + f"--{_BOUNDARY}--\r\n".encode()
    return body, f"multipart/form-data; boundary={_BOUNDARY}"


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
