"""The shapes of Lambda's HTTP events, read as `Incoming`, and of the results that go back.

Three shapes: the REST API's (payload 1.0), the HTTP API's and the function URL's (payload 2.0). They differ in what AWS has done to
the request already. Source: docs.aws.amazon.com "set-up-lambda-proxy-integrations", "http-api-develop-integrations-lambda", read
2026-11-21; what they leave open from live captures (facts/aws.md §6).
"""

from __future__ import annotations

from edgeroutes.http.response import is_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from edgeroutes.http.response import Response
    from edgeroutes.types import Event, LambdaContext


# In a query's name or value. Source: WHATWG URL, "query percent-encode set", less the characters that separate parameters, and less
# "'", which browsers escape and others do not.
_UNESCAPED = "!$'()*,-./:;?@[]_~"


class LambdaEvent:
    """What every Lambda event has in common."""

    __slots__ = ("aws_context", "event", "method", "path")

    method: str
    path: str

    def __init__(self, event: Event, context: LambdaContext | None) -> None:
        self.event = event
        self.aws_context = context

    @property
    def request_id(self) -> str:
        """The invocation's id; API Gateway's own where there is no Lambda context."""
        found = getattr(self.aws_context, "aws_request_id", None) or self._context().get("requestId")
        return str(found or "")

    def body(self) -> bytes:
        """The body's bytes, whether they came as text or base64.

        Raises:
            ValueError: When its base64 is broken.
        """
        body = self.event.get("body")
        if not body:
            return b""
        if not self.event.get("isBase64Encoded"):
            encoded: bytes = body.encode("utf-8", "surrogatepass")
            return encoded
        from binascii import a2b_base64

        try:
            return a2b_base64(body)
        except ValueError as error:  # also for what is not ASCII
            raise ValueError(f"its base64 is broken: {error}") from error

    def header(self, name: str) -> str | None:
        """The last value of one field."""
        raise NotImplementedError

    def origin(self) -> tuple[str, str]:
        """Scheme and host that the client used: https unless a proxy says http, `Host` or else the gateway's own name."""
        proto = (self.header("x-forwarded-proto") or "").partition(",")[0].strip().lower()
        host = self.header("host") or str(self._context().get("domainName") or "localhost")
        return ("http" if proto == "http" else "https"), host

    def _context(self) -> dict[str, Any]:
        context = self.event.get("requestContext")
        return context if isinstance(context, dict) else {}  # what else it is, the check of a failed event names


class RestEvent(LambdaEvent):
    """A request through a REST API: path as sent, without the stage; query decoded; headers in their own case."""

    __slots__ = ()

    def __init__(self, event: Event, context: LambdaContext | None) -> None:
        self.event = event
        self.aws_context = context
        self.method = event["httpMethod"]
        self.path = event["path"] or "/"

    def header_items(self) -> list[tuple[str, str]]:
        """Every header field, repeated ones apart; the Cookie header's lines are one jar."""
        repeated = self.event.get("multiValueHeaders")
        if repeated:
            return [(name.lower(), value) for name, values in repeated.items() for value in values or ()]
        return _fields(self.event.get("headers"))

    def header(self, name: str) -> str | None:
        value: str | None = _find_field(self.event.get("headers"), name)
        if value is None:
            values = _find_field(self.event.get("multiValueHeaders"), name)
            value = values[-1] if values else None
        return value

    def query_items(self, most: int | None = None) -> list[tuple[str, str]]:
        """Every query parameter; API Gateway has decoded them, and keeps no order between names.

        Raises:
            ValueError: For more than `most`.
        """
        repeated = self.event.get("multiValueQueryStringParameters")
        if repeated:
            items = [(name, value) for name, values in repeated.items() for value in values or ("",)]
        else:
            items = [(name, value or "") for name, value in (self.event.get("queryStringParameters") or {}).items()]
        if most is not None and len(items) > most:
            raise ValueError(f"{len(items)} query parameters")
        return items

    def query_string(self) -> str:
        """The query, encoded again because API Gateway gives only decoded values: characters that browsers leave alone stay."""
        items = self.query_items()
        if not items:
            return ""
        from urllib.parse import quote, urlencode

        return urlencode(items, safe=_UNESCAPED, errors="surrogatepass", quote_via=quote)

    def client_host(self) -> str | None:
        identity = self._context().get("identity") or {}
        host: str | None = identity.get("sourceIp")
        return host or None


def _fields(headers: dict[str, str | None] | None) -> list[tuple[str, str]]:
    """The fields of an event's `headers`, which emulators leave out or give null."""
    return [(name.lower(), value) for name, value in (headers or {}).items() if value is not None]


def _find_field(headers: dict[str, Any] | None, name: str) -> Any:
    """What stands under a name given in lower case, in whatever case the client sent it."""
    if not headers:
        return None
    found = headers.get(name) or headers.get(name.title())  # as nearly every client writes it
    if found is None:
        for key, value in headers.items():
            if len(key) == len(name) and key.lower() == name:
                return value
    return found


