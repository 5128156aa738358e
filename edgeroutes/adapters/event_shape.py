"""What is wrong with the structure of an HTTP event. Loaded when a request has failed: a request that succeeds pays for no check.

Source: docs.aws.amazon.com "set-up-lambda-proxy-integrations", "http-api-develop-integrations-lambda",
"elasticloadbalancing/latest/application/lambda-functions.html", read 2026-11-21. Emulators leave keys out or send null.
"""

from __future__ import annotations

from edgeroutes.errors import EventError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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


def _first_problem(
    values: dict[str, object], types: Mapping[str, tuple[Callable[[object], bool], str]], at: str = ""
) -> str:
    """The first of the values that is there, is not null and is not as it should be."""
    for name, (is_right, wanted) in types.items():
        value = values.get(name)
        if value is not None and not is_right(value):
            return _problem(f"{at}{name}", value, wanted)
    return ""


def _problem(name: str, value: object, wanted: str) -> str:
    return f"{name} is {_shown(value)}, not {wanted}"


def _shown(value: object) -> str:
    return f"{value!r:.60}"


def _is_string(value: object) -> bool:
    return isinstance(value, str)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_list_of_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _maps_to_strings(value: object) -> bool:
    """Whether these are fields with one value each, or with none."""
    return isinstance(value, dict) and all(
        _is_string(name) and (item is None or _is_string(item)) for name, item in value.items()
    )


def _maps_to_lists(value: object) -> bool:
    """Whether these are fields with a list of values each, or with none."""
    return isinstance(value, dict) and all(
        _is_string(name) and (items is None or _is_list_of_strings(items)) for name, items in value.items()
    )


_STRING = (_is_string, "a string")
_EVENT = {
    **dict.fromkeys(_STRINGS, _STRING),
    "isBase64Encoded": (_is_flag, "true or false"),
    "headers": (_maps_to_strings, "an object of strings"),
    "queryStringParameters": (_maps_to_strings, "an object of strings"),
    "multiValueHeaders": (_maps_to_lists, "an object of lists of strings"),
    "multiValueQueryStringParameters": (_maps_to_lists, "an object of lists of strings"),
    "cookies": (_is_list_of_strings, "a list of strings"),
}
_CONTEXT = {
    **dict.fromkeys(_CONTEXT_STRINGS, _STRING),
    "identity": (_is_object, "an object"),
    "http": (_is_object, "an object"),
}
_INNER = dict.fromkeys(("method", "path", "sourceIp"), _STRING)
