"""Guards of a route: limits by client, authentication, limits by caller; then middleware, and next to the handler idempotency.

All run before a body is parsed. The values that a route file declares are guards of `edgeroutes.guards`, which this module knows by their
methods alone. Loaded for routes that have any.
"""

from __future__ import annotations

from contextvars import ContextVar

from edgeroutes.errors import RouteFileError
from edgeroutes.http.caching import UNCACHED
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.routing.conventions import require_config_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from types import ModuleType
    from typing import Any, Protocol

    from edgeroutes.http.response import Response
    from edgeroutes.runtime.context import RequestScope
    from edgeroutes.runtime.manifest import ManifestRoute

    Respond = Callable[[RequestScope], Awaitable[Response]]

    class Auth(Protocol):
        """A way to authenticate callers, or several."""

        optional: bool

        def start(self, where: str) -> None:
            """Read variables and secrets; raises ConfigError, so that the route does not start."""

        async def authenticate(self, scope: RequestScope) -> Any:
            """The Caller; None where the request has no credentials. Raises HTTPError for credentials that are not valid."""

        def challenge(self, scope: RequestScope) -> str:
            """The `WWW-Authenticate` of a request without credentials; empty for none."""

    class Decision(Protocol):
        """What a limit has decided about a request."""

        allowed: bool

        def apply(self, response: Response) -> None:
            """Add the RateLimit fields."""

        def refusal(self) -> HTTPError:
            """The error for a request that is not allowed."""

    class Limit(Protocol):
        """How often a key may call."""

        key: str
        at: str

        async def check(self, scope: RequestScope) -> Decision:
            """Count the request; raises HTTPError while it cannot be counted and must not be let through."""

    class Idempotency(Protocol):
        """Which requests run once."""

        methods: Sequence[str]

        async def respond(self, scope: RequestScope, respond: Respond) -> Response:
            """The response, or the one that an earlier request with the same key got."""


acting: ContextVar[Any] = ContextVar("edgeroutes_acting_caller", default=None)
"""The caller of the requests of a test's `client.as_caller`, in place of the one that `auth` finds; None outside tests."""


class Guards:
    """The guards of one route.

    Args:
        auth: Who may call; None for everyone.
        limits: In the order in which they count; those of the gateway are left out.
        idempotency: Which requests run once.
        where: The file that declares `auth`, for messages.
    """

    __slots__ = ("_auth", "_idempotency", "_later", "_limits", "_where")

    def __init__(self, auth: Auth | None, limits: Sequence[Limit], idempotency: Idempotency | None, where: str) -> None:
        self._auth = auth
        self._limits = [each for each in limits if each.at == "function" and each.key != "caller"]
        self._later = [each for each in limits if each.at == "function" and each.key == "caller"]
        self._idempotency = idempotency
        self._where = where

    async def admit(self, scope: RequestScope) -> None:
        """Let the request through, with `scope.caller` set.

        Raises:
            HTTPError: 400, 401, 403, 429 or 503.
        """
        scope.on_response = []
        for limit in self._limits:
            await _count(limit, scope)
        if self._auth is not None:
            scope.on_response.append(lambda response: self._keep_private(response, scope))
            scope.caller = acting.get() or await self._auth.authenticate(scope)
            if scope.caller is None and not self._auth.optional:
                challenge = self.challenge(scope)
                raise HTTPError(401, headers={"www-authenticate": challenge} if challenge else None)
        for limit in self._later:
            await _count(limit, scope)

    def challenge(self, scope: RequestScope) -> str:
        """The `WWW-Authenticate` of a request without credentials; empty for none."""
        return self._auth.challenge(scope) if self._auth is not None else ""

    def running_once(self, responders: Mapping[str, Respond]) -> dict[str, Respond]:
        """The same responders, those of repeatable methods behind the idempotency of the route."""
        guard = self._idempotency
        if guard is None:
            return dict(responders)

        def once(respond: Respond) -> Respond:
            return lambda scope: guard.respond(scope, respond)

        return {method: once(respond) if method in guard.methods else respond for method, respond in responders.items()}

    def _keep_private(self, response: Response, scope: RequestScope) -> None:
        """Take back what would let a shared cache give one caller's response to another."""
        own = response.headers.get("cache-control")
        if own is None or own == UNCACHED:
            return
        from edgeroutes.http.freshness import allows_sharing

        if not allows_sharing(own):
            return
        from edgeroutes.runtime.log import log_warning

        response.headers["cache-control"] = UNCACHED
        response.headers.pop(scope.endpoint.manifest.tag_header, None)
        problem = f"{scope.where}: a response with Cache-Control {own!r} is sent as {UNCACHED!r}: auth in {self._where} protects it."
        log_warning(f"{problem} Use 'private'.", route=scope.endpoint.route.route_path, path=scope.path)


async def _count(limit: Limit, scope: RequestScope) -> None:
    decision = await limit.check(scope)
    assert scope.on_response is not None  # noqa: S101  # `admit` has set it
    scope.on_response.append(decision.apply)
    if not decision.allowed:
        raise decision.refusal()


def read_guards(modules: Mapping[str, ModuleType], route: ManifestRoute) -> Guards:
    """The guards of a route, started.

    Args:
        modules: `auth`, `limit`, `idempotent` → the loaded file that declares it.
        route: With the names of these files.

    Raises:
        RouteFileError: A value is not a guard.
        ConfigError: A variable or secret is missing.
    """
    files = route.guards or {}
    values: dict[str, Any] = {name: _read(name, module, files[name]) for name, module in modules.items()}
    auth = values.get("auth")
    if auth is not None:
        auth.start(f"{files['auth']}, auth")
    return Guards(auth, values.get("limit", ()), values.get("idempotent"), files.get("auth", ""))


def _read(name: str, module: ModuleType, file: str) -> object:
    if not hasattr(module, name):
        raise RouteFileError(
            f"{name} is declared, and the loaded file does not have it", where=file, hint="Do not delete it"
        )
    value = require_config_value(name, getattr(module, name), file)
    if value is False:
        hint = "Declare it once, at the top level"
        raise RouteFileError(f"{name} is False, and the source of the file declares a guard", where=file, hint=hint)
    return value
