"""An uploaded file: a redirect to its URL in the bucket, signed for five minutes."""

from edgeroutes import Request, Response, not_found
from functions._shared import uploads
from functions._shared.sessions import signed_in


def GET(request: Request, id: str) -> Response:
    signed_in(request)
    return Response.redirect(uploads.download_url(id) or not_found())
