"""CORS by hand, for scripts of any site. The preflight allows the same as the other responses."""

from edgeroutes import Response
from functions._shared import products

_ANY_ORIGIN = {"access-control-allow-origin": "*"}


def GET() -> Response:
    in_stock = [product for product in products.every() if product.in_stock]
    return Response.json(in_stock, headers=_ANY_ORIGIN)


def OPTIONS() -> Response:
    allowed = {
        "access-control-allow-methods": "GET, HEAD, OPTIONS",
        "access-control-allow-headers": "content-type",
        "access-control-max-age": "86400",
    }
    return Response(status=204, headers={**_ANY_ORIGIN, **allowed})
