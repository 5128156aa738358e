"""/pricing: the group's folder is not part of it."""

from html import escape

from edgeroutes import Response
from functions._shared.store import products

revalidate = 3600
tags = ["products"]


async def GET() -> Response:
    rows = "".join(
        f"<tr><td>{escape(product.name)}</td><td>{product.price_cents / 100:.2f} €</td></tr>"
        for product in products.all()
    )
    return Response.html(f"<!doctype html><title>Prices</title><table>{rows}</table>")
