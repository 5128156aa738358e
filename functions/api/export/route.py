"""A long list, written as it is read: one JSON document a line, or one JSON array."""

from collections.abc import Iterator
from typing import Literal

from edgeroutes import Response
from functions._shared.models import Post
from functions._shared.store import posts


async def GET(format: Literal["ndjson", "json"] = "ndjson") -> Response:
    rows = _rows()
    response = Response.ndjson(rows) if format == "ndjson" else Response.json_array(rows)
    response.headers["content-disposition"] = f'attachment; filename="posts.{format}"'
    return response


def _rows() -> Iterator[Post]:
    yield from posts.all()
