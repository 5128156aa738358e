"""Application Load Balancers' events, handled by Mangum over the ASGI adapter. Loaded when one comes.

Mangum knows the payload; where its scope is wrong (query decoded, no raw path, hosts and clients of one form only), it is made of
`Incoming` instead. Source: mangum 0.22; docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html, read
2026-11-21.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from mangum.handlers import ALB

from edgeroutes.adapters.asgi import AsgiApplication
from edgeroutes.adapters.checks import find_excess
from edgeroutes.adapters.connection import base_scope, decode_headers, encode_headers, encode_target
from edgeroutes.adapters.events import RestEvent, joined_headers
from edgeroutes.adapters.mounted import AppCycle
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.request import read_body
from edgeroutes.http.url import split_host
from edgeroutes.runtime.application import Call
from edgeroutes.runtime.loop import is_fatal

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from mangum.types import LambdaConfig
    from mangum.types import Response as MangumResponse

    from edgeroutes.http.response import Response
    from edgeroutes.runtime.application import Application
    from edgeroutes.types import Event, LambdaContext, Scope

    Finish = Callable[[], Coroutine[Any, Any, None]]

# Mangum sends bodies of these types as text, others in base64.
_TEXT_TYPES = [
    "text/",
    "application/json",
    "application/javascript",
    "application/xml",
    "+json",
    "+xml",
    "urlencoded",
    "x-ndjson",
]
_CONFIG: LambdaConfig = {"api_gateway_base_path": "/", "text_mime_types": _TEXT_TYPES, "exclude_headers": []}


class _LoadBalancerEvent(ALB):
    """Mangum's handler for Application Load Balancers, with a scope of ours.

    The client is the last address of `x-forwarded-for`, which the load balancer has appended: what stands before it a client can write.
    """

    @cached_property
    def incoming(self) -> RestEvent:
        return RestEvent(self.event, self.context)

    @property
    def body(self) -> bytes:
        return self.incoming.body()

    @property
    def scope(self) -> Scope:
        """The scope: path and query as sent, for a load balancer decodes neither."""
        return {
            **base_scope(self.incoming),
            "query_string": encode_target(_sent_query(self.event)),
            "client": _client_address(self.incoming),
            "aws.event": self.event,
            "aws.context": self.context,
        }

    def __call__(self, response: MangumResponse) -> dict[str, Any]:
        """The result in Mangum's form, which reads header values as UTF-8."""
        headers = decode_headers(response["headers"])
        if "multiValueHeaders" not in self.event:  # one value to a name; Mangum has cookies differ in case
            joined, cookies = joined_headers(headers)
            headers = [*joined.items(), *(("set-cookie", cookie) for cookie in cookies)]
        encoded = [[name.encode(), value.encode()] for name, value in headers]
        result: dict[str, Any] = super().__call__({**response, "headers": encoded})
        return result


async def load_balancer_result(
    application: Application, event: Event, context: LambdaContext | None
) -> tuple[dict[str, Any], Finish]:
    """The result for a load balancer's event, whichever route serves it.

    Args:
        application: The routes.
        event: Such that `is_load_balancer` is true.
        context: Lambda's.

    Returns:
        The result, and what is to be run once it is sent.
    """
    app = AsgiApplication(application)
    handler: Any = _LoadBalancerEvent(event, context, _CONFIG)  # type: ignore[arg-type]  # passed through
    try:
        cycle = AppCycle(handler.scope, read_body(handler.incoming))
    except HTTPError as error:
        return handler(await _refused(application, handler, error)), _nothing
    try:
        collected = await cycle.respond(app, "the load balancer's event")
    except BaseException as error:  # in the middle of a stream, and logged; nothing has been sent yet
        if is_fatal(error):
            raise
        collected = await _refused(application, handler, HTTPError(500))
    return _fitting(handler(collected), application, handler), cycle.finish


def _fitting(result: dict[str, Any], application: Application, handler: _LoadBalancerEvent) -> dict[str, Any]:
    """The result; that of a 500 when the load balancer would refuse this one for its size."""
    call = application.open(handler.incoming)
    error = find_excess(result, handler.event, call.route.source_file if call.route is not None else "")
    if error is None:
        return result
    failed: dict[str, Any] = handler(_as_sent(call.fail(error)))
    if call.incoming.method == "HEAD":
        failed["body"] = ""
    return failed


async def _nothing() -> None:
    """Nothing is to be run after the response."""


async def _refused(application: Application, handler: _LoadBalancerEvent, error: HTTPError) -> MangumResponse:
    return _as_sent(await Call(application, handler.incoming, early=error).respond())


def _as_sent(response: Response) -> MangumResponse:
    headers = [[name, value] for name, value in encode_headers(response.headers.multi_items())]
    return {"status": response.status, "headers": headers, "body": str(response.body or "").encode()}


def _sent_query(event: Event) -> str:
    """The query as the client sent it, but for what a tool that decodes values has made of it."""
    repeated = event.get("multiValueQueryStringParameters")
    if repeated:
        pairs = [(name, value) for name, values in repeated.items() for value in values or (None,)]
    else:
        pairs = list((event.get("queryStringParameters") or {}).items())
    return "&".join(f"{_part(name).replace('=', '%3D')}={_part(value)}" for name, value in pairs)


def _part(text: str | None) -> str:
    return (text or "").replace("&", "%26")


def _client_address(incoming: RestEvent) -> tuple[str, int] | None:
    """The client's address; a load balancer may add its port."""
    sent = (incoming.header("x-forwarded-for") or "").rpartition(",")[2].strip()
    if not sent:
        return None
    host, port = split_host(sent) if sent.startswith("[") or sent.count(":") == 1 else (sent, None)
    return host, port or 0
