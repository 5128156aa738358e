"""A dot is part of the URL: /rss.xml."""

from email.utils import format_datetime
from html import escape

from edgeroutes import Request, Response
from functions._shared import posts
from functions._shared.models import Post

revalidate = 3600
tags = ["posts"]


def GET(request: Request) -> Response:
    origin = request.url.origin
    newest = posts.page(limit=20).items
    feed = f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel>
<title>edgeroutes example</title><link>{origin}</link><description>News of the example</description>
{"".join(_item(post, origin) for post in newest)}</channel></rss>
"""
    return Response(feed, headers={"content-type": "application/rss+xml; charset=utf-8"})


def _item(post: Post, origin: str) -> str:
    link = f"{origin}/api/posts/{post.id}"
    date = format_datetime(post.created_at)
    what = f"<title>{escape(post.title)}</title><link>{link}</link><guid>{link}</guid>"
    return f"<item>{what}<pubDate>{date}</pubDate></item>\n"
