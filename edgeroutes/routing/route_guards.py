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
        from edgeroutes.routing.guards import CookieSessionConfig

        sessions = (each for each in (self.auth.schemes if self.auth else ()) if isinstance(each, CookieSessionConfig))
        counted = any(each.at == "function" for each in self.limits)
        return counted or self.idempotent is not None or any(each.store == "table" for each in sessions)


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
    for limit in guards.limits:
        yield from _check_key(route, guards, limit)
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
