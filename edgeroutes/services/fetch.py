"""`fetch`: a request to another server, whose response may be cached."""

from __future__ import annotations

import json as json_module

from edgeroutes.errors import FetchError, HandlerError
from edgeroutes.http.caching import CREDENTIALS, YEAR_SECONDS
from edgeroutes.http.headers import Headers, MutableHeaders
from edgeroutes.http.json_text import render_json
from edgeroutes.runtime.cache_policy import require_tags
from edgeroutes.runtime.context import collecting, find_scope
from edgeroutes.runtime.loop import running_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from edgeroutes.http.headers import HeaderValues
    from edgeroutes.services.http_client import Outgoing


class FetchResponse:
    """The complete response of another server, so its methods are not awaited.

    Args:
        status: The status.
        url: The URL after redirects.
        headers: Case-insensitive, without the content and transfer encoding.
        body: The decoded body.
    """

    __slots__ = ("_body", "headers", "status", "url")

    def __init__(self, status: int, url: str, headers: Headers, body: bytes) -> None:
        self.status = status
        self.url = url
        self.headers = headers
        self._body = body

    @property
    def ok(self) -> bool:
        """Whether the status is from 200 to 299."""
        return 200 <= self.status <= 299

    def body(self) -> bytes:
        """The body's bytes."""
        return self._body

    def text(self) -> str:
        """The body as a string, in the charset of the content type, or UTF-8."""
        _, _, charset = self.headers.get("content-type", "").lower().partition("charset=")
        try:
            return self._body.decode(charset.partition(";")[0].strip(' "') or "utf-8", "replace")
        except LookupError:  # a charset that Python does not know
            return self._body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            FetchError: The body is not valid JSON.
        """
        try:
            return json_module.loads(self._body)
        except ValueError as error:
            problem = f"the response with status {self.status} is not valid JSON: {error}"
            raise FetchError(problem, where=self.url.partition("?")[0]) from error

    def __repr__(self) -> str:
        return f"FetchResponse({self.status}, {self.url.partition('?')[0]!r})"


async def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: HeaderValues = (),
    body: bytes | str | None = None,
    json: object = None,
    revalidate: int | None = None,
    tags: Sequence[str] = (),
    timeout_seconds: float = 10.0,
) -> FetchResponse:
    """Send a request to another server, and return its response, whatever its status.

    ::

        response = await fetch("https://api.example.com/rates", revalidate=3600, tags=["rates"])
        rates = response.json()

    Args:
        url: Absolute, `http` or `https`.
        method: The method.
        headers: A mapping or pairs.
        body: The body to send.
        json: A body to send as JSON, with its content type.
        revalidate: Seconds for which a response with a status from 200 to 299 is cached, for the same method, URL, headers and body;
            False for until one of its tags is revalidated; 0 for never, which makes the route's response dynamic. With None the
            route's `fetch_cache` decides.
        tags: The tags with which `revalidate_tag` invalidates the response.
        timeout_seconds: Until the response's last byte.

    Raises:
        FetchError: There is no response, it is late, or it has more than 10 MiB.
        HandlerError: For invalid arguments.
    """
    sent = MutableHeaders(headers)
    content = _content(body, json, sent)
    outgoing = _outgoing(url, method, sent, content, timeout_seconds)
    require_tags(tags, "fetch()")
    lifetime_seconds = _lifetime_seconds(revalidate, outgoing)
    if not lifetime_seconds:
        return await _send(outgoing)
    from edgeroutes.services.cache_stores import Recipe
    from edgeroutes.services.data_cache import data_cache
    from edgeroutes.services.http_client import shown

    recipe = Recipe(
        _key(outgoing),
        f"fetch({outgoing.method} {shown(url)})",
        lambda: _storable(outgoing),
        lifetime_seconds=lifetime_seconds,
        tags=tags,
        blocking=False,
        is_kept=lambda response: 200 <= response["status"] <= 299 and response["status"] != 206,
    )
    return _restored(await data_cache().recall(recipe))


def _content(body: bytes | str | None, json: object, sent: MutableHeaders) -> bytes | None:
    """The bytes to send; for JSON the content type is added to the headers."""
    if json is not None:
        if body is not None:
            raise HandlerError("both body= and json= are given. Allowed is one of them", where="fetch()")
        body = render_json(json)
        sent.setdefault("content-type", "application/json")
    return body.encode() if isinstance(body, str) else body


def _outgoing(url: str, method: str, sent: MutableHeaders, content: bytes | None, timeout_seconds: float) -> Outgoing:
    from urllib.parse import urlsplit

    from edgeroutes.services.http_client import USER_AGENT, Outgoing

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        problem = f"the URL is {url.partition('?')[0]!r}. Allowed: http:// and https:// with a host and without a user"
        raise HandlerError(problem, where="fetch()")
    sent.setdefault("accept-encoding", "gzip, deflate")
    sent.setdefault("user-agent", USER_AGENT)
    return Outgoing(method.upper(), url.partition("#")[0], sent, content, timeout_seconds)


def _lifetime_seconds(revalidate: int | None, outgoing: Outgoing) -> int:
    """How long the response is cached; 0 for not at all. An explicit 0 makes the route's response dynamic.

    Source: nextjs.org, fetchCache (read 2026-11-21).
    """
    if revalidate is not None and revalidate is not False and (type(revalidate) is not int or revalidate < 0):
        problem = (
            f"revalidate is {revalidate!r}. Allowed: whole seconds from 0, False for as long as possible, and None"
        )
        raise HandlerError(problem, where="fetch()")
    scope = find_scope()
    mode = scope.endpoint.config.fetch_cache if scope is not None else "auto"
    is_for_everyone = outgoing.method in ("GET", "HEAD") and not any(name in outgoing.headers for name in CREDENTIALS)
    wanted = _wanted(revalidate, mode, is_for_everyone=is_for_everyone)
    if wanted is False:
        return YEAR_SECONDS
    if wanted == 0 and scope is not None and not scope.sealed and collecting.get(None) is None:
        scope.record_read("uncached data")
    return wanted or 0


def _wanted(revalidate: int | None, mode: str, *, is_for_everyone: bool) -> int | None:
    """The lifetime by the call and the route's `fetch_cache`. By default only requests that are the same for everyone are cached."""
    is_unsaid = revalidate is None
    is_never = revalidate == 0 and revalidate is not False
    if mode == "force-no-store" or (mode in ("default-no-store", "only-no-store") and is_unsaid):
        return 0
    if (mode == "only-no-store" and not is_never) or (mode == "only-cache" and is_never):
        problem = f"revalidate is {revalidate!r}, but the route says fetch_cache = {mode!r}"
        raise HandlerError(problem, where="fetch()", hint='Leave revalidate= out, or say fetch_cache = "auto"')
    if mode == "force-cache" and is_never:
        return False
    if mode in ("default-cache", "only-cache", "force-cache") and is_unsaid and is_for_everyone:
        return False
    return revalidate


