"""A catch-all: one or more segments, as a list. Only listed pages exist; they are cached until revalidated."""

from edgeroutes import Response

dynamic_params = False

_PAGES = {
    "start": "# Start\n",
    "guides/routing": "# Routing\n",
    "guides/routing/catch-all": "# Catch-all segments\n",
}


def generate_static_params() -> list[dict[str, list[str]]]:
    return [{"slug": path.split("/")} for path in _PAGES]


async def GET(slug: list[str]) -> Response:
    return Response(_PAGES["/".join(slug)], headers={"content-type": "text/markdown; charset=utf-8"})
