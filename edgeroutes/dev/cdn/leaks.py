"""Answers that a CDN would give to everyone though they are one user's. Floor 3; does no I/O.

The runtime's own caching cannot do that: asking for headers, cookies or the client makes its answer private. What can is a handler,
or an app, that writes `Cache-Control` itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes.http.caching import CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeroutes.dev.cdn.store import Entry
    from edgeroutes.dev.exchange import Exchange
    from edgeroutes.http.headers import Headers


def leak_warning(target: str, entry: Entry, exchange: Exchange, request: Headers, keyed: Sequence[str]) -> str:
    """What is wrong with keeping an answer for everyone; empty where nothing is.

    Args:
        target: Path and query.
        entry: As it is kept.
        exchange: What the handler asked for.
        request: The headers that the origin got.
        keyed: The headers that are in the key.
    """
    because = _because(entry, exchange, request, keyed)
    if not because:
        return ""
    said = entry.headers.get("cache-control", "")
    hint = "Answer with 'Cache-Control: private, no-store', or leave the header to the route's config"
    return f"GET {target} would be given to everyone by CloudFront ({said}), but {because}. {hint}"


def _because(entry: Entry, exchange: Exchange, request: Headers, keyed: Sequence[str]) -> str:
    if "set-cookie" in entry.headers:
        return "it sets a cookie, which would be set for all of them"
    if exchange.dynamic_reasons:
        return f"its handler asked for {', '.join(dict.fromkeys(exchange.dynamic_reasons))}"
    sent = [name for name in CREDENTIALS if name in request]
    if exchange.dynamic_reasons is None and sent:
        return f"it answers a request with {' and '.join(sent)}, which are not in the key"
    in_key = {"accept-encoding", *keyed}
    varies = [name.strip().lower() for name in entry.headers.get("vary", "").split(",")]
    ignored = [name for name in varies if name and name not in in_key]
    if ignored:
        return f"it varies by {', '.join(ignored)}, which CloudFront does not look at"
    return ""