def _key(outgoing: Outgoing) -> str:
    from edgeroutes.services.cache_stores import digest

    asked = sorted(outgoing.headers.multi_items())
    body = outgoing.body.hex() if outgoing.body is not None else ""
    return f"fetch:{outgoing.method} {outgoing.url} {digest(repr((asked, body)))}"


async def _send(outgoing: Outgoing) -> FetchResponse:
    """The other server's response. With a running event loop it is awaited in a thread."""
    from edgeroutes.services.http_client import send

    loop = running_loop()
    status, url, headers, body = send(outgoing) if loop is None else await loop.run_in_executor(None, send, outgoing)
    return FetchResponse(status, url, headers, body)


async def _storable(outgoing: Outgoing) -> dict[str, Any]:
    """The response as JSON data, without cookies, which belong to the first client."""
    from base64 import b64encode

    response = await _send(outgoing)
    headers = [list(pair) for pair in response.headers.multi_items() if pair[0] != "set-cookie"]
    return {
        "status": response.status,
        "url": response.url,
        "headers": headers,
        "body": b64encode(response.body()).decode(),
    }


def _restored(stored: dict[str, Any]) -> FetchResponse:
    from base64 import b64decode

    headers = Headers.from_lowered([(name, value) for name, value in stored["headers"]])
    return FetchResponse(stored["status"], stored["url"], headers, b64decode(stored["body"]))
