"""Which requests a browser sends for a page of another site. Floor 3; does no I/O.

A page cannot forge `Origin`, `Referer` or `Sec-Fetch-*`; it can only leave `Referer` out. A request that carries none of them is not a
page's (curl, a webhook, an SDK), or is of the user's own navigation.
Source: Fetch §3.2 "Origin header", www.w3.org/TR/fetch-metadata, read 2026-11-30.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from edgeroutes.local_aws.hosts import is_loopback_origin

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = "null"
"""The origin of a page that hides it, as browsers write it."""

_ORIGIN_OF_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.IGNORECASE)
_OWN_PAGES = ("same-origin", "none")


def foreign_origin(headers: Mapping[str, str]) -> str | None:
    """The origin of the page of another machine that had the browser send this; None where no such page did.

    Args:
        headers: Names in lower case.

    Returns:
        `https://evil.example`, or `null` where the page hides its origin.
    """
    origin, site = headers.get("origin"), _site(headers)
    if origin is None:
        # Other ports of this machine are same-site; other names of it (localhost and 127.0.0.1) are cross-site, with a Referer.
        origin = _referring_origin(headers) if site == "cross-site" else None
    elif origin == UNKNOWN and site in _OWN_PAGES:  # the form of an own page with `Referrer-Policy: no-referrer`
        return None
    return None if origin is None or is_loopback_origin(origin) else origin


def refers_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether `Referer` names a page of another machine; also in browsers that send no `Sec-Fetch-Site`."""
    return "referer" in headers and not is_loopback_origin(_referring_origin(headers))


def is_top_level_navigation(method: str, headers: Mapping[str, str]) -> bool:
    """Whether the user follows a link or a redirect (that of an OAuth server): no page of another site can read the response."""
    is_document = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return is_document and method in ("GET", "HEAD") and "origin" not in headers


def is_own_page(own_origin: str, headers: Mapping[str, str]) -> bool:
    """Whether a page of this very origin sent it, the user's own navigation, or no browser."""
    return headers.get("origin", own_origin) == own_origin and _site(headers) in (*_OWN_PAGES, "")


def _site(headers: Mapping[str, str]) -> str:
    """`Sec-Fetch-Site`; the worst where there are several."""
    site = headers.get("sec-fetch-site", "").strip().lower()
    return "cross-site" if "cross-site" in site else site


def _referring_origin(headers: Mapping[str, str]) -> str:
    match = _ORIGIN_OF_URL.match(headers.get("referer", ""))
    return UNKNOWN if match is None else match[0].lower()
