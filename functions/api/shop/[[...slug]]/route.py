"""An optional catch-all: /api/shop itself, and everything below it. Segments are decoded: encode them in a URL."""

from urllib.parse import quote


async def GET(slug: list[str] | None = None) -> dict[str, object]:
    shelves = slug or []
    encoded = [quote(shelf, safe="") for shelf in shelves]
    crumbs = ["/".join(["/api/shop", *encoded[:depth]]) for depth in range(len(shelves) + 1)]
    return {"shelves": shelves, "breadcrumbs": crumbs}
