"""Size limits of Lambda, of its callers and of edgeroutes, for the runtime, `dev` and the tests.

Source: docs.aws.amazon.com/lambda "gettingstarted-limits" and "lambda-services" (payloads), apigateway
"api-gateway-execution-service-limits-table" and "http-api-quotas", elasticloadbalancing "lambda-functions" and "load-balancer-limits" (read
2026-11-30).
"""

from __future__ import annotations

MIB = 1024 * 1024

# Lambda: the JSON of an event, and of a buffered result. Lambda's own error message has 6,291,556: 6 MiB and 100 bytes.
LAMBDA_EVENT_BYTES = 6 * MIB
LAMBDA_RESULT_BYTES = 6 * MIB + 100
LAMBDA_ASYNC_EVENT_BYTES = MIB

# API Gateway, REST and HTTP: a request's body; the sum of all header values (of a request with the request line).
GATEWAY_BODY_BYTES = 10 * MIB
GATEWAY_HEADER_BYTES = 10_240
# A streamed result: API Gateway searches the delimiter after status and headers up to here ("response-transfer-mode-lambda").
GATEWAY_PRELUDE_BYTES = 16 * 1024

# Application Load Balancer: the JSON of a function's result; the header of a response.
LOAD_BALANCER_RESULT_BYTES = MIB
LOAD_BALANCER_HEADER_BYTES = 32 * 1024

# edgeroutes' limits for the request line and headers. API Gateway allows no more bytes; a load balancer (16 K of request line, 64 K of
# headers) and an ASGI server do.
MAX_TARGET_BYTES = 16_384
MAX_HEADER_BYTES = 65_536
MAX_HEADERS = 256
