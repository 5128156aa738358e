"""Which guards apply to a route: the nearest `auth`, `limit` and `idempotent`, in the route file or a folder's middleware.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgeroutes.errors import RouteFileError
from edgeroutes.http.caching import lifetime_seconds
from edgeroutes.routing.conventions import GUARD_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from edgeroutes.errors import ProjectError
    from edgeroutes.routing.exports import MiddlewareExports, RouteExports
    from edgeroutes.routing.guards import AuthConfig, IdempotencyConfig, RateLimitConfig
    from edgeroutes.routing.scan import RouteFile

    Place = tuple[str, int]

_CACHING = ("revalidate", "dynamic", "generate_static_params")


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteGuards:
    """The guards of one route.

    Args:
        auth: Who may call; None for everyone.
        limits: How often.
        idempotent: Which requests run once; None for none.
        files: `auth`, `limit`, `idempotent` → the file that declares it, of those that the route has.
        lines: The same names → the line.
    """

    auth: AuthConfig | None = None
    limits: tuple[RateLimitConfig, ...] = ()
    idempotent: IdempotencyConfig | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def place(self, name: str) -> str:
        """The file and line of a declaration, `functions/api/middleware.py:3`."""
        return f"{self.files[name]}:{self.lines[name]}"

    @property
    def needs_state(self) -> bool:
        """Whether the function of the route needs the state table."""
        return self.idempotent is not None or any(each.at == "function" for each in self.limits)


def read_guards(exports: RouteExports, wraps: Sequence[MiddlewareExports]) -> RouteGuards | None:
    """The guards of a route; None without any.

    Args:
        exports: Of its file.
        wraps: The middleware files of its folders, outermost first.
    """
    declared = {name: found for name in GUARD_NAMES if (found := _nearest(name, exports, wraps)) is not None}
    if not declared:
        return None
    return RouteGuards(
        auth=declared["auth"][0] if "auth" in declared else None,  # type: ignore[arg-type]  # as the scan has checked
        limits=declared["limit"][0] if "limit" in declared else (),  # type: ignore[arg-type]
        idempotent=declared["idempotent"][0] if "idempotent" in declared else None,  # type: ignore[arg-type]
        files={name: file for name, (_, file, _) in declared.items()},
        lines={name: line for name, (_, _, line) in declared.items()},
    )


def _nearest(name: str, exports: RouteExports, wraps: Sequence[MiddlewareExports]) -> tuple[object, str, int] | None:
    """The declaration that applies, its file and line; None for none and for False."""
    declared = [(getattr(exports.config, name), exports.source_file, exports.config_lines.get(name, 1))]
    declared += [(getattr(each, name), each.source_file, each.config_lines.get(name, 1)) for each in reversed(wraps)]
    nearest = next((each for each in declared if each[0] is not None), None)
    return None if nearest is None or nearest[0] is False else nearest


def check_guards(route: RouteFile) -> Iterator[ProjectError]:
    """What does not fit together in a route's guards and config, with both places."""
    guards = route.guards
    if guards is None:
        return
    if guards.auth is not None:
        yield from _check_caching(route, guards)
        yield from _check_authorizer(guards, guards.auth)
    for limit in guards.limits:
        yield from _check_key(route, guards, limit)
    yield from _check_throttle(guards)
    if guards.idempotent is not None:
        yield from _check_idempotent(route, guards)


def _check_caching(route: RouteFile, guards: RouteGuards) -> Iterator[ProjectError]:
    config, exports = route.config, route.exports
    has_static_params = exports.generate_static_params is not None
    if lifetime_seconds(config.dynamic, config.revalidate, has_static_params=has_static_params) is None:
        return
    lines = {name: exports.config_lines[name] for name in _CACHING if name in exports.config_lines}
    if exports.generate_static_params is not None:
        lines[exports.generate_static_params.name] = exports.generate_static_params.line
    name, line = next(iter(lines.items()), ("revalidate", 1))
    problem = f"{name} has the response cached, and auth in {guards.place('auth')} protects it. CloudFront would give it to everyone"
    hint = f"Remove {name}, or set 'auth = False' for this route"
    yield RouteFileError(problem, where=f"{route.source_file}:{line}", hint=hint)