class HttpEvent(LambdaEvent):
    """A request through an HTTP API or a function URL (payload 2.0): query as sent, cookies apart, headers joined."""

    __slots__ = ()

    def __init__(self, event: Event, context: LambdaContext | None) -> None:
        self.event = event
        self.aws_context = context
        gateway = event["requestContext"]
        self.method = gateway["http"]["method"]
        self.path = _sent_path(event.get("rawPath") or gateway["http"].get("path") or "/", gateway)

    def header_items(self) -> list[tuple[str, str]]:
        """Every header field; the cookies, which come apart, as one Cookie header."""
        items = _fields(self.event.get("headers"))
        cookies = self.event.get("cookies")
        if cookies:
            items = [item for item in items if item[0] != "cookie"]
            items.append(("cookie", "; ".join(cookies)))
        return items

    def header(self, name: str) -> str | None:
        cookies = self.event.get("cookies")
        if name == "cookie" and cookies:
            return "; ".join(cookies)
        value: str | None = _find_field(self.event.get("headers"), name)
        return value

    def query_items(self, most: int | None = None) -> list[tuple[str, str]]:
        query = self.query_string()
        if not query:
            return []
        from urllib.parse import parse_qsl

        return parse_qsl(query, keep_blank_values=True, max_num_fields=most)

    def query_string(self) -> str:
        return self.event.get("rawQueryString") or ""

    def client_host(self) -> str | None:
        host: str | None = self._context()["http"].get("sourceIp")
        return host or None


def _sent_path(path: str, gateway: dict[str, Any]) -> str:
    """The path as the client sent it, or as near as can be.

    A function URL leaves it alone. An HTTP API decodes it, so what was encoded is encoded anew (a `%2F` looks like `/` any
    more), and puts a named stage in front.
    """
    if ".lambda-url." in str(gateway.get("domainName")):
        return path
    stage = gateway.get("stage") or "$default"
    if stage != "$default" and (path == f"/{stage}" or path.startswith(f"/{stage}/")):
        path = path[len(stage) + 1 :] or "/"
    if path.isascii() and path.isprintable() and not any(character in path for character in '% "<>?#\\^`{|}'):
        return path
    from urllib.parse import quote

    return quote(path, safe="/-._~!$&'()*+,;=:@[]", errors="replace")


def read_event(event: object, context: LambdaContext | None) -> RestEvent | HttpEvent:
    """The request in a Lambda event.

    Raises:
        EventError: When there is none in it: a warmer, a schedule, a queue.
    """
    # What API Gateway sends to an authorizer looks like a request.
    if isinstance(event, dict) and not ("type" in event and ("methodArn" in event or "routeArn" in event)):
        if "httpMethod" in event and "path" in event:
            return RestEvent(event, context)
        gateway = event.get("requestContext")
        http = gateway.get("http") if isinstance(gateway, dict) else None
        if isinstance(http, dict) and "method" in http:
            return HttpEvent(event, context)
    from edgeroutes.adapters.checks import not_a_request

    raise not_a_request(event)


def is_load_balancer(event: object) -> bool:
    if not isinstance(event, dict) or "resource" in event:
        return False
    gateway = event.get("requestContext")
    return isinstance(gateway, dict) and "elb" in gateway


def rest_result(response: Response, body: str | bytes | None) -> dict[str, Any]:
    """The proxy result for a REST API: every header as a list, so that repeated ones survive."""
    headers: dict[str, list[str]] = {}
    for name, value in response.headers.pairs():
        if name in headers:
            headers[name].append(value)
        else:
            headers[name] = [value]
    text, encoded = (body, False) if isinstance(body, str) else _result_body(response, body)
    return {"statusCode": response.status, "multiValueHeaders": headers, "body": text, "isBase64Encoded": encoded}


def http_result(response: Response, body: str | bytes | None) -> dict[str, Any]:
    """The result for an HTTP API or a function URL: cookies apart, other repeated headers joined."""
    headers, cookies = joined_headers(response.headers.pairs())
    text, encoded = (body, False) if isinstance(body, str) else _result_body(response, body)
    result = {"statusCode": response.status, "headers": headers, "body": text, "isBase64Encoded": encoded}
    if cookies:
        result["cookies"] = cookies
    return result


def joined_headers(fields: Iterable[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    """The headers with repeated ones joined, and the cookies, which cannot be, apart."""
    headers: dict[str, str] = {}
    cookies = []
    for name, value in fields:
        if name == "set-cookie":
            cookies.append(value)
        else:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers, cookies


def _result_body(response: Response, body: bytes | None) -> tuple[str, bool]:
    """The body as text where it is text, else in base64; either way its bytes arrive as they are."""
    if body is None:
        return "", False
    if "content-encoding" not in response.headers and is_text(response.headers.get("content-type", "")):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    from binascii import b2a_base64

    return b2a_base64(body, newline=False).decode("ascii"), True
