"""API Gateway's REST API: HTTP to its event, a proxy result to HTTP. Floor 3; decides nothing, does no I/O.

Source: docs.aws.amazon.com/apigateway "set-up-lambda-proxy-integrations" and aws.md §6: headers keep their case, query values are
decoded, the path is not, bodies come in base64 (the API takes `*/*` as binary).
"""

from __future__ import annotations

import re
import time
import uuid
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from edgeroutes.types import Event

STAGE = "live"
# What a REST API sends under another name, because it sets these fields itself or does not let a function set them.
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
# A percent sign that starts no escape, and characters that a REST API takes in a query only percent-encoded. Source: the same notes.
_REFUSED_IN_QUERY = re.compile(r"%(?![0-9A-Fa-f]{2})|[{}|]")
# What a client gets where the integration's answer is none. Source: aws-lambda-dotnet ApiGatewayResponseTestCases, verified on AWS.
BAD_GATEWAY_BODY = b'{"message": "Internal server error"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request as it came over the wire: `path` percent-encoded, `headers` in their own case and order."""

    method: str
    path: str
    query: str = ""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    client_host: str = "127.0.0.1"
    scheme: str = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """An answer as it goes over the wire: `headers` repeated ones apart."""

    status: int
    headers: Sequence[tuple[str, str]] = field(default_factory=tuple)
    body: bytes = b""


class IntegrationError(ValueError):
    """A proxy result that API Gateway would refuse with 502."""


def rest_event(
    request: HttpRequest, *, resource: str = "/{proxy+}", path_parameters: Mapping[str, str] | None = None
) -> Event:
    """The event that a REST API makes of a request.

    Args:
        request: As it came.
        resource: The API's resource, `/users/{id}`.
        path_parameters: What the resource captured.

    Returns:
        `{"resource": "/users/{id}", "path": "/users/1", "httpMethod": "GET", "multiValueHeaders": {…}, …}`
    """
    host = _find(request, "host") or "localhost"
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
            "path": f"/{STAGE}{request.path}",
            "protocol": "HTTP/1.1",
            "stage": STAGE,
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "requestId": str(uuid.uuid4()),
            "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "requestTimeEpoch": int(now * 1000),
            "identity": {"sourceIp": request.client_host, "userAgent": _find(request, "user-agent")},
        },
        "body": b64encode(request.body).decode() if request.body else None,
        "isBase64Encoded": bool(request.body),
    }


def read_result(result: Any) -> HttpAnswer:
    """The HTTP answer of a proxy result.

    Raises:
        IntegrationError: For what API Gateway answers with 502, saying what is wrong with it.
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
    return HttpAnswer(status=status, headers=headers, body=content)


def sent_name(name: str) -> str:
    """The name, in lower case, under which a REST API sends a header of a function's response.

    >>> sent_name("WWW-Authenticate"), sent_name("ETag")
    ('x-amzn-remapped-www-authenticate', 'etag')
    """
    lowered = name.lower()
    return f"x-amzn-remapped-{lowered}" if lowered in _REMAPPED else lowered


def query_problem(query: str) -> str:
    """Why a REST API refuses a query with 400; empty where it takes it."""
    found = _REFUSED_IN_QUERY.search(query)
    if found is None:
        return ""
    if found[0] == "%":
        return "the query has a '%' that two hexadecimal digits do not follow. Send it as %25"
    return (
        f"the query has a raw {found[0]!r}, which API Gateway refuses. Send it percent-encoded (%{ord(found[0]):02X})"
    )


def _header_text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise IntegrationError(f"header {name!r} is a {type(value).__name__}, not a string")


def _find(request: HttpRequest, name: str) -> str | None:
    return next((value for key, value in request.headers if key.lower() == name), None)


def _forwarded(request: HttpRequest, host: str) -> list[tuple[str, str]]:
    """What API Gateway adds: the client's address behind those that were there, its own port and protocol."""
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
