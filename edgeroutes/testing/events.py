"""A test's request, and the event that each platform makes of it.

The REST API's event is the dev server's (`dev/gateway`). Source: docs.aws.amazon.com "http-api-develop-integrations-lambda",
"urls-invocation", "elasticloadbalancing/latest/application/lambda-functions.html" and "lambda-event-structure" of CloudFront (read
2026-11-21). That an HTTP API decodes the path was observed on AWS.
"""

from __future__ import annotations

import json as json_module
import time
import uuid
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack
from urllib.parse import quote, unquote, urlencode, urlsplit

from edgeroutes.dev.gateway import HttpRequest, HttpResponse, rest_event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgeroutes.types import Event

    Query = Mapping[str, str | int | float | bool | Sequence[str]]
    Files = Mapping[str, tuple[str, bytes, str]]

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
    """CloudFront's event for an edge function at origin-request."""
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
