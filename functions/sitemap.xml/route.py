"""The sitemap for search engines."""

from edgeroutes import Request, Response
from functions._shared import posts

revalidate = 3600
tags = ["posts"]


def GET(request: Request) -> Response:
    paths = ["/", "/pricing", *(f"/api/posts/{post.id}" for post in posts.every())]
    urls = "\n".join(f"<url><loc>{request.url.origin}{path}</loc></url>" for path in paths)
    sitemap = f"""<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{urls}
</urlset>
"""
    return Response(sitemap, headers={"content-type": "application/xml"})
