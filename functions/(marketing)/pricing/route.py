"""/pricing: the URL does not contain the group's folder."""

from html import escape

from edgeroutes import Response
from functions._shared import products

revalidate = 3600
tags = ["products"]


def GET() -> Response:
    rows = "".join(
        f"<tr><td>{escape(product.name)}</td><td>{product.price_cents / 100:.2f} €</td></tr>"
        for product in products.every()
    )
    return Response.html(f"<!doctype html><title>Prices</title><table>{rows}</table>")
