"""The names that mean something under `functions/`, and the segment config with its validator."""

from __future__ import annotations

from edgeroutes.errors import RouteFileError, require_no_problems, show_value
from edgeroutes.http.caching import MAX_TAGS, tag_problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from edgeroutes.http.cors import CORS
    from edgeroutes.routing.guards import AuthConfig, IdempotencyConfig, RateLimitConfig

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

ROUTE_FILE: Final = "route.py"
MIDDLEWARE_FILE: Final = "middleware.py"
FUNCTION_FILE: Final = "function.yaml"

APP_EXPORT: Final = "app"
STATIC_PARAMS_EXPORT: Final = "generate_static_params"

GUARD_NAMES: Final = ("auth", "limit", "idempotent")

_DYNAMIC_VALUES: Final = ("auto", "force-dynamic", "error", "force-static")

# Source: nextjs.org/docs/app/api-reference/file-conventions/route-segment-config, fetchCache (read 2026-11-21).
_FETCH_CACHE_VALUES: Final = (
    "auto",
    "default-cache",
    "only-cache",
    "force-cache",
    "force-no-store",
    "default-no-store",
    "only-no-store",
)

GROUP_NAMES: Final = "'route', and a group's name of letters, digits, - and _"

# Source: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, function timeout (read 2026-11-21).
_MAX_DURATION_SECONDS: Final = 900

# Source: RFC 9111 section 1.2.2: the largest number that every cache takes.
_MAX_REVALIDATE_SECONDS: Final = 2**31 - 1


class SegmentConfig:
    """A route file's settings of caching, time and place; an attribute for each name that it may export.

    Args:
        dynamic: "auto", "force-dynamic", "error" or "force-static".
        revalidate: Seconds, False for a year, or None where the file does not say.
        tags: Of the cached response, at most 49: the path has one of its own.
        dynamic_params: Whether values that `generate_static_params` does not list are served.
        fetch_cache: One of Next's seven.
        max_duration: Seconds until the function is stopped, or None for the project's.
        runtime: "lambda".
        preferred_region: "auto", "global" or names of regions.
        streaming: Whether the response streams, or None to find it out from the source.
        cors: A `CORS`, False for none, or None for the folder's or the project's.
        isolate: "route", the name of a group, or None for the project's.
        auth: Who may call, False for everyone, or None for the folder's.
        limit: How often, as a tuple; False for no limit, or None for the folder's.
        idempotent: Which requests run once, False for none, or None for the folder's.
    """

    __slots__ = (
        "auth",
        "cors",
        "dynamic",
        "dynamic_params",
        "fetch_cache",
        "idempotent",
        "isolate",
        "limit",
        "max_duration",
        "preferred_region",
        "revalidate",
        "runtime",
        "streaming",
        "tags",
    )

    def __init__(
        self,
        *,
        dynamic: str = "auto",
        revalidate: int | None = None,
        tags: tuple[str, ...] = (),
        dynamic_params: bool = True,
        fetch_cache: str = "auto",
        max_duration: int | None = None,
        runtime: str = "lambda",
        preferred_region: str | tuple[str, ...] = "auto",
        streaming: bool | None = None,
        cors: CORS | bool | None = None,
        isolate: str | None = None,
        auth: AuthConfig | bool | None = None,
        limit: tuple[RateLimitConfig, ...] | bool | None = None,
        idempotent: IdempotencyConfig | bool | None = None,
    ) -> None:
        self.dynamic = dynamic
        self.revalidate = revalidate
        self.tags = tags
        self.dynamic_params = dynamic_params
        self.fetch_cache = fetch_cache
        self.max_duration = max_duration
        self.runtime = runtime
        self.preferred_region = preferred_region
        self.streaming = streaming
        self.cors = cors
        self.isolate = isolate
        self.auth = auth
        self.limit = limit
        self.idempotent = idempotent

    @classmethod
    def from_namespace(cls, namespace: Mapping[str, object], where: str) -> SegmentConfig:
        """The config among these names; the defaults, and next to no work, where there is none.

        Args:
            namespace: A module's `__dict__`, or what was read from its source. Other names are left alone.
            where: The file that an error shall name.

        Raises:
            RouteFileError: A value is not allowed; as ProblemsError where several are not.
        """
        if CONFIG_NAMES.isdisjoint(namespace):
            return cls()
        values: dict[str, Any] = {}
        problems = []
        for name in sorted(CONFIG_NAMES):
            if name in namespace and not (name in GUARD_NAMES and is_module(namespace[name])):
                try:
                    values[name] = require_config_value(name, namespace[name], where)
                except RouteFileError as err:
                    problems.append(err)
        require_no_problems(problems)
        return cls(**values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SegmentConfig):
            return NotImplemented
        values = ((getattr(self, name), getattr(other, name)) for name in CONFIG_NAMES)
        return all(mine == yours and type(mine) is type(yours) for mine, yours in values)  # 0 is not False here

    __hash__ = None  # type: ignore[assignment] # compared by value

    def __repr__(self) -> str:
        plain = SegmentConfig()
        values = ((name, getattr(self, name)) for name in sorted(CONFIG_NAMES))
        settings = (f"{name}={value!r}" for name, value in values if value != getattr(plain, name))
        return f"SegmentConfig({', '.join(settings)})"


