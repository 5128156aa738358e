"""API Gateway's REST API: the event of a request, its limits, and the response of a proxy result.

Source: docs.aws.amazon.com/apigateway "set-up-lambda-proxy-integrations" and aws.md §6: headers keep their case, query values are
decoded, the path is not, bodies come in base64 (the API takes `*/*` as binary).
"""

from __future__ import annotations

import json
import re
import time
import uuid
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from edgeroutes.adapters.checks import GATEWAY_BODY_BYTES, GATEWAY_HEADER_BYTES, LAMBDA_EVENT_BYTES
from edgeroutes.adapters.connection import decode_headers, sent_path
from edgeroutes.adapters.events import rest_result
from edgeroutes.http.caching import UNCACHED
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.problem import problem_response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from edgeroutes.types import Event, Message, Scope, Send


_STAGE = "live"
# Headers that a REST API renames, because it sets them itself or does not let a function set them.
# Source: docs.aws.amazon.com/apigateway "Amazon API Gateway important notes"; Architect's sandbox, whose list was observed on AWS.
_REMAPPED = frozenset(
    (
        "authorization",
        "connection",
        "content-md5",
        "date",
        "expect",
        "host",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "trailer",
        "upgrade",
        "user-agent",
        "www-authenticate",
    )
)
# A percent sign without an escape, and characters that have to be percent-encoded in a query. Source: the same notes.
_REFUSED_IN_QUERY = re.compile(r"%(?![0-9A-Fa-f]{2})|[{}|]")
# The body of a 502. Source: aws-lambda-dotnet ApiGatewayResponseTestCases, verified on AWS.
_BAD_GATEWAY_BODY = b'{"message": "Internal server error"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request as it was sent: `path` percent-encoded, `headers` in their own case and order."""

    method: str
    path: str
    query: str = ""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    client_host: str = "127.0.0.1"
    scheme: str = "http"

    @classmethod
    def from_scope(cls, scope: Scope) -> HttpRequest:
        """The request of an ASGI scope, without its body."""
        client = scope.get("client")
        return cls(
            method=scope["method"],
            path=sent_path(scope) or "/",
            query=scope["query_string"].decode("latin-1"),
            headers=decode_headers(scope["headers"]),
            client_host=client[0] if client else "127.0.0.1",
            scheme=scope.get("scheme") or "http",
        )

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def header(self, name: str) -> str | None:
        """The first value of a header, named in lower case."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A response as it is sent; a header that is repeated has an item for each value."""

    status: int
    headers: Sequence[tuple[str, str]] = field(default_factory=tuple)
    body: bytes = b""

    def start_message(self, *, method: str, is_stream: bool = False) -> Message:
        """ASGI's message with status and headers; a whole body gets its length."""
        headers = [(name.encode("latin-1"), _header_bytes(value)) for name, value in self.headers]
        has_length = not is_stream and self.status not in (204, 304) and (method != "HEAD" or bool(self.body))
        if has_length and not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", str(len(self.body)).encode()))
        return {"type": "http.response.start", "status": self.status, "headers": headers}

    async def send(self, send: Send, *, method: str) -> None:
        """Send it over ASGI; HEAD gets no body."""
        await send(self.start_message(method=method))
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else self.body})


def _header_bytes(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


class IntegrationError(ValueError):
    """A proxy result that API Gateway turns into a 502."""


def rest_event(
    request: HttpRequest, *, resource: str = "/{proxy+}", path_parameters: Mapping[str, str] | None = None
) -> Event:
    """The event that a REST API makes of a request.

    Args:
        request: The request.
        resource: The API's resource, `/users/{id}`.
        path_parameters: The values of the resource's parameters.

    Returns:
        `{"resource": "/users/{id}", "path": "/users/1", "httpMethod": "GET", "multiValueHeaders": {…}, …}`
    """
    host = request.header("host") or "localhost"
    headers = _grouped([*request.headers, *_forwarded(request, host)])
    query = _grouped(parse_qsl(request.query, keep_blank_values=True))
    now = time.time()
    return {
        "resource": resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": _last(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": _last(query),
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(path_parameters) if path_parameters else None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": request.method,
            "path": f"/{_STAGE}{request.path}",
            "protocol": "HTTP/1.1",
            "stage": _STAGE,
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "requestId": str(uuid.uuid4()),
            "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "requestTimeEpoch": int(now * 1000),
            "identity": {"sourceIp": request.client_host, "userAgent": request.header("user-agent")},
        },
        "body": b64encode(request.body).decode() if request.body else None,
        "isBase64Encoded": bool(request.body),
    }


def read_result(result: Any) -> HttpResponse:
    """The response of a proxy result.

    Raises:
        IntegrationError: API Gateway would respond with 502; its text has the reason.
    """
    if not isinstance(result, dict):
        raise IntegrationError(f"the result is a {type(result).__name__}, not an object")
    status = result.get("statusCode")
    if not isinstance(status, int) or not 100 <= status <= 599:
        raise IntegrationError(f"statusCode is {status!r}")
    headers = [(name, _header_text(name, value)) for name, value in (result.get("headers") or {}).items()]
    for name, values in (result.get("multiValueHeaders") or {}).items():
        headers = [pair for pair in headers if pair[0].lower() != name.lower()]
        headers += [(name, _header_text(name, value)) for value in values]
    body = result.get("body")
    if body is not None and not isinstance(body, str):
        raise IntegrationError(f"body is a {type(body).__name__}, not a string")
    content = b64decode(body or "") if result.get("isBase64Encoded") else (body or "").encode()
    return HttpResponse(status=status, headers=headers, body=content)


