"""Checks of events that failed and results that are large: their shape and size limits. A request that succeeds pays for no check.

Source: docs.aws.amazon.com/lambda "gettingstarted-limits" and "lambda-services" (payloads), apigateway
"api-gateway-execution-service-limits-table", "http-api-quotas", "set-up-lambda-proxy-integrations" and
"http-api-develop-integrations-lambda", elasticloadbalancing "lambda-functions" and "load-balancer-limits"; read 2026-11-30.
"""

from __future__ import annotations

import sys

from edgeroutes.errors import EventError, ResponseTooLargeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from edgeroutes.types import Event


_MIB = 1024 * 1024

# Lambda: the JSON of an event, and of a buffered result. Lambda's own error message has 6,291,556: 6 MiB and 100 bytes.
LAMBDA_EVENT_BYTES = 6 * _MIB
LAMBDA_RESULT_BYTES = 6 * _MIB + 100
LAMBDA_ASYNC_EVENT_BYTES = _MIB

# API Gateway, REST and HTTP: a request's body; the sum of all header values (of a request with the request line).
GATEWAY_BODY_BYTES = 10 * _MIB
GATEWAY_HEADER_BYTES = 10_240
# A streamed result: API Gateway searches the delimiter after status and headers up to here ("response-transfer-mode-lambda").
_GATEWAY_PRELUDE_BYTES = 16 * 1024

# Application Load Balancer: the JSON of a function's result; the header of a response.
_LOAD_BALANCER_RESULT_BYTES = _MIB
_LOAD_BALANCER_HEADER_BYTES = 32 * 1024


_STRINGS = ("httpMethod", "path", "rawPath", "rawQueryString", "body")
_CONTEXT_STRINGS = ("requestId", "domainName", "stage")


def not_a_request(event: object) -> EventError:
    """The refusal of what is not an HTTP request, with what it is as far as that can be seen: a warmer, a schedule, a queue."""
    there = f"of type {type(event).__name__}"
    if isinstance(event, dict):
        there = f"with the keys {', '.join(sorted(map(str, event))) or '(none)'}"
    hint = "Invoke it through API Gateway, a function URL or a load balancer; give a schedule or queue a function of its own"
    return EventError(f"an event {there} is not an HTTP request{_sender(event)}", where="the invocation", hint=hint)


def _sender(event: object) -> str:
    """`: it comes from aws:sqs` and the like, where an event that is not an HTTP request names its sender; empty where it does not."""
    records = event.get("Records") if isinstance(event, dict) else None
    first = records[0] if isinstance(records, list) and records else event
    if not isinstance(first, dict):
        return ""
    if "methodArn" in first or "routeArn" in first:
        return f": API Gateway asks an authorizer of the type {first.get('type')}"
    sender = (
        "CloudFront" if "cf" in first else first.get("eventSource") or first.get("EventSource") or first.get("source")
    )
    return f": it comes from {sender}" if isinstance(sender, str) else ""


def shape_problem(event: object) -> str:
    """The first value that does not have the type that AWS documents: `headers is True, not an object`; empty where all have."""
    if not isinstance(event, dict):
        return f"the event is {_shown(event)}, not an object"
    return _first_problem(event, _EVENT) or _context_problem(event.get("requestContext")) or _missing(event)


def _missing(event: dict[str, object]) -> str:
    context = event.get("requestContext")
    http = context.get("http") if isinstance(context, dict) else None
    if isinstance(http, dict):
        return "" if http.get("method") else _problem("requestContext.http.method", http.get("method"), "a string")
    absent = [name for name in ("httpMethod", "path") if name not in event]
    if absent:
        return f"{absent[0]} is missing"
    return "" if event["httpMethod"] else _problem("httpMethod", event["httpMethod"], "a string")


def _context_problem(context: object) -> str:
    if context is None:
        return ""
    if not isinstance(context, dict):
        return _problem("requestContext", context, "an object")
    problem = _first_problem(context, _CONTEXT, "requestContext.")
    for name in ("identity", "http"):
        if not problem and context.get(name) is not None:
            problem = _first_problem(context[name], _INNER, f"requestContext.{name}.")
    return problem


def _first_problem(values: dict[str, object], types: Mapping[str, tuple[Any, str]], at: str = "") -> str:
    """The first of the values that is there, is not null and is not as it should be."""
    for name, (right, wanted) in types.items():
        value = values.get(name)
        if value is not None and not (isinstance(value, right) if isinstance(right, type) else right(value)):
            return _problem(f"{at}{name}", value, wanted)
    return ""


def _problem(name: str, value: object, wanted: str) -> str:
    return f"{name} is {_shown(value)}, not {wanted}"


def _shown(value: object) -> str:
    return f"{value!r:.60}"


