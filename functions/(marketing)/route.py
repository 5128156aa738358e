"""The home page, /. Its folder `(marketing)` is a group: it organizes files and is not in the URL."""

from edgeroutes import Response

revalidate = 3600

_LINKS = {
    "/hello": "the smallest route",
    "/api/posts?limit=2": "a list in pages",
    "/api/docs/guides/routing": "a catch-all",
    "/api/stream": "a stream",
    "/api/events": "server-sent events",
    "/api/time/cached": "a cached response",
    "/pricing": "a page of the same group",
    "/rss.xml": "a feed",
}


async def GET() -> Response:
    links = "".join(f'<li><a href="{url}">{text}</a></li>' for url, text in _LINKS.items())
    return Response.html(f"<!doctype html><title>edgeroutes</title><h1>It runs</h1><ul>{links}</ul>")
