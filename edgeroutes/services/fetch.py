"""`fetch`: a request to another server, whose answer may be remembered. Request wing, floor 2."""

from __future__ import annotations

import json as json_module

from edgeroutes.errors import FetchError, HandlerError
from edgeroutes.http.caching import CREDENTIALS, YEAR_SECONDS
from edgeroutes.http.headers import Headers, MutableHeaders
from edgeroutes.http.json_text import render_json
from edgeroutes.runtime.cache_usage import require_tags
from edgeroutes.runtime.context import collecting, find_scope
from edgeroutes.runtime.loop_state import running_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from edgeroutes.http.headers import HeaderValues
    from edgeroutes.services.http_client import Outgoing


class FetchResponse:
    """What another server answered; all of it is here, so nothing of it is awaited.

    Args:
        status: Its status.
        url: Where it came from, after redirects.
        headers: Names in any case; without those that told how the body was encoded on its way.
        body: Decoded.
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
        """The body as text, in the charset that the content type names, or UTF-8."""
        _, _, charset = self.headers.get("content-type", "").lower().partition("charset=")
        try:
            return self._body.decode(charset.partition(";")[0].strip(' "') or "utf-8", "replace")
        except LookupError:  # a charset that Python does not know
            return self._body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            FetchError: When it is none.
        """
        try:
            return json_module.loads(self._body)
        except ValueError as error:
            problem = f"the answer with status {self.status} is no JSON: {error}"
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
    """Ask another server; whatever its status, its answer is returned.

    ::

        response = await fetch("https://api.example.com/rates", revalidate=3600, tags=["rates"])
        rates = response.json()

    Args:
        url: Absolute, `http` or `https`.
        method: Any.
        headers: A mapping or pairs.
        body: Sent as it is.
        json: Sent as JSON, with its content type.
        revalidate: Seconds for which an answer with a status from 200 to 299 is remembered, for the same method, URL, headers and body;
            False for until one of its tags is revalidated, 0 for never, which makes the route's answer dynamic. None, for never as
            well, leaves that to the route's `fetch_cache`.
        tags: By which `revalidate_tag` has the answer forgotten.
        timeout_seconds: Until the answer's last byte.

    Raises:
        FetchError: When no answer comes, it comes too late, or it has more than 10 MiB.
        HandlerError: For arguments that make no request.
    """
    sent = MutableHeaders(headers)
    content = _content(body, json, sent)
    outgoing = _outgoing(url, method, sent, content, timeout_seconds)
    require_tags(tags, "fetch()")
    lifetime_seconds = _lifetime_seconds(revalidate, outgoing)
    if not lifetime_seconds:
        return await _send(outgoing)
    from edgeroutes.services.cache_entries import Recipe
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
    """The bytes to send; JSON adds its content type."""
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
    """For how long the answer is remembered; 0 for not at all. What is asked not to be makes the route's answer dynamic.

    Source: nextjs.org, fetchCache (read 2026-11-21), and facts/nextjs.md C32 to C37.
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
        scope.asked("uncached data")
    return wanted or 0


def _wanted(revalidate: int | None, mode: str, *, is_for_everyone: bool) -> int | None:
    """What the call and the route's `fetch_cache` together ask for; a call that says nothing is kept only if it is for everyone."""
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
    from edgeroutes.services.cache_keys import digest

    asked = sorted(outgoing.headers.multi_items())
    body = outgoing.body.hex() if outgoing.body is not None else ""
    return f"fetch:{outgoing.method} {outgoing.url} {digest(repr((asked, body)))}"


async def _send(outgoing: Outgoing) -> FetchResponse:
    """The other server's answer; waited for in a thread where there is an event loop that could do something else."""
    from edgeroutes.services.http_client import send

    loop = running_loop()
    status, url, headers, body = send(outgoing) if loop is None else await loop.run_in_executor(None, send, outgoing)
    return FetchResponse(status, url, headers, body)


async def _storable(outgoing: Outgoing) -> dict[str, Any]:
    """The same as JSON carries it, without cookies, which were meant for whoever asked first."""
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