def _is_list_of_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _maps_to_strings(value: object) -> bool:
    """Whether these are fields with one value each, or with none."""
    return isinstance(value, dict) and all(
        isinstance(name, str) and (item is None or isinstance(item, str)) for name, item in value.items()
    )


def _maps_to_lists(value: object) -> bool:
    """Whether these are fields with a list of values each, or with none."""
    return isinstance(value, dict) and all(
        isinstance(name, str) and (items is None or _is_list_of_strings(items)) for name, items in value.items()
    )


_STRING = (str, "a string")
_EVENT = {
    **dict.fromkeys(_STRINGS, _STRING),
    "isBase64Encoded": (bool, "true or false"),
    "headers": (_maps_to_strings, "an object of strings"),
    "queryStringParameters": (_maps_to_strings, "an object of strings"),
    "multiValueHeaders": (_maps_to_lists, "an object of lists of strings"),
    "multiValueQueryStringParameters": (_maps_to_lists, "an object of lists of strings"),
    "cookies": (_is_list_of_strings, "a list of strings"),
}
_CONTEXT = {
    **dict.fromkeys(_CONTEXT_STRINGS, _STRING),
    "identity": (dict, "an object"),
    "http": (dict, "an object"),
}
_INNER = dict.fromkeys(("method", "path", "sourceIp"), _STRING)


_STREAM = "Set streaming = True in the route file, return less, or put it into S3 and redirect to a presigned URL"
_SHORTEN = "Set fewer or shorter headers and cookies"


def find_excess(result: Mapping[str, Any], event: Event, where: str) -> ResponseTooLargeError | None:
    """Which limit a proxy result exceeds; None when it fits.

    Args:
        result: As the handler returns it.
        event: That it belongs to, which shows who invoked the function.
        where: The route file.
    """
    gateway = event.get("requestContext") or {}
    if "elb" in gateway:
        header_limit, result_limit = _LOAD_BALANCER_HEADER_BYTES, _LOAD_BALANCER_RESULT_BYTES
        invoker, hint = "a load balancer", _STREAM.partition(", ")[2].capitalize()
    else:
        header_limit, result_limit = GATEWAY_HEADER_BYTES, LAMBDA_RESULT_BYTES
        invoker, hint = "API Gateway", _STREAM
    is_function_url = ".lambda-url." in str(gateway.get("domainName"))  # it has no limit of its own for headers
    if not is_function_url and (size := _header_bytes(_header_values(result))) > header_limit:
        return excess(
            f"the response's header values have {size:,} bytes", size, header_limit, invoker, where=where, hint=_SHORTEN
        )
    size = _posted_bytes(result)
    if size <= result_limit:
        return None
    is_binary = result.get("isBase64Encoded")
    what = f"the response has {size:,} bytes as Lambda's JSON result{', its body in base64' if is_binary else ''}"
    return excess(what, size, result_limit, "Lambda" if invoker == "API Gateway" else invoker, where=where, hint=hint)


def check_prelude(prelude: bytes, values: Sequence[str], where: str) -> None:
    """Refuse the prelude of a streamed result that API Gateway would not accept.

    Raises:
        ResponseTooLargeError: When it, or the header values in it, are too large.
    """
    if (size := _header_bytes(values)) > GATEWAY_HEADER_BYTES:
        what = f"the response's header values have {size:,} bytes"
        raise excess(what, size, GATEWAY_HEADER_BYTES, "API Gateway", where=where, hint=_SHORTEN)
    if len(prelude) > _GATEWAY_PRELUDE_BYTES:
        what = f"the response's headers take {len(prelude):,} bytes as JSON"
        raise excess(what, len(prelude), _GATEWAY_PRELUDE_BYTES, "API Gateway", where=where, hint=_SHORTEN)


def excess(what: str, size: int, limit: int, taker: str, *, where: str, hint: str = _STREAM) -> ResponseTooLargeError:
    """The error for something that is larger than `taker` accepts."""
    return ResponseTooLargeError(f"{what}. {taker[0].upper()}{taker[1:]} accepts {limit:,}", size, limit, where, hint)


def _posted_bytes(result: Mapping[str, Any]) -> int:
    """The size of a result as it is posted to Lambda, with the escapes of the runtime's own encoder where there is one."""
    marshaller = sys.modules.get("awslambdaric.lambda_runtime_marshaller")
    if marshaller is not None:
        text: str = marshaller.to_json(result)
    else:
        from json import dumps

        text = dumps(result, ensure_ascii=False)
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _header_bytes(values: Iterable[str]) -> int:
    """The size of header values as they are sent."""
    return sum(len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass")) for value in values)


def _header_values(result: Mapping[str, Any]) -> Iterable[str]:
    """The values in any shape of result: lists by name, one by name, and cookies apart."""
    for values in (result.get("multiValueHeaders") or {}).values():
        yield from values
    yield from (result.get("headers") or {}).values()
    yield from result.get("cookies") or ()
