"""Query parameters: required without a default, repeated as a list, converted by annotation. Numbered pages with totals."""

from math import ceil
from typing import Literal

from functions._shared import products
from functions._shared.models import Product
from functions._shared.validation import require


def GET(
    *,
    q: str,
    tags: list[str],
    in_stock: bool | None = None,
    max_price_cents: int | None = None,
    page: int = 1,
    limit: int = 10,
    sort: Literal["id", "name", "price_cents"] = "id",
    order: Literal["asc", "desc"] = "asc",
) -> dict[str, object]:
    require(
        ("page", page >= 1, "must be 1 or more"),
        ("limit", 1 <= limit <= 100, "must be from 1 to 100"),
    )

    def fits(product: Product) -> bool:
        return (
            q.lower() in product.name.lower()
            and set(tags) <= set(product.tags)
            and in_stock in (None, product.in_stock)
            and (max_price_cents is None or product.price_cents <= max_price_cents)
        )

    found = sorted(filter(fits, products.every()), key=lambda product: getattr(product, sort), reverse=order == "desc")
    start = (page - 1) * limit
    return {
        "q": q,
        "tags": tags,
        "items": found[start : start + limit],
        "page": page,
        "total": len(found),
        "total_pages": ceil(len(found) / limit),
    }