CONFIG_NAMES: Final = frozenset(SegmentConfig.__slots__)


def require_config_value(name: str, value: object, where: str) -> object:
    """The value as `SegmentConfig` holds it: lists become tuples, everything else stays.

    Args:
        name: One of CONFIG_NAMES.
        value: The exported value.
        where: The file, with its line where that is known.

    Raises:
        RouteFileError: The value is not allowed for this name.
    """
    return _VALIDATORS[name](name, value, where)


def _choice(name: str, value: object, where: str) -> object:
    allowed = _DYNAMIC_VALUES if name == "dynamic" else _FETCH_CACHE_VALUES
    if isinstance(value, str) and value in allowed:
        return value
    return _refuse(name, value, where, "one of " + ", ".join(map(repr, allowed)))


def _flag(name: str, value: object, where: str) -> object:
    if isinstance(value, bool):
        return value
    return _refuse(name, value, where, "True and False")


def _revalidate(name: str, value: object, where: str) -> object:
    if value is False or (type(value) is int and 0 <= value <= _MAX_REVALIDATE_SECONDS):
        return value
    most = f" to {_MAX_REVALIDATE_SECONDS}" if type(value) is int and value > 0 else ""
    return _refuse(name, value, where, f"whole seconds from 0{most}, and False for as long as possible")


def _max_duration(name: str, value: object, where: str) -> object:
    if type(value) is int and 0 < value <= _MAX_DURATION_SECONDS:
        return value
    return _refuse(name, value, where, f"whole seconds from 1 to {_MAX_DURATION_SECONDS}, Lambda's limit")


def _tags(name: str, value: object, where: str) -> object:
    if not isinstance(value, (list, tuple)):
        return _refuse(name, value, where, "a list of strings")
    if len(value) > MAX_TAGS:
        raise RouteFileError(f"{name} has {len(value)} entries. Allowed are {MAX_TAGS}", where=where)
    for tag in value:
        problem = tag_problem(tag)
        if problem:
            raise RouteFileError(problem, where=where)
    return tuple(value)


def _runtime(name: str, value: object, where: str) -> object:
    if value == "lambda":
        return value
    if value == "edge":
        problem = "runtime is 'edge', which is not built yet. Allowed is 'lambda'"
        raise RouteFileError(problem, where=where, hint="Leave 'runtime' out and the route runs on Lambda")
    return _refuse(name, value, where, "'lambda'")


def _preferred_region(name: str, value: object, where: str) -> object:
    if value in ("auto", "global"):
        return value
    if isinstance(value, (list, tuple)) and value and all(isinstance(region, str) and region for region in value):
        return tuple(value)
    return _refuse(name, value, where, "'auto', 'global', and a list with names of regions")


def is_group_name(value: object) -> bool:
    """Whether `isolate` may have this value."""
    return isinstance(value, str) and value.isascii() and value.replace("-", "").replace("_", "").isalnum()


def _isolate(name: str, value: object, where: str) -> object:
    return value if is_group_name(value) else _refuse(name, value, where, GROUP_NAMES)


def _cors(name: str, value: object, where: str) -> object:
    from edgeroutes.http.cors import CORS

    if isinstance(value, CORS) or value is False:
        return value
    return _refuse(name, value, where, "CORS(…) of edgeroutes, and False for none")


def is_module(value: object) -> bool:
    """Whether the value of a guard's name is a module, as `from edgeroutes import auth` makes it."""
    return type(value).__name__ == "module"


def _auth(name: str, value: object, where: str) -> object:
    from edgeroutes.routing.guards import AuthConfig

    if isinstance(value, AuthConfig) or value is False:
        return value
    return _refuse(
        name,
        value,
        where,
        "bearer(…), cognito(…), api_key(…) and any_of(…) of edgeroutes.auth, and False for none",
    )


def _limit(name: str, value: object, where: str) -> object:
    from edgeroutes.routing.guards import RateLimitConfig

    limits = tuple(value) if isinstance(value, list | tuple) else (value,)
    if value is False or (limits and all(isinstance(each, RateLimitConfig) for each in limits)):
        return value if value is False else limits
    return _refuse(name, value, where, "RateLimit(…) of edgeroutes.ratelimit, a list of them, and False for none")


def _idempotent(name: str, value: object, where: str) -> object:
    from edgeroutes.routing.guards import IdempotencyConfig

    if isinstance(value, IdempotencyConfig) or value is False:
        return value
    return _refuse(name, value, where, "Idempotency(…) of edgeroutes.idempotency, and False for none")


def _refuse(name: str, value: object, where: str, allowed: str) -> object:
    raise RouteFileError(f"{name} is {show_value(value)}. Allowed: {allowed}", where=where)


_VALIDATORS: dict[str, Callable[[str, object, str], object]] = {
    "auth": _auth,
    "cors": _cors,
    "dynamic": _choice,
    "dynamic_params": _flag,
    "fetch_cache": _choice,
    "idempotent": _idempotent,
    "isolate": _isolate,
    "limit": _limit,
    "max_duration": _max_duration,
    "preferred_region": _preferred_region,
    "revalidate": _revalidate,
    "runtime": _runtime,
    "streaming": _flag,
    "tags": _tags,
}
