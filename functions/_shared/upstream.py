"""The API that the proxy route stands in front of."""

import os
from http.client import HTTPException
from urllib.error import HTTPError as UpstreamError
from urllib.request import HTTPRedirectHandler, build_opener
from urllib.response import addinfourl

from edgeroutes import HTTPError, Response


class _PassOn(HTTPRedirectHandler):
    """Leaves redirects to our client, who may not want to be taken to another host."""

    def redirect_request(self, *_: object) -> None:
        return None


_opener = build_opener(_PassOn)


def fetch(path_and_query: str) -> Response:
    """The upstream's answer with its status and content type; 502 when there is none.

    Args:
        path_and_query: Percent-encoded, without a slash before it.
    """
    base_url = os.environ.get("UPSTREAM_URL")
    if not base_url:
        raise RuntimeError("the environment variable UPSTREAM_URL is not set")
    try:
        with _open(f"{base_url.rstrip('/')}/{path_and_query}") as answer:
            kept = {name: answer.headers[name] for name in ("content-type", "location") if name in answer.headers}
            return Response(answer.read() or None, answer.status or 502, kept)
    except (OSError, HTTPException) as error:  # no such host, refused, too slow, broken off
        raise HTTPError(502, "the upstream did not answer") from error


def _open(url: str) -> addinfourl:
    timeout_seconds = float(os.environ.get("UPSTREAM_TIMEOUT_SECONDS", "5"))
    try:
        answer: addinfourl = _opener.open(url, timeout=timeout_seconds)
    except UpstreamError as error:  # urllib raises what is not 2xx; for us it is an answer like any other
        return error
    return answer
