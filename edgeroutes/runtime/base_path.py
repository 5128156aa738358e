"""Routes that are served under a base path: what of a path is below it. Loaded where there is one."""

from __future__ import annotations

from edgeroutes.routing.table import canonical_path


class BasePath:
    """The prefix under which all routes are served.

    Args:
        prefix: Such as `/api`.
        trailing_slash: Whether the form with the slash is the canonical one.
    """

    __slots__ = ("_prefix", "_trailing_slash", "home")

    def __init__(self, prefix: str, *, trailing_slash: bool) -> None:
        self._prefix = prefix
        self._trailing_slash = trailing_slash
        self.home = f"{prefix}/" if trailing_slash else prefix

    def below(self, path: str) -> str | None:
        """The path without the base path; None when it is outside: `/apikeys` is not below `/api`."""
        if path == self._prefix:
            return "/"
        return path[len(self._prefix) :] if path.startswith(f"{self._prefix}/") else None

    def canonical_target(self, path: str) -> str | None:
        """Where a path belongs that repeated slashes alone keep outside; None when it is not there at all."""
        canonical = canonical_path(path, trailing_slash=self._trailing_slash) if "//" in path else None
        below = canonical and self.below(canonical)
        if not canonical or not below:
            return None
        return self.home if below == "/" else canonical
