"""CORS in CloudFront: the cache key, headers on its own errors, and responses to preflights.

The JavaScript has the rules of `http.cors` and the order of `routing.table`; a test compares them. What its table cannot decide
(expressions, environment variables, unusual paths, a route's own OPTIONS) goes on to the functions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeroutes.http.caching import UNCACHED
from edgeroutes.http.cors import ALWAYS_ALLOWED, ANY, REGEX, VARIABLE
from edgeroutes.plan.manifest import allowed_methods
from edgeroutes.routing.conventions import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgeroutes.http.cors import CORS
    from edgeroutes.plan.model import ProjectPlan
    from edgeroutes.routing.scan import RouteFile

PREFLIGHT_FUNCTION = "respondToPreflight"
# In `corsRoutes` and `corsPaths` a route is [policy, bits of METHODS], or null where the functions respond. In a path an empty segment is
# `[id]`, `*` is `[...rest]`, `**` is `[[...rest]]`.
_SOURCE = """\
var corsMethods = %(methods)s;
var corsPolicies = %(policies)s;
var corsRoutes = %(static)s;
var corsPaths = %(dynamic)s;
function corsFits(path, pattern) {
  for (var i = 0; i < pattern.length; i++) {
    if (pattern[i] == '**') return true;
    if (pattern[i] == '*') return i < path.length;
    if (i >= path.length || (pattern[i] && pattern[i] != path[i])) return false;
  }
  return path.length == pattern.length;
}
function corsRoute(uri) {
  var base = %(base)s;
  if (base) {
    if (uri != base && uri.indexOf(base + '/') != 0) return null;
    uri = uri.slice(base.length) || '/';
  }
  if (/%%|\\/\\/|.\\/$/.test(uri)) return null;
  if (corsRoutes.hasOwnProperty(uri)) return corsRoutes[uri];
  var path = uri == '/' ? [] : uri.slice(1).split('/');
  for (var i = 0; i < corsPaths.length; i++) {
    if (corsFits(path, corsPaths[i][0].split('/'))) return corsPaths[i][1];
  }
  return null;
}
function corsAllows(policy, origin) {
  if (policy.origins == '*' || policy.origins.indexOf(origin) >= 0) return true;
  return origin.length < 301 && policy.wild.some(function (ends) {
    var between = origin.slice(ends[0].length, -ends[1].length);
    return origin == ends[0] + between + ends[1] && /^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$/.test(between);
  });
}
function respondToPreflight(request) {
  if (request.method != 'OPTIONS') return undefined;
  var sent = {};
  ['origin', 'method', 'headers', 'private-network'].forEach(function (name) {
    var header = request.headers[name == 'origin' ? name : 'access-control-request-' + name];
    sent[name] = header && (header.multiValue && header.multiValue.length > 1 ? null : header.value);
  });
  var route = corsRoute(request.uri);
  if (!route || !sent.origin || !sent.method || sent.headers === null || sent['private-network'] === null) return undefined;
  var policy = corsPolicies[route[0]];
  var bit = corsMethods.indexOf(sent.method);
  var allowed = bit >= 0 && (route[1] & 1 << bit) > 0;
  var headers = { 'cache-control': { value: '%(uncached)s' }, vary: { value: policy.vary } };
  function allow(name, value) {
    headers['access-control-' + name] = { value: value };
  }
  if (corsAllows(policy, sent.origin) && (allowed || ['GET', 'HEAD', 'POST'].indexOf(sent.method) < 0)) {
    allow('allow-origin', policy.origins == '*' ? '*' : sent.origin);
    if (policy.credentials) allow('allow-credentials', 'true');
    if (allowed) allow('allow-methods', sent.method);
    var asked = (sent.headers || '').split(',').map(function (name) {
      return name.replace(/^[ \\t]+|[ \\t]+$/g, '').toLowerCase();
    }).filter(function (name, i, all) {
      var known = policy.headers.indexOf(name) >= 0 || (policy.headers.indexOf('*') >= 0 && /^[!#$%%&'*+.^_`|~0-9a-z-]+$/.test(name));
      return known && all.indexOf(name) == i;
    });
    if (asked.length) allow('allow-headers', asked.join(', '));
    if (policy.network && sent['private-network'] == 'true') allow('allow-private-network', 'true');
    allow('max-age', policy.age);
  }
  return { statusCode: 204, statusDescription: 'No Content', headers: headers };
}
"""


def preflight_source(plan: ProjectPlan) -> str:
    """JavaScript that declares `respondToPreflight(request)`; it returns undefined where the functions have to respond.

    Empty where it would respond to nothing. It may be too large for the viewer-request function.

    Args:
        plan: The project.
    """
    if plan.config.trailing_slash:  # the canonical spelling of a path takes more than a table
        return ""
    policies: dict[str, int] = {}
    static: dict[str, list[int] | None] = {}
    dynamic: list[list[Any]] = []
    for function, route in sorted(plan.routes, key=lambda pair: pair[1].pattern.sort_key):
        route_path = route.route_path
        entry = _entry(route, function.cors.get(route_path), policies)
        if "[" in route_path:
            dynamic.append(["/".join(map(_part, route_path[1:].split("/"))), entry])
        else:
            static[route_path] = entry
    while dynamic and dynamic[-1][1] is None:
        dynamic.pop()
    if not policies:
        return ""
    if not dynamic:
        static = {path: entry for path, entry in static.items() if entry is not None}
    return _SOURCE % {
        "methods": _json(METHODS),
        "policies": f"[{','.join(policies)}]",
        "static": _json(static),
        "dynamic": _json(dynamic),
        "base": _json(plan.config.base_path),
        "uncached": UNCACHED,
    }


def _entry(route: RouteFile, cors: CORS | None, policies: dict[str, int]) -> list[int] | None:
    """A route's policy and methods; None where the functions respond."""
    if cors is None or "OPTIONS" in route.exports.method_names:
        return None
    if any(origin.startswith((REGEX, VARIABLE)) for origin in cors.origins):
        return None
    methods = cors.methods or ()
    bits = sum(1 << place for place, name in enumerate(METHODS) if name in methods or ANY in methods)
    return [policies.setdefault(_json(_policy(cors)), len(policies)), bits]


def _policy(cors: CORS) -> dict[str, Any]:
    wild = [origin.split("*") for origin in cors.origins if "://*." in origin]
    return {
        "origins": ANY if ANY in cors.origins else [origin for origin in cors.origins if "://*." not in origin],
        "wild": wild,
        "headers": [*cors.headers, ALWAYS_ALLOWED],
        "credentials": cors.credentials,
        "network": cors.private_network,
        "age": str(cors.max_age),
        "vary": ", ".join(cors.preflight_vary()),
    }


def _part(segment: str) -> str:
    if segment.startswith("[["):
        return "**"
    if segment.startswith("[..."):
        return "*"
    return "" if segment.startswith("[") else segment


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


_SAFELISTED_METHOD, _SAFELISTED_HEADER = "GET", "accept"


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeCors:
    """The distribution's part of CORS.

    Args:
        keys_by_origin: Whether the cache key needs `Origin`, because a response differs by it.
        errors: The `CorsConfig` of the response-headers policy, for errors of CloudFront and API Gateway.
        preflights: JavaScript that declares `respondToPreflight`; empty where the functions respond to preflights.
    """

    keys_by_origin: bool = False
    errors: Mapping[str, Any] | None = None
    preflights: str = ""


def plan_edge_cors(plan: ProjectPlan) -> EdgeCors:
    return EdgeCors(
        keys_by_origin=any(policy.varies_by_origin for policy in plan.cors_policies),
        errors=edge_errors(plan),
        preflights=preflight_source(plan),
    )


def edge_errors(plan: ProjectPlan) -> dict[str, Any] | None:
    """The `CorsConfig` of a response-headers policy, for errors of CloudFront and API Gateway; None where it cannot be exact.

    CloudFront adds it to every response that lacks the headers. So there is one only where it allows nothing more: all routes have the
    project's CORS, which leaves the methods to the routes, and its origins are a plain list. The functions decide about preflights.

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
    """Whether CloudFront can compare it: exact origins and subdomains of http and https."""
    return not origin.startswith((REGEX, VARIABLE)) and (origin == "*" or origin.startswith(("https://", "http://")))


def _is_the_projects(route: RouteFile, own: CORS | None, project: CORS) -> bool:
    """Whether a route allows all that the project does, to the same origins."""
    if own is None or own.methods != allowed_methods(route.exports):
        return False
    return (own.origins, own.credentials, own.expose) == (project.origins, project.credentials, project.expose)


def gateway_fields(default: CORS | None, routes: Iterable[CORS]) -> list[tuple[str, str]]:
    """The CORS header fields of API Gateway's own errors, which are the same for every request.

    Args:
        default: The project's CORS, which decides where there is one.
        routes: The routes' CORS, which decides otherwise, if all allow the same origin.

    Returns:
        None where the fields would depend on the request.
    """
    policies = [default] if default is not None else [*routes]
    origins = {policy.static_origin for policy in policies}
    origin = origins.pop() if len(origins) == 1 else None
    if origin is None:
        return []
    fields = [("Access-Control-Allow-Origin", origin)]
    if any(policy.credentials for policy in policies) and origin != ANY:
        fields.append(("Access-Control-Allow-Credentials", "true"))
    return fields
