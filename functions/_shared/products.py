"""Products, in a table of at most a few hundred items, which a scan reads as a whole."""

from dataclasses import replace
from typing import Any

from edgeroutes import HTTPError
from functions._shared.models import Product
from functions._shared.table import ConditionFailedError, Table, write

_products = Table("PRODUCTS_TABLE")


def find(product_id: int) -> Product | None:
    item = _products.get(id=product_id)
    return _product(item) if item else None


def every() -> list[Product]:
    """All products, by id."""
    return sorted(map(_product, _products.scan()), key=lambda product: product.id)


def change(product: Product, *, price_cents: int, in_stock: bool) -> Product:
    """Change price and stock; 409 if somebody else changed the product first."""
    changes = {"price_cents": price_cents, "in_stock": in_stock}
    try:
        write(_products.update({"id": product.id}, changes, version=product.version))
    except ConditionFailedError as error:
        raise HTTPError(409, "the product has been changed meanwhile") from error
    return replace(product, price_cents=price_cents, in_stock=in_stock, version=product.version + 1)


def _product(item: dict[str, Any]) -> Product:
    return Product(
        id=item["id"],
        name=item["name"],
        price_cents=item["price_cents"],
        tags=tuple(item["tags"]),
        in_stock=item["in_stock"],
        version=item["version"],
    )
