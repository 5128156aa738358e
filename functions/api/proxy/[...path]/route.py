"""A proxy for another API. A plain `def`, because urllib blocks."""

from urllib.parse import quote

from edgeroutes import Request, Response, not_found
from functions._shared.upstream import fetch


def GET(request: Request, path: list[str]) -> Response:
    if not {".", ".."}.isdisjoint(path):
        not_found()  # would lead out of the upstream's base path
    # Segments are decoded, so each is encoded again: a "/" inside a segment must not split it.
    target = "/".join(quote(segment, safe="") for segment in path)
    return fetch(f"{target}?{request.url.query}" if request.url.query else target)
