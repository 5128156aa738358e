"""Who may call a route: `from edgeroutes.auth import api_key`."""

from __future__ import annotations

from edgeroutes.guards.callers import Caller, caller
from edgeroutes.guards.callers import Requirement as require  # noqa: N813

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edgeroutes.guards.api_keys import ApiKey as api_key  # noqa: N813
    from edgeroutes.guards.schemes import AnyOf as any_of  # noqa: N813
    from edgeroutes.guards.tokens import Bearer as bearer  # noqa: N813
    from edgeroutes.guards.tokens import Cognito as cognito  # noqa: N813

__all__ = ["Caller", "any_of", "api_key", "bearer", "caller", "cognito", "require"]


def __getattr__(name: str) -> object:
    """A scheme, loaded when it is first imported, so that a route loads only those that it declares."""
    if name == "api_key":
        from edgeroutes.guards.api_keys import ApiKey

        return ApiKey
    if name == "any_of":
        from edgeroutes.guards.schemes import AnyOf

        return AnyOf
    if name in ("bearer", "cognito"):
        from edgeroutes.guards.tokens import Bearer, Cognito

        return Bearer if name == "bearer" else Cognito
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
