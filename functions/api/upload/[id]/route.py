"""A file that was uploaded, from the bucket itself: the answer is an address there, signed for five minutes."""

from edgeroutes import Response, not_found
from functions._shared import uploads


def GET(id: str) -> Response:
    return Response.redirect(uploads.download_url(id) or not_found())
