"""The bytes of a streamed result: prelude, chunks, trailers.

Source: docs.aws.amazon.com/lambda "runtimes-custom"; apigateway "response-transfer-mode-lambda"; HttpResponseStream.js and
ResponseStream.js of aws-lambda-nodejs-runtime-interface-client; RFC 9112 §7.1; read 2026-11-21.
"""

from __future__ import annotations

import json

from edgeroutes.adapters.events import joined_headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.http.response import Response

CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
DELIMITER = bytes(8)
# A prelude of this size is accepted everywhere.
_SMALL_PRELUDE_BYTES = 5_000
LAST_CHUNK = b"0\r\n\r\n"
_ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
_ERROR_BODY = "Lambda-Runtime-Function-Error-Body"


def render_prelude(response: Response, length_bytes: int | None, where: str = "") -> bytes:
    r"""Status, headers and cookies as what reads a streamed result wants them, with the delimiter.

    >>> render_prelude(Response("ok"), 2)
    b'{"statusCode":200,"headers":{"content-type":"text/plain; charset=utf-8","content-length":"2"}}\0\0\0\0\0\0\0\0'

    Args:
        response: Its head is complete.
        length_bytes: Of the body, None where it is not known; CloudFront compresses only bodies with a length.
        where: The route file, for the error.

    Raises:
        ResponseTooLargeError: When it, or its header values, are larger than API Gateway accepts.
    """
    headers, cookies = joined_headers(response)
    if length_bytes is not None:
        headers["content-length"] = str(length_bytes)
    fields = {"statusCode": response.status, "headers": headers, **({"cookies": cookies} if cookies else {})}
    prelude = json.dumps(fields, separators=(",", ":")).encode() + DELIMITER
    if len(prelude) > _SMALL_PRELUDE_BYTES:
        from edgeroutes.adapters.result_size import check_prelude

        check_prelude(prelude, [*headers.values(), *cookies], where)
    return prelude


def render_request_head(address: str, invoke_id: str, invocation_id: str | None) -> bytes:
    """The head of the request that carries a streamed result to the Runtime API.

    Args:
        address: `host:port` of the Runtime API.
        invoke_id: The request id of the invocation.
        invocation_id: Of this attempt, where Lambda has given one; it is to be sent back.
    """
    fields = [
        f"POST /2018-06-01/runtime/invocation/{invoke_id}/response HTTP/1.1",
        f"Host: {address}",
        f"Content-Type: {CONTENT_TYPE}",
        "Lambda-Runtime-Function-Response-Mode: streaming",
        "Transfer-Encoding: chunked",
        f"Trailer: {_ERROR_TYPE}, {_ERROR_BODY}",
        "Connection: close",
    ]
    if invocation_id:
        fields.append(f"Lambda-Runtime-Invocation-Id: {invocation_id}")
    return ("\r\n".join(fields) + "\r\n\r\n").encode("latin-1")


def render_chunk(data: bytes | memoryview) -> bytes:
    """One chunk of the body, framed; `data` is not empty, for that would be the end."""
    return b"".join((b"%x\r\n" % len(data), data, b"\r\n"))


def render_failed_end(error_type: str, message: str) -> bytes:
    """The end of a body that broke off: the last chunk, and in the trailers what Lambda is to know of it."""
    from binascii import b2a_base64

    body = json.dumps({"errorMessage": message, "errorType": error_type}).encode()
    error_type = error_type if error_type.isidentifier() else "Error"
    trailers = f"{_ERROR_TYPE}: {error_type}\r\n{_ERROR_BODY}: ".encode("latin-1", "replace")
    return b"0\r\n%b%b\r\n\r\n" % (trailers, b2a_base64(body, newline=False))
