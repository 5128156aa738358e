"""What the parts of the dev server find out about a request on its way, for its line in the log. Floor 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.types import Scope

_KEY = "edgeroutes.exchange"


@dataclass(slots=True)
class Exchange:
    """One request and its answer, as each part of the server adds to it.

    Args:
        source_file: The route's that was asked.
        note: What was unusual about it.
        cache: What the CDN did with it; empty where it does nothing.
        dynamic_reasons: What the handler asked for that is one user's: headers, cookies, client. None where that is not known.
    """

    source_file: str = ""
    note: str = ""
    cache: str = ""
    dynamic_reasons: tuple[str, ...] | None = None


def open_exchange(scope: Scope) -> Exchange:
    """The exchange of an ASGI scope, made where there is none yet."""
    exchange: Exchange = scope.setdefault(_KEY, Exchange())
    return exchange


def with_exchange(scope: Scope, exchange: Exchange) -> Scope:
    """The scope with another exchange, for a request that no client waits for."""
    return {**scope, _KEY: exchange}
