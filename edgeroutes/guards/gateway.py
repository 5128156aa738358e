"""What an authorizer of API Gateway has found out about the caller."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edgeroutes.runtime.context import RequestScope

# Claims that are lists; a REST API sends them as one text with commas.
# Source: docs.aws.amazon.com/cognito "amazon-cognito-user-pools-using-the-id-token".
_LISTS = ("cognito:groups", "cognito:roles")
_NUMBERS = ("auth_time", "exp", "iat")


def gateway_claims(scope: RequestScope) -> dict[str, Any] | None:
    """The claims of a token that a REST API's Cognito authorizer has verified; None where no authorizer has run.

    The dev server, tests and `sam local` run none, and requests that reach a function in another way have none: then the function has to
    verify the token itself. A client cannot send them: they are in the event's `requestContext`, which API Gateway writes.
    """
    context = (scope.incoming.event or {}).get("requestContext")
    authorizer = context.get("authorizer") if isinstance(context, dict) else None
    claims = authorizer.get("claims") if isinstance(authorizer, dict) else None
    if not isinstance(claims, dict) or not claims.get("sub"):
        return None
    return {name: _claim(name, value) for name, value in claims.items()}


def _claim(name: str, value: Any) -> Any:
    """A claim as the token has it, where that is certain."""
    if not isinstance(value, str):
        return value
    if name in _LISTS:
        return [part.strip() for part in value.split(",") if part.strip()]
    if name.endswith("_verified") and value in ("true", "false"):
        return value == "true"
    return int(value) if name in _NUMBERS and value.isascii() and value.isdigit() else value
