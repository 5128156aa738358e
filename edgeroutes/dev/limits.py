"""What API Gateway and Lambda refuse of a request for its size or its form, with a sentence that names the limit. Floor 3; does no I/O.

The numbers are those of `http.limits`, which the runtime checks its results against, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.dev.gateway import query_problem
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.limits import GATEWAY_BODY_BYTES, GATEWAY_HEADER_BYTES, LAMBDA_EVENT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of the real thing; tests make them smaller.

    Args:
        head_bytes: Request line and header values together, API Gateway.
        request_body_bytes: API Gateway's payload.
        event_bytes: The event's JSON, Lambda's payload of an invocation: a body in base64 counts four thirds of its size.
        integration_timeout_s: Until API Gateway gives up waiting for an answer that is not streamed.
        head_timeout_s: Until a connection that has sent no whole request head is closed.
        body_pause_s: Until a client that sends nothing more of its request body is given up.
        body_timeout_s: Until a whole request body has to be there.
    """

    head_bytes: int = GATEWAY_HEADER_BYTES
    request_body_bytes: int = GATEWAY_BODY_BYTES
    event_bytes: int = LAMBDA_EVENT_BYTES
    integration_timeout_s: float = 29.0
    head_timeout_s: float = 10.0
    body_pause_s: float = 20.0
    body_timeout_s: float = 120.0

    def check_head(self, method: str, target: str, headers: Iterable[tuple[str, str]]) -> HTTPError | None:
        """The refusal of a request's line and headers, None when API Gateway takes them."""
        if problem := query_problem(target.partition("?")[2]):
            return HTTPError(400, problem)
        request_line = len(method) + len(target) + len("  HTTP/1.1")
        size = request_line + sum(len(value) for _, value in headers)
        if size <= self.head_bytes:
            return None
        return HTTPError(
            431, f"the request line and the header values have {size:,} bytes: API Gateway takes {self.head_bytes:,}"
        )

    def check_body(self, size: int) -> HTTPError | None:
        """The refusal of a body's size, None when it fits."""
        if size <= self.request_body_bytes:
            return None
        return HTTPError(
            413,
            f"the body has {size:,} bytes: API Gateway takes {self.request_body_bytes:,}."
            " Upload larger files straight to S3, with a presigned POST",
        )

    def check_event(self, event: str, body_bytes: int) -> HTTPError | None:
        """The refusal of an event's JSON, None when it fits."""
        size = len(event.encode("utf-8", "surrogatepass"))
        if size <= self.event_bytes:
            return None
        return HTTPError(
            413,
            f"the event has {size:,} bytes, with a body of {body_bytes:,} in base64: Lambda takes {self.event_bytes:,}."
            " Upload larger files straight to S3, with a presigned POST",
        )
