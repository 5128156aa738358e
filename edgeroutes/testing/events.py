"""The events that AWS makes of a request, and the answers that it makes of results. Roof; does no I/O.

The REST API's is the dev server's own (`dev/gateway`); here are those of the other doors. Source: docs.aws.amazon.com
"http-api-develop-integrations-lambda", "urls-invocation", "elasticloadbalancing/latest/application/lambda-functions.html" and
"lambda-event-structure" of CloudFront (read 2026-11-21). What an HTTP API does to a path (decodes it) was seen on AWS.
"""

from __future__ import annotations

import time
import uuid
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any, Literal, Unpack
from urllib.parse import unquote

from edgeroutes.dev.gateway import HttpRequest, HttpResponse, rest_event
from edgeroutes.testing.outgoing import RequestOptions, make_request

if TYPE_CHECKING:
    from edgeroutes.types import Event

EventKind = Literal["rest", "http-api", "function-url", "alb", "cloudfront"]
_API_DOMAIN = "id.execute-api.us-east-1.amazonaws.com"
_URL_DOMAIN = "abc.lambda-url.us-east-1.on.aws"
_TARGET_GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/routes/0123456789abcdef"


def lambda_event(
    kind: EventKind = "rest", method: str = "GET", url: str = "/", **options: Unpack[RequestOptions]
) -> Event:
    """The event that a function gets for a request.

    Args:
        kind: Through which door it comes. For `cloudfront` it is a function at the edge, asked at origin-request.
        method: Any.
        url: Path with its query, percent-encoded where it needs to be.
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
        "cloudfront": cloudfront_event,
    }
    if kind not in makers:
        raise ValueError(f"lambda_event: there is no kind {kind!r}. Allowed are {', '.join(makers)}")
    return makers[kind](request)


def http_api_event(request: HttpRequest) -> Event:
    """An HTTP API's event, which has the path decoded."""
    return _payload_two(request, _API_DOMAIN, unquote(request.path).partition("?")[0])


def function_url_event(request: HttpRequest) -> Event:
    """A function URL's event, which has the path as it was sent."""
    return _payload_two(request, _URL_DOMAIN, request.path)


def load_balancer_event(request: HttpRequest) -> Event:
    """The event of an Application Load Balancer whose target group has multi-value headers: names in lower case, nothing decoded."""
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


def cloudfront_event(request: HttpRequest) -> Event:
    """CloudFront's event for a function at the edge, at origin-request."""
    headers: dict[str, list[dict[str, str]]] = {}
    for name, value in request.headers:
        headers.setdefault(name.lower(), []).append({"key": name, "value": value})
    asked: Event = {
        "clientIp": request.client_host,
        "headers": headers,
        "method": request.method,
        "querystring": request.query,
        "uri": request.path,
    }
    if request.body:
        data = b64encode(request.body).decode()
        asked["body"] = {"action": "read-only", "data": data, "encoding": "base64", "inputTruncated": False}
    config = {
        "distributionDomainName": "d111111abcdef8.cloudfront.net",
        "distributionId": "EDFDVBD6EXAMPLE",
        "eventType": "origin-request",
        "requestId": uuid.uuid4().hex,
    }
    return {"Records": [{"cf": {"config": config, "request": asked}}]}


def read_http_result(result: Any) -> HttpResponse:
    """The answer that an HTTP API, or a function URL, makes of a result in payload 2.0."""
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
    asked = {
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
            "http": asked,
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
    """What the door adds where nothing in front of it has."""
    there = {name.lower() for name, _ in request.headers}
    added = {
        "x-forwarded-for": request.client_host,
        "x-forwarded-port": "80" if request.scheme == "http" else "443",
        "x-forwarded-proto": request.scheme,
    }
    return {name: value for name, value in added.items() if name not in there}


def _event_body(request: HttpRequest) -> tuple[str, bool]:
    """Text as it is where its type says so, anything else in base64."""
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "").partition(";")[0]
    if kind.startswith("text/") or kind in ("application/json", "application/xml", "application/javascript"):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return b64encode(request.body).decode(), bool(request.body)
