"""How much of a request's head edgeroutes reads. Ground floor; loaded where something is counted.

API Gateway takes 10,240 bytes of request line and headers together, so what runs behind it never meets these limits but for the counts. A
load balancer and an ASGI server take more. Source: docs.aws.amazon.com/apigateway "limits" and /elasticloadbalancing
"load-balancer-limits" (16 K of request line, 64 K of headers), read 2026-11-21.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

MAX_TARGET_BYTES: Final = 16_384
MAX_HEADER_BYTES: Final = 65_536
MAX_HEADERS: Final = 256
MAX_COOKIES: Final = 500  # no browser keeps more than 180 for a site
MAX_QUERY_ITEMS: Final = 1_000
