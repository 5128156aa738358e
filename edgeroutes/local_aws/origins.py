"""Which hosts and web pages may send requests to a server of this machine.

A page of another site can make a browser send requests to 127.0.0.1 under a name of its own (DNS rebinding): `Host` then has that
name. A page cannot forge `Origin`, `Referer` or `Sec-Fetch-*`; it can only omit `Referer`. A request without any of them is not a
page's (curl, a webhook, an SDK), or is the user's own navigation.
Source: Fetch §3.2 "Origin header", www.w3.org/TR/fetch-metadata, read 2026-11-30.
"""

from __future__ import annotations

import re
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


_WILDCARDS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  # known, not bound
# `host[:port]` as clients send it.
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::[0-9]{1,5})?", re.IGNORECASE)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it: localhost, a name below it, 127.0.0.0/8, ::1."""
    name = host.strip("[]").removesuffix(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def is_loopback_authority(authority: str) -> bool:
    """Whether a `Host` header, or the authority of a URL, names this machine; malformed ones do not."""
    name = _host_name(authority)
    return name is not None and is_loopback(name)


def _is_loopback_origin(origin: str) -> bool:
    """Whether an `Origin` header is of a page that a server of this machine has sent."""
    scheme, separator, authority = origin.partition("://")
    return bool(separator) and scheme in ("http", "https") and is_loopback_authority(authority)


def is_allowed(host_header: str, listening_on: str) -> bool:
    """Whether a request with this Host header gets a response.

    Args:
        host_header: `localhost:3000`; empty where the request has none, as in HTTP/1.0.
        listening_on: The server's address. On all addresses (`0.0.0.0`) it responds to every address, because an address cannot be
            rebound, and to this machine's own name.
    """
    if not host_header:
        return True
    name = _host_name(host_header)
    if name is None:
        return False
    if is_loopback(name) or name == listening_on.strip("[]").lower():
        return True
    if listening_on not in _WILDCARDS:
        return False
    own = socket.gethostname().lower()
    return _is_address(name) or name in (own, own.partition(".")[0], f"{own.partition('.')[0]}.local")


def _host_name(authority: str) -> str | None:
    match = _AUTHORITY.fullmatch(authority)
    return None if match is None else match[1].strip("[]").removesuffix(".").lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


_UNKNOWN = "null"
"""The origin of a page that hides it, as browsers write it."""

_ORIGIN_OF_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.IGNORECASE)
_OWN_PAGES = ("same-origin", "none")


def foreign_origin(headers: Mapping[str, str]) -> str | None:
    """The origin of the page of another machine that made the browser send this; None without such a page.

    Args:
        headers: Names in lower case.

    Returns:
        `https://evil.example`, or `null` where the page hides its origin.
    """
    origin, site = headers.get("origin"), _site(headers)
    if origin is None:
        # Other ports of this machine are same-site; other names of it (localhost and 127.0.0.1) are cross-site, with a Referer.
        origin = _referring_origin(headers) if site == "cross-site" else None
    elif origin == _UNKNOWN and site in _OWN_PAGES:  # the form of an own page with `Referrer-Policy: no-referrer`
        return None
    return None if origin is None or _is_loopback_origin(origin) else origin


def refers_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether `Referer` names a page of another machine; also in browsers without `Sec-Fetch-Site`."""
    return "referer" in headers and not _is_loopback_origin(_referring_origin(headers))


def is_top_level_navigation(method: str, headers: Mapping[str, str]) -> bool:
    """Whether the user follows a link or a redirect (of an OAuth server): no page of another site can read the response."""
    is_document = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return is_document and method in ("GET", "HEAD") and "origin" not in headers


def is_own_page(own_origin: str, headers: Mapping[str, str]) -> bool:
    """Whether a page of this origin sent it, or the user's own navigation, or no browser."""
    return headers.get("origin", own_origin) == own_origin and _site(headers) in (*_OWN_PAGES, "")


def _site(headers: Mapping[str, str]) -> str:
    """`Sec-Fetch-Site`; the worst of several values."""
    site = headers.get("sec-fetch-site", "").strip().lower()
    return "cross-site" if "cross-site" in site else site


def _referring_origin(headers: Mapping[str, str]) -> str:
    match = _ORIGIN_OF_URL.match(headers.get("referer", ""))
    return _UNKNOWN if match is None else match[0].lower()
