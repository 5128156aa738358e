"""Stands in front of another API. A plain `def`, since urllib waits without an event loop."""

from urllib.parse import quote

from edgeroutes import Request, Response, not_found
from functions._shared.upstream import fetch


def GET(request: Request, path: list[str]) -> Response:
    if not {".", ".."}.isdisjoint(path):
        not_found()  # would leave the upstream's base path
    # The segments are decoded here, so each is encoded again: a "/" inside one must not become two.
    target = "/".join(quote(segment, safe="") for segment in path)
    return fetch(f"{target}?{request.url.query}" if request.url.query else target)
