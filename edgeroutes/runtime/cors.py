"""CORS in the runtime: responses to preflights, and the header fields of every other response. The rules are in `http.cors`.

Loaded where a route of the function, or the project, has `cors`.
"""

from __future__ import annotations

import os

from edgeroutes.errors import ConfigError
from edgeroutes.http.cors import ALLOW_ORIGIN, REQUEST_HEADERS, REQUEST_METHOD, REQUEST_PRIVATE_NETWORK
from edgeroutes.http.response import Response
from edgeroutes.routing.table import PathEncodingError, canonical_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeroutes.http.cors import CORS
    from edgeroutes.routing.table import RouteTable
    from edgeroutes.runtime.application import Call
    from edgeroutes.runtime.manifest import Manifest, ManifestRoute
    from edgeroutes.types import Incoming

_CORS_HEADERS = frozenset(("vary", *(f"access-control-{name}" for name in ("expose-headers", "max-age"))))
_CORS_HEADERS |= {
    f"access-control-allow-{name}" for name in ("origin", "credentials", "methods", "headers", "private-network")
}


class CorsGate:
    """The CORS of a function's routes, with its environment variables resolved.

    Args:
        manifest: The routes.
        table: The same routes, for matching.
        environ: `os.environ`, or a fake.
        is_late: Whether environment variables are read at a route's first request, so that a mistake affects only that route.

    Raises:
        ConfigError: An environment variable with origins is not set or not valid; with `is_late` it goes to `problems` instead.
    """

    __slots__ = ("_environ", "_late", "_manifest", "_policies", "_table", "problems")

    def __init__(
        self,
        manifest: Manifest,
        table: RouteTable[ManifestRoute],
        environ: Mapping[str, str] = os.environ,
        *,
        is_late: bool = False,
    ) -> None:
        self.problems: dict[str, ConfigError] = {}
        self._manifest = manifest
        self._table = table
        self._environ = environ
        self._policies: dict[str, CORS] = {}
        # Route path → its policy and where it is declared; the project's own has an empty path.
        self._late = {
            route.route_path: (route.cors, route.source_file) for route in manifest.routes if route.cors is not None
        }
        if manifest.cors is not None:
            self._late[""] = (manifest.cors, "[tool.edgeroutes.cors]")
        if not is_late:
            for path, (policy, where) in self._late.items():
                self._policies[path] = _with_environment(policy, environ, where)
            self._late = {}

    def pass_through(self, call: Call) -> Call:
        """The call with its CORS; for a preflight of a path that exists, a call that responds at once."""
        route = call.route or self.route_behind(call.incoming.path)
        path = "" if route is None else route.route_path
        if self._late:
            self._resolve(path)
        call.cors = self._policies.get(path)
        if call.cors is None or route is None or route.has_options or not _is_preflight(call.incoming):
            return call
        return call.responding_early(Response(None, 204))

    def _resolve(self, path: str) -> None:
        if path in self._late:
            try:
                self._policies[path] = _with_environment(self._late[path][0], self._environ, self._late[path][1])
                del self._late[path]
                self.problems.pop(path, None)
            except ConfigError as error:
                self.problems[path] = error

    def route_behind(self, path: str) -> ManifestRoute | None:
        """The route at the target of a canonical redirect: the redirect has the target's CORS headers."""
        base = self._manifest.base_path
        path = canonical_path(path, trailing_slash=self._manifest.trailing_slash) or path
        if base and not f"{path}/".startswith(f"{base}/"):
            return None
        try:
            match = self._table.match(path[len(base) :] or "/")
        except PathEncodingError:
            return None
        return None if match is None else match.value


def _is_preflight(incoming: Incoming) -> bool:
    """Whether the request is a browser's preflight. Source: Fetch, "CORS-preflight request"."""
    if incoming.method != "OPTIONS":
        return False
    return incoming.header("origin") is not None and incoming.header(REQUEST_METHOD) is not None


def allow(response: Response, policy: CORS, incoming: Incoming) -> None:
    """Add the CORS headers to a response; a handler's own stay.

    A second call changes nothing.
    """
    headers = response.headers
    if _is_preflight(incoming):
        vary, fields = policy.preflight_vary(), _preflight_fields(policy, incoming)
    else:
        vary, fields = policy.response_vary(), policy.response_fields(incoming.header("origin"))
    if not headers.has_any(_CORS_HEADERS):  # one look on every request, and what is ours needs no check
        if vary:
            headers.add_own("vary", ", ".join(vary))
        for name, value in fields:
            headers.add_own(name, value)
        return
    for name in vary:
        headers.add_vary(name)
    if ALLOW_ORIGIN not in headers:
        for name, value in fields:
            headers.setdefault(name, value)


def _preflight_fields(policy: CORS, incoming: Incoming) -> list[tuple[str, str]]:
    return policy.preflight_fields(
        incoming.header("origin") or "",
        incoming.header(REQUEST_METHOD) or "",
        ",".join(value for name, value in incoming.header_items() if name == REQUEST_HEADERS),
        private_network=incoming.header(REQUEST_PRIVATE_NETWORK) == "true",
    )


def _with_environment(policy: CORS, environ: Mapping[str, str], where: str) -> CORS:
    try:
        return policy.with_environment(environ)
    except ValueError as error:
        hint = (
            f"Set it in [tool.edgeroutes.env] or in function.yaml: {' '.join(policy.variables)}=https://app.example.com"
        )
        raise ConfigError(str(error), where=where, hint=hint) from error
