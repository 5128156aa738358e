"""The functions of a project as frozen values, for the build and the template."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import ConfigError, suggest
from edgeroutes.routing.conventions import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from edgeroutes.config import Config
    from edgeroutes.errors import Problem
    from edgeroutes.http.cors import CORS
    from edgeroutes.routing.route_guards import RouteGuards
    from edgeroutes.routing.scan import RouteFile


# The module that edgeroutes writes into each bundle, and the handler in it.
ENTRY_MODULE = "edgeroutes_function"
HANDLER = f"{ENTRY_MODULE}.handler"
FALLBACK_ID = "FallbackFunction"
REVALIDATION = "revalidation"
"""The feature, as `build/special_cases.py` names it, for which a function needs the distribution's id and permission to read it."""
LIMITS, HIT = "ratelimit", "hit"
"""The features of functions whose code counts by itself: `RateLimit(...).hit`."""
# The API calls a function that publishes versions by this alias, as SnapStart requires.
ALIAS = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionPlan:
    """One Lambda function.

    Args:
        logical_id: Its name in the template: letters and digits, readable and stable.
        routes: In the order in which they are tried; empty for the fallback, which responds 308 and 404 only.
        streams: Whether its integration streams; a function's routes agree on it.
        properties: Of `AWS::Serverless::Function`, from function.yaml (nearest wins, Policies and Environment merged)
            and the segment config (`max_duration` → Timeout). A route's function always has its Timeout here.
        inherited: Of the properties those that only `Globals` in infra/ set, so that SAM gives them to the function.
        places: The file and line of each property from a function.yaml.
        include: Modules and files that go in although nothing imports them (function.yaml `include`).
        exclude: Distributions and modules that stay out although something imports them (function.yaml `exclude`).
        throttles: `throttle_rate` and `throttle_burst`, as far as they differ from the project's.
        reason: Why several routes share it, for `edgeroutes routes`; empty for one route.
        cors: Route path → its CORS; routes without CORS are absent.
        features: Features of edgeroutes that its code uses, such as `revalidation`; empty until it has been traced.
    """

    logical_id: str
    routes: tuple[RouteFile, ...]
    streams: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)
    inherited: frozenset[str] = frozenset()
    places: Mapping[str, str] = field(default_factory=dict)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    throttles: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""
    cors: Mapping[str, CORS] = field(default_factory=dict)
    features: frozenset[str] = frozenset()

    @property
    def source_files(self) -> tuple[str, ...]:
        """The route and middleware files that its trace starts from."""
        files = [file for route in self.routes for file in route.files]
        return tuple(dict.fromkeys(files))

    @property
    def guards(self) -> dict[str, RouteGuards]:
        """Route path → its guards; routes without any are absent."""
        return {route.route_path: route.guards for route in self.routes if route.guards is not None}

    @property
    def needs_state(self) -> bool:
        """Whether it needs the state table."""
        return {LIMITS, HIT} <= self.features or any(guards.needs_state for guards in self.guards.values())

    @property
    def http_methods(self) -> tuple[str, ...]:
        """The methods of its routes, sorted."""
        methods: set[str] = {"OPTIONS"}
        for route in self.routes:
            methods |= {*METHODS} if route.exports.app is not None else {*route.exports.method_names}
        return tuple(sorted(methods | ({"HEAD"} if "GET" in methods else set())))

    @property
    def publishes_versions(self) -> bool:
        """Whether the API calls an alias of it: SnapStart and provisioned concurrency need published versions."""
        return "AutoPublishAlias" in self.properties


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiResource:
    """One path of the REST API with its function.

    Args:
        path: As API Gateway writes it, '/users/{id}' or '/docs/{slug+}'.
        logical_id: The function's logical id.
    """

    path: str
    logical_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPlan:
    """All functions of a project.

    Args:
        config: Its settings.
        functions: In the order in which their first routes are tried.
        fallback: The function for paths without a route.
        api_resources: The paths of the API that have a function, sorted.
        api_resource_count: The number of resources that API Gateway creates for them: one for each segment, and the root.
        warnings: Warnings to show.
    """

    config: Config
    functions: tuple[FunctionPlan, ...]
    fallback: FunctionPlan
    api_resources: tuple[ApiResource, ...] = ()
    api_resource_count: int = 0
    warnings: tuple[Problem, ...] = ()

    @property
    def routes(self) -> Iterator[tuple[FunctionPlan, RouteFile]]:
        """Every route with its function, in the order in which routes are tried within one."""
        return ((function, route) for function in self.functions for route in function.routes)

    @property
    def cors_policies(self) -> tuple[CORS, ...]:
        """Every CORS of the project's responses, the project's own first."""
        policies = [policy for function in self.functions for policy in function.cors.values()]
        return tuple(dict.fromkeys([self.config.cors, *policies] if self.config.cors is not None else policies))


def find_function(functions: Iterable[FunctionPlan], route: str) -> FunctionPlan:
    """The function of a route.

    Args:
        functions: The project's functions.
        route: The route's path, with or without its first slash, its folder, its route file or its function's logical id.

    Raises:
        ConfigError: The project does not have the route.
    """
    wanted = f"/{route.strip('/')}"
    names: dict[str, FunctionPlan] = {}
    for function in functions:
        names[f"/{function.logical_id}"] = function
        for each in function.routes:
            names |= dict.fromkeys((each.route_path, f"/{each.directory}", f"/{each.source_file}"), function)
    if wanted in names:
        return names[wanted]
    hint = suggest(wanted, names, "'edgeroutes routes' lists them")
    raise ConfigError("there is no such route", where=route, hint=hint)
