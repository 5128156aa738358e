"""Query parameters by name: required without a default, repeated as a list, converted by annotation."""

from functions._shared.models import Product
from functions._shared.store import products


async def GET(
    *,
    q: str,
    tags: list[str],
    in_stock: bool | None = None,
    max_price_cents: int | None = None,
) -> dict[str, object]:
    def fits(product: Product) -> bool:
        return (
            q.lower() in product.name.lower()
            and set(tags) <= set(product.tags)
            and in_stock in (None, product.in_stock)
            and (max_price_cents is None or product.price_cents <= max_price_cents)
        )

    return {"q": q, "tags": tags, "items": [product for product in products.all() if fits(product)]}
