"""The whole catalogue, put together at most every five minutes, whichever sandbox is asked; and a tag for each product in it."""

from edgeroutes import cache_tags, cached
from functions._shared import products

revalidate = 300
tags = ["products"]


@cached(revalidate=300, tags=["products"])
def catalogue(tag: str | None) -> list[dict[str, object]]:
    """What takes long in a real shop: every product with its price."""
    return [
        {"id": product.id, "name": product.name, "price_cents": product.price_cents}
        for product in products.every()
        if tag is None or tag in product.tags
    ]


def GET(tag: str | None = None) -> dict[str, object]:
    found = catalogue(tag)
    cache_tags(*(f"product:{product['id']}" for product in found))
    return {"items": found}
