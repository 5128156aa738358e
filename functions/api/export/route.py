"""A long list, streamed as it is read: one JSON document per line, or one JSON array."""

from typing import Literal

from edgeroutes import Response
from functions._shared import posts


def GET(format: Literal["ndjson", "json"] = "ndjson") -> Response:
    rows = posts.every()
    response = Response.ndjson(rows) if format == "ndjson" else Response.json_array(rows)
    response.headers["content-disposition"] = f'attachment; filename="posts.{format}"'
    return response
