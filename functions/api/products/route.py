"""The whole catalog, computed at most every five minutes for all sandboxes, with a tag for each product in it."""

from edgeroutes import cache_tags, cached
from functions._shared import products

revalidate = 300
tags = ["products"]


@cached(revalidate=300, tags=["products"])
def catalog(tag: str | None) -> list[dict[str, object]]:
    """Every product with its price, which is slow in a real shop."""
    return [
        {"id": product.id, "name": product.name, "price_cents": product.price_cents}
        for product in products.every()
        if tag is None or tag in product.tags
    ]


def GET(tag: str | None = None) -> dict[str, object]:
    found = catalog(tag)
    cache_tags(*(f"product:{product['id']}" for product in found))
    return {"items": found}
