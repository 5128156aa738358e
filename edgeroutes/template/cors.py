"""What CloudFront is told of CORS: by what its cache keeps answers apart, and what its own errors say. Build wing, floor 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeroutes.http.origins import REGEX, VARIABLE
from edgeroutes.plan.cors import allowed_methods
from edgeroutes.template.edge_cors import FUNCTION, preflight_source
from edgeroutes.template.edge_functions import RequestPart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgeroutes.http.cors import CORS
    from edgeroutes.plan.model import ProjectPlan
    from edgeroutes.routing.scan import RouteFile

_SAFELISTED_METHOD, _SAFELISTED_HEADER = "GET", "accept"


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeCors:
    """What the distribution does about CORS.

    Args:
        keys_by_origin: Whether `Origin` has to be in the cache key: some answer differs by it, and must not be given to
            another origin.
        errors: The `CorsConfig` of the response-headers policy, for errors that no function of the project has made.
        preflights: The part of the viewer-request function that answers preflights.
    """

    keys_by_origin: bool = False
    errors: Mapping[str, Any] | None = None
    preflights: RequestPart | None = None


def plan_edge_cors(plan: ProjectPlan) -> EdgeCors:
    """What the distribution of a project does about CORS."""
    source = preflight_source(plan)
    return EdgeCors(
        keys_by_origin=any(policy.varies_by_origin for policy in plan.cors_policies),
        errors=edge_errors(plan),
        preflights=RequestPart(name=FUNCTION, source=source) if source else None,
    )


def edge_errors(plan: ProjectPlan) -> dict[str, Any] | None:
    """The `CorsConfig` of a response-headers policy, for errors that no function of the project has made.

    It adds what an answer lacks, to all answers of the distribution. So there is one only where it opens nothing: all routes have
    the project's CORS, and that leaves the methods to the routes. Origins alone are in it; what a preflight may ask, the
    runtime says. None where a list of origins cannot say it, or a route differs.

    Source: docs.aws.amazon.com/AmazonCloudFront "understanding-response-headers-policies", read 2026-11-21.
    """
    cors = plan.config.cors
    if cors is None or cors.methods is not None or not all(map(_is_listable, cors.origins)):
        return None
    if not all(_is_the_projects(route, function.cors.get(route.route_path), cors) for function, route in plan.routes):
        return None
    config: dict[str, Any] = {
        "AccessControlAllowOrigins": {"Items": list(cors.origins)},
        "AccessControlAllowMethods": {"Items": [_SAFELISTED_METHOD]},
        "AccessControlAllowHeaders": {"Items": [_SAFELISTED_HEADER]},
        "AccessControlAllowCredentials": cors.credentials,
        "OriginOverride": False,
    }
    if cors.expose:
        config["AccessControlExposeHeaders"] = {"Items": list(cors.expose)}
    return config


def _is_listable(origin: str) -> bool:
    """Whether CloudFront can compare it: exact ones and subdomains of the web's own schemes."""
    return not origin.startswith((REGEX, VARIABLE)) and (origin == "*" or origin.startswith(("https://", "http://")))


def _is_the_projects(route: RouteFile, own: CORS | None, project: CORS) -> bool:
    """Whether a route opens all that the project does, to the same readers."""
    if own is None or own.methods != allowed_methods(route.exports):
        return False
    return (own.origins, own.credentials, own.expose) == (project.origins, project.credentials, project.expose)