def _check_key(route: RouteFile, guards: RouteGuards, limit: RateLimitConfig) -> Iterator[ProjectError]:
    where = guards.place("limit")
    if limit.at != "function":
        return
    if limit.key == "caller" and guards.auth is None:
        problem = f"limit counts by key='caller', and {route.source_file} has no auth"
        yield RouteFileError(problem, where=where, hint="Declare auth, or use key='client'")
    prefix, _, name = limit.key.partition(":")
    if prefix == "segment" and name not in route.pattern.parameter_names:
        allowed = ", ".join(map(repr, route.pattern.parameter_names)) or "none"
        problem = f"limit counts by key={limit.key!r}, and {route.route_path} has no segment {name!r}. It has {allowed}"
        yield RouteFileError(problem, where=where, hint="Declare it in the route files that have the segment")


def _check_authorizer(guards: RouteGuards, auth: AuthConfig) -> Iterator[ProjectError]:
    """What API Gateway's own authorizers cannot verify.

    A Cognito authorizer without scopes accepts ID tokens alone, and a REST API has none for other issuers.
    Source: docs.aws.amazon.com/apigateway "apigateway-integrate-with-cognito".
    """
    from edgeroutes.routing.guards import CognitoConfig

    if auth.at != "gateway":
        return
    where = guards.place("auth")
    if not isinstance(auth, CognitoConfig):
        problem = f'{auth.called} has at="gateway", and a REST API has an authorizer for Amazon Cognito alone'
        yield RouteFileError(problem, where=where, hint='Use at="function", which verifies the tokens of every issuer')
    elif auth.token_use != "id":  # noqa: S105  # the kind of token
        problem = (
            'cognito has at="gateway" and token_use="access", and API Gateway\'s authorizer accepts ID tokens alone'
        )
        yield RouteFileError(problem, where=where, hint='Use token_use="id", or at="function"')


def _check_throttle(guards: RouteGuards) -> Iterator[ProjectError]:
    """Limits that API Gateway and AWS WAF cannot count."""
    throttles = [each for each in guards.limits if each.at == "gateway"]
    for limit in throttles:
        where = guards.place("limit")
        if len(throttles) > 1 or len(limit.rates) > 1:
            problem = 'limit has several rates with at="gateway", and API Gateway takes one for a route'
            yield RouteFileError(problem, where=where, hint='Use at="function" for the others')
            return
        # What API Gateway would ignore: it counts all clients together, each request as one.
        ignored = {
            f"key={limit.key!r}": limit.key not in ("client", "route"),
            f"cost={limit.cost}": limit.cost != 1,
            f"on_error={limit.on_error!r}": limit.on_error != "open",
        }
        for name in (name for name, is_ignored in ignored.items() if is_ignored):
            problem = f'limit has {name} and at="gateway", where API Gateway counts all requests of a route together'
            yield RouteFileError(problem, where=where, hint='Remove it, or use at="function"')
    if any(each.at == "waf" for each in guards.limits):
        problem = 'limit has at="waf", and edgeroutes creates no web ACL: one for CloudFront has to be in us-east-1'
        hint = (
            "Write a rate-based rule into the web ACL that web_acl_arn in [tool.edgeroutes.cdn] names: docs/guards.md"
        )
        yield RouteFileError(problem, where=guards.place("limit"), hint=hint)


def _check_idempotent(route: RouteFile, guards: RouteGuards) -> Iterator[ProjectError]:
    assert guards.idempotent is not None  # noqa: S101  # the caller has looked
    where, exports = guards.place("idempotent"), route.exports
    is_own = guards.files["idempotent"] == route.source_file
    methods = guards.idempotent.methods
    if exports.app is not None:
        problem = f"idempotent does not apply to the app of {route.source_file}, which reads requests by itself"
        yield RouteFileError(problem, where=where, hint="Set 'idempotent = False' there")
    elif not any(name in methods for name in exports.method_names):
        if is_own:
            problem = (
                f"idempotent applies to {', '.join(methods)}, and the file exports {', '.join(exports.method_names)}"
            )
            yield RouteFileError(problem, where=where, hint="Remove it, or name the method in 'methods'")
    elif exports.streams:
        problem = f"idempotent cannot keep the response of {route.source_file}, which streams"
        yield RouteFileError(problem, where=where, hint="Set 'idempotent = False' there, or 'streaming = False'")
