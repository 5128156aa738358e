"""Whether Lambda and what invoked it take a result of this size; loaded for results that are large enough to matter."""

from __future__ import annotations

import sys

from edgeroutes.errors import ResponseTooLargeError
from edgeroutes.http.limits import (
    GATEWAY_HEADER_BYTES,
    GATEWAY_PRELUDE_BYTES,
    LAMBDA_RESULT_BYTES,
    LOAD_BALANCER_HEADER_BYTES,
    LOAD_BALANCER_RESULT_BYTES,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from edgeroutes.types import Event

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
        header_limit, result_limit = LOAD_BALANCER_HEADER_BYTES, LOAD_BALANCER_RESULT_BYTES
        invoker, hint = "a load balancer", _STREAM.partition(", ")[2].capitalize()
    else:
        header_limit, result_limit = GATEWAY_HEADER_BYTES, LAMBDA_RESULT_BYTES
        invoker, hint = "API Gateway", _STREAM
    is_function_url = ".lambda-url." in str(gateway.get("domainName"))  # it has no limit of its own for headers
    if not is_function_url and (size := header_bytes(_header_values(result))) > header_limit:
        return excess(
            f"the response's header values have {size:,} bytes", size, header_limit, invoker, where=where, hint=_SHORTEN
        )
    size = posted_bytes(result)
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
    if (size := header_bytes(values)) > GATEWAY_HEADER_BYTES:
        what = f"the response's header values have {size:,} bytes"
        raise excess(what, size, GATEWAY_HEADER_BYTES, "API Gateway", where=where, hint=_SHORTEN)
    if len(prelude) > GATEWAY_PRELUDE_BYTES:
        what = f"the response's headers take {len(prelude):,} bytes as JSON"
        raise excess(what, len(prelude), GATEWAY_PRELUDE_BYTES, "API Gateway", where=where, hint=_SHORTEN)


def excess(what: str, size: int, limit: int, taker: str, *, where: str, hint: str = _STREAM) -> ResponseTooLargeError:
    """The error for something that is larger than `taker` accepts."""
    return ResponseTooLargeError(f"{what}. {taker[0].upper()}{taker[1:]} accepts {limit:,}", size, limit, where, hint)


def posted_bytes(result: Mapping[str, Any]) -> int:
    """The size of a result as it is posted to Lambda, with the escapes of the runtime's own encoder where there is one."""
    marshaller = sys.modules.get("awslambdaric.lambda_runtime_marshaller")
    if marshaller is not None:
        text: str = marshaller.to_json(result)
    else:
        from json import dumps

        text = dumps(result, ensure_ascii=False)
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def header_bytes(values: Iterable[str]) -> int:
    """The size of header values as they are sent."""
    return sum(len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass")) for value in values)


def _header_values(result: Mapping[str, Any]) -> Iterable[str]:
    """The values in any shape of result: lists by name, one by name, and cookies apart."""
    for values in (result.get("multiValueHeaders") or {}).values():
        yield from values
    yield from (result.get("headers") or {}).values()
    yield from result.get("cookies") or ()
