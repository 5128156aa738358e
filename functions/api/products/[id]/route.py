"""Cached at the edge: CloudFront serves a response for a minute, and invalidates it by tag."""

from dataclasses import dataclass

from edgeroutes import Request, not_found, revalidate_tag
from functions._shared import products
from functions._shared.models import Product
from functions._shared.sessions import member
from functions._shared.validation import require

revalidate = 60
tags = ["products"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductChanges:
    price_cents: int
    in_stock: bool = True

    def __post_init__(self) -> None:
        require(("price_cents", 1 <= self.price_cents <= 100_000_000, "must be from 1 to 100,000,000"))


def GET(id: int) -> Product:
    return products.find(id) or not_found()


def PUT(request: Request, id: int, changes: ProductChanges) -> Product:
    member(request)
    product = products.find(id) or not_found()
    product = products.change(product, price_cents=changes.price_cents, in_stock=changes.in_stock)
    revalidate_tag("products")  # this response, the catalog's, and its data
    return product
