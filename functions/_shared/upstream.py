"""The API behind the proxy route."""

import os
from http.client import HTTPException
from urllib.error import HTTPError as UpstreamError
from urllib.request import HTTPRedirectHandler, build_opener
from urllib.response import addinfourl

from edgeroutes import HTTPError, Response


class _NoRedirects(HTTPRedirectHandler):
    """Does not follow redirects: the client decides whether to visit another host."""

    def redirect_request(self, *_: object) -> None:
        return None


_opener = build_opener(_NoRedirects)


def fetch(path_and_query: str) -> Response:
    """The upstream's response with its status and content type; 502 if there is none.

    Args:
        path_and_query: Percent-encoded, without a leading slash.
    """
    base_url = os.environ.get("UPSTREAM_URL")
    if not base_url:
        raise RuntimeError("the environment variable UPSTREAM_URL is not set")
    try:
        with _open(f"{base_url.rstrip('/')}/{path_and_query}") as upstream:
            headers = {
                name: upstream.headers[name] for name in ("content-type", "location") if name in upstream.headers
            }
            return Response(upstream.read() or None, upstream.status or 502, headers)
    except (OSError, HTTPException) as error:  # unknown host, refused, too slow, incomplete
        raise HTTPError(502, "the upstream did not respond") from error


def _open(url: str) -> addinfourl:
    timeout_seconds = float(os.environ.get("UPSTREAM_TIMEOUT_SECONDS", "5"))
    try:
        response: addinfourl = _opener.open(url, timeout=timeout_seconds)
    except UpstreamError as error:  # urllib raises for statuses other than 2xx; the proxy forwards them
        return error
    return response
