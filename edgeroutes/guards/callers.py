"""Who calls: the caller of the request in progress, and what a handler requires of it."""

from __future__ import annotations

from edgeroutes.http.interrupts import HTTPError
from edgeroutes.runtime.context import find_scope
from edgeroutes.runtime.dependencies import Depends

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from edgeroutes.http.request import Request
    from edgeroutes.http.response import Response
    from edgeroutes.types import CallNext


class Caller:
    """Who calls, as the route's `auth` has found. It cannot be changed.

    Args:
        subject: The user's id (`sub`), or the name of an API key.
        scopes: What the credentials permit.
        roles: What the user is.
        claims: Everything that the credentials say.
        scheme: `bearer`, `cognito` or `api_key`.
    """

    __slots__ = ("_claims", "_roles", "_scheme", "_scopes", "_subject")

    def __init__(
        self,
        subject: str,
        *,
        scopes: Iterable[str] = (),
        roles: Iterable[str] = (),
        claims: Mapping[str, Any] | None = None,
        scheme: str = "",
    ) -> None:
        self._subject = _text("subject", subject)
        if not subject:
            raise ValueError("subject is empty. Allowed is a user's id")
        self._scopes = frozenset(scopes)
        self._roles = frozenset(roles)
        self._claims = claims or {}
        self._scheme = scheme

    @property
    def subject(self) -> str:
        """The user's id."""
        return self._subject

    @property
    def scopes(self) -> frozenset[str]:
        """What the credentials permit."""
        return self._scopes

    @property
    def roles(self) -> frozenset[str]:
        """What the user is."""
        return self._roles

    @property
    def claims(self) -> Mapping[str, Any]:
        """Everything that the credentials say, read-only."""
        from types import MappingProxyType

        return MappingProxyType(dict(self._claims))

    @property
    def scheme(self) -> str:
        """How the caller was authenticated."""
        return self._scheme

    @classmethod
    def as_dependency(cls, *, optional: bool) -> Depends:
        """What gives an argument that is annotated with this class: a route with `user: Caller` refuses who is not authenticated."""
        found = Depends(caller if optional else require_caller)
        found.comes_first = True
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Caller) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self._subject, self._scheme))

    def __repr__(self) -> str:
        return f"Caller({self._subject!r}, scopes={sorted(self._scopes)}, roles={sorted(self._roles)})"

    def _key(self) -> tuple[object, ...]:
        return self._subject, self._scopes, self._roles, dict(self._claims), self._scheme


def caller() -> Caller | None:
    """The caller of the request in progress; None where nobody is authenticated, and outside a request.

    Reading it makes the response private, as reading cookies does.
    """
    scope = find_scope()
    if scope is None:
        return None
    found: Caller | None = None if scope.record_read("caller()") else scope.caller
    return found


class Requirement(Depends):
    """What a caller must have: `Annotated[Caller, require(scope="orders:write")]`, or `middleware = require(role="admin")`.

    Args:
        scope: Scopes, separated by spaces, all of which the credentials must permit.
        role: A role that the user must have.
        any_role: Roles of which the user must have one.

    Raises:
        ValueError: Nothing is required, or not a text.
    """

    __slots__ = ("any_role", "role", "scopes")

    def __init__(self, *, scope: str = "", role: str = "", any_role: Sequence[str] = ()) -> None:
        if isinstance(any_role, str):
            raise ValueError(f"any_role is {any_role!r}. Allowed is a list of texts")  # noqa: TRY004
        if not (_text("scope", scope).strip() or _text("role", role) or any_role):
            raise ValueError("require() requires nothing. Allowed are scope, role and any_role")
        super().__init__(self.check)
        self.comes_first = True
        self.scopes = tuple(scope.split())
        self.role = role
        self.any_role = tuple(_text("any_role", each) for each in any_role)

    def __repr__(self) -> str:
        return f"require(scope={' '.join(self.scopes)!r}, role={self.role!r}, any_role={self.any_role!r})"

    def check(self) -> Caller:
        """The caller of the request in progress, who has what is required.

        Raises:
            HTTPError: 401 without a caller, 403 for one who lacks something.
        """
        found = require_caller()
        if not found.scopes.issuperset(self.scopes):
            names = " ".join(self.scopes)
            # Source: RFC 6750 §3.1.
            challenge = f'Bearer error="insufficient_scope", scope="{names}"' if found.scheme in _BEARERS else ""
            raise HTTPError(
                403, f"the scope {names!r} is required", headers={"www-authenticate": challenge} if challenge else None
            )
        has_role = (not self.role or self.role in found.roles) and (
            not self.any_role or not found.roles.isdisjoint(self.any_role)
        )
        if not has_role:
            raise HTTPError(403, "a role is required that the caller does not have")
        return found

    async def __call__(self, request: Request, call_next: CallNext) -> Response:
        """As middleware: the response of the routes below, for callers who have what is required."""
        self.check()
        return await call_next(request)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is {value!r}. Allowed is a text")  # noqa: TRY004  # as the other arguments' errors
    return value


_BEARERS = ("bearer", "cognito")


def require_caller() -> Caller:
    """The caller of the request in progress.

    Raises:
        HTTPError: 401 without one, with the challenge of the route's `auth`.
    """
    found = caller()
    if found is None:
        scope = find_scope()
        challenge = scope.endpoint.challenge(scope) if scope is not None else ""
        raise HTTPError(401, headers={"www-authenticate": challenge} if challenge else None)
    return found


# As route files name it.
require = Requirement