def sent_name(name: str) -> str:
    """The name, in lower case, under which a REST API sends a header of a function's response.

    >>> sent_name("WWW-Authenticate"), sent_name("ETag")
    ('x-amzn-remapped-www-authenticate', 'etag')
    """
    lowered = name.lower()
    return f"x-amzn-remapped-{lowered}" if lowered in _REMAPPED else lowered


def _query_problem(query: str) -> str:
    """The reason why a REST API refuses a query with 400; empty for a valid one."""
    found = _REFUSED_IN_QUERY.search(query)
    if found is None:
        return ""
    if found[0] == "%":
        return "the query has a '%' without two hexadecimal digits after it. Send it as %25"
    return (
        f"the query has a raw {found[0]!r}, which API Gateway refuses. Send it percent-encoded (%{ord(found[0]):02X})"
    )


def _header_text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise IntegrationError(f"header {name!r} is a {type(value).__name__}, not a string")


def _forwarded(request: HttpRequest, host: str) -> list[tuple[str, str]]:
    """The headers that API Gateway adds: the client's address after the ones that were sent, the client's port and protocol."""
    sent = [value for name, value in request.headers if name.lower() == "x-forwarded-for"]
    there = {name.lower() for name, _ in request.headers}
    port = host.rpartition(":")[2] if host.rpartition(":")[2].isdigit() else {"http": "80"}.get(request.scheme, "443")
    added = [("X-Forwarded-Port", port), ("X-Forwarded-Proto", request.scheme)]
    if not sent:
        added.insert(0, ("X-Forwarded-For", request.client_host))
    return [pair for pair in added if pair[0].lower() not in there]


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _last(grouped: Mapping[str, list[str]]) -> Any:
    return {name: values[-1] for name, values in grouped.items()} or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of API Gateway and Lambda; tests make them smaller.

    Args:
        head_bytes: Request line and header values together.
        request_body_bytes: API Gateway's payload.
        event_bytes: Lambda's payload, the event's JSON: a body in base64 counts four thirds of its size.
        integration_timeout_s: How long API Gateway waits for a response that is not streamed.
        head_timeout_s: How long a connection stays open before a whole request head has arrived.
        body_pause_s: The longest pause in a request body.
        body_timeout_s: How long a whole request body may take.
    """

    head_bytes: int = GATEWAY_HEADER_BYTES
    request_body_bytes: int = GATEWAY_BODY_BYTES
    event_bytes: int = LAMBDA_EVENT_BYTES
    integration_timeout_s: float = 29.0
    head_timeout_s: float = 10.0
    body_pause_s: float = 20.0
    body_timeout_s: float = 120.0

    def check_head(self, request: HttpRequest) -> HTTPError | None:
        """The refusal of a request line and headers; None where API Gateway accepts them."""
        if problem := _query_problem(request.query):
            return HTTPError(400, problem)
        request_line = len(request.method) + len(request.target) + len("  HTTP/1.1")
        size = request_line + sum(len(value) for _, value in request.headers)
        if size <= self.head_bytes:
            return None
        return HTTPError(
            431, f"the request line and the header values have {size:,} bytes: API Gateway takes {self.head_bytes:,}"
        )

    def check_body(self, size: int) -> HTTPError | None:
        """The refusal of a body's size; None where it fits."""
        if size <= self.request_body_bytes:
            return None
        return HTTPError(
            413,
            f"the body has {size:,} bytes: API Gateway takes {self.request_body_bytes:,}."
            " Upload larger files straight to S3, with a presigned POST",
        )

    def check_event(self, event: str, body_bytes: int) -> HTTPError | None:
        """The refusal of an event's size; None where it fits."""
        size = len(event.encode("utf-8", "surrogatepass"))
        if size <= self.event_bytes:
            return None
        return HTTPError(
            413,
            f"the event has {size:,} bytes, with a body of {body_bytes:,} in base64: Lambda takes {self.event_bytes:,}."
            " Upload larger files straight to S3, with a presigned POST",
        )


def gateway_error(
    status: int,
    detail: str,
    path: str,
    fields: Iterable[tuple[str, str]] = (),
    *,
    request_id: str = "",
    **members: object,
) -> HttpResponse:
    """A response of API Gateway itself.

    Args:
        status: 400 to 599.
        detail: What happened.
        path: The request's.
        fields: More headers, such as those of CORS.
        request_id: As in the log; by default a new one.
        members: More members of the problem document.
    """
    error = HTTPError(status, detail, headers=dict(fields))
    response = problem_response(error, instance=path, request_id=request_id or str(uuid.uuid4()), **members)
    response.headers["cache-control"] = UNCACHED
    return read_result(rest_result(response, response.body))  # type: ignore[arg-type]  # JSON is whole


def read_function_result(result: Any) -> HttpResponse:
    """The response that API Gateway makes of a function's result, which reaches it as JSON.

    Raises:
        IntegrationError: The result is not JSON or not a proxy result: a 502.
    """
    try:
        text = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise IntegrationError(
            f"the result cannot be converted to JSON (Lambda: Runtime.MarshalError): {error}"
        ) from error
    try:
        return read_result(json.loads(text))
    except IntegrationError:
        raise
    except (ValueError, TypeError, AttributeError) as error:
        raise IntegrationError(f"the result is not a proxy result: {error}") from error
