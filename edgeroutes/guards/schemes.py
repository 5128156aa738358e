"""Several ways to authenticate for one route."""

from __future__ import annotations

from edgeroutes.routing.guards import AnyOfConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edgeroutes.guards.callers import Caller
    from edgeroutes.runtime.context import RequestScope


class AnyOf(AnyOfConfig):
    """`any_of`, as it runs."""

    __slots__ = ()

    def start(self, where: str) -> None:
        """Start every scheme.

        Raises:
            ConfigError: A scheme lacks a variable or secret.
        """
        for scheme in self._running():
            scheme.start(where)

    async def authenticate(self, scope: RequestScope) -> Caller | None:
        """The caller of the first scheme whose credentials the request has; None without any.

        Raises:
            HTTPError: These credentials are not valid; no other scheme is tried.
        """
        for scheme in self._running():
            found: Caller | None = await scheme.authenticate(scope)
            if found is not None:
                return found
        return None

    def challenge(self, scope: RequestScope) -> str:
        """The challenges of all schemes."""
        return ", ".join(filter(None, (scheme.challenge(scope) for scheme in self._running())))

    def _running(self) -> tuple[Any, ...]:
        return self.schemes


# As route files name it.
any_of = AnyOf
