"""CloudFront in front of the API: distribution, policies and the JavaScript of its two functions.

ARNs and hosts come from `AWS::Partition` and `AWS::URLSuffix`, so the template is the same in all partitions.
Source: docs.aws.amazon.com/AmazonCloudFront "functions-event-structure", "edge-function-restrictions-all" (read 2026-11-21).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeroutes.errors import Problem
from edgeroutes.http.caching import YEAR_SECONDS, keyed_headers
from edgeroutes.http.freshness import BROWSER_CACHE_CONTROL
from edgeroutes.names import CLIENT_HEADER, CONFIG_FILE, HOST_HEADER
from edgeroutes.template.api import API
from edgeroutes.template.cors import PREFLIGHT_FUNCTION, EdgeCors, gateway_fields, plan_edge_cors
from edgeroutes.template.functions import origin_headers, origin_secret_resources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeroutes.config import CdnConfig, Config
    from edgeroutes.plan.model import ProjectPlan


DISTRIBUTION = "Distribution"
CACHE_POLICY = "DistributionCachePolicy"
_HEADERS_POLICY = "DistributionHeadersPolicy"
_REQUEST_FUNCTION = "DistributionViewerRequest"
_RESPONSE_FUNCTION = "DistributionViewerResponse"
# Source: docs.aws.amazon.com/AmazonCloudFront "using-managed-origin-request-policies", AllViewerExceptHostHeader.
_ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
# Source: docs.aws.amazon.com/AmazonCloudFront "cloudfront-limits" (read 2026-11-21): up to 120 without a raised quota.
# It limits the time to the first byte and between two chunks of a stream; `sse` sends a heartbeat every 15 seconds.
_ORIGIN_READ_TIMEOUT_S = 60
_MAX_ORIGIN_READ_TIMEOUT_S = 120
# CloudFront caches these for ten seconds by default, and ignores no-store for most.
ERROR_STATUSES = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
_ORIGIN = "api"


def cdn_resources(config: Config, cors: EdgeCors | None = None) -> dict[str, Any]:
    """Logical id → resource; none when the CDN is disabled.

    Args:
        config: The project's settings.
        cors: The distribution's part of CORS; none by default.
    """
    if not config.cdn.enabled:
        return {}
    cors = cors or EdgeCors()
    return {
        DISTRIBUTION: _distribution(config),
        CACHE_POLICY: _cache_policy(config.cdn, keys_by_origin=cors.keys_by_origin),
        _HEADERS_POLICY: _headers_policy(cors),
        _REQUEST_FUNCTION: _edge_function("request", "Sends the client and the host", _request_code(config, cors)),
        _RESPONSE_FUNCTION: _edge_function("response", "Has browsers revalidate", render_response_function()),
        **origin_secret_resources(),
    }


def _request_code(config: Config, cors: EdgeCors) -> str:
    """The code of the viewer-request function. It responds to preflights only if their table fits."""
    parts = [name_viewer(config.cdn.domain_names)]
    if cors.preflights:
        code = render_request_function([RequestPart(name=PREFLIGHT_FUNCTION, source=cors.preflights), *parts])
        if len(code.encode()) <= MAX_CODE_BYTES:
            return code
    return render_request_function(parts)


def describe_coverage(plan: ProjectPlan, origin: str) -> list[str]:
    """For `doctor cors`: which errors of AWS itself a page of this origin can read, and what responds to preflights."""
    if not plan.cors_policies:
        return ["No route and no setting of the project allows another origin."]
    cors, edge = plan.config.cors, plan_edge_cors(plan)
    allowed = dict(gateway_fields(cors, plan.cors_policies)).get("Access-Control-Allow-Origin")
    by_cdn = plan.config.cdn.enabled and edge.errors is not None and cors is not None and cors.allows(origin)
    readable = ["API Gateway"] if by_cdn or allowed in ("*", origin) else []
    readable += ["CloudFront"] if by_cdn else []
    whose = " and ".join(readable)
    notes = [
        f"The page {f'can read errors of {whose} itself' if whose else 'cannot read errors of AWS itself'} (413, 429, 504 …)."
    ]
    if plan.config.cdn.enabled:
        is_at_edge = PREFLIGHT_FUNCTION in _request_code(plan.config, edge)
        notes.append(f"Preflights reach {'CloudFront first, then the functions' if is_at_edge else 'the functions'}.")
    return notes


def _cache_policy(cdn: CdnConfig, *, keys_by_origin: bool) -> dict[str, Any]:
    """One policy for all routes: a response's own headers decide whether and how long it is cached.

    With several hosts the key has `x-forwarded-host`, which the viewer-request function sets before the lookup. It cannot have `Host`:
    CloudFront would send it to the API, which responds 403 to a name that is not its own. Where CORS headers depend on the origin, the
    key has `Origin`.
    """
    headers = [*keyed_headers(has_several_hosts=cdn.has_several_hosts, varies_by_origin=keys_by_origin)]
    allowed = {"HeaderBehavior": "whitelist", "Headers": headers}
    key = {
        "CookiesConfig": {"CookieBehavior": "none"},
        "HeadersConfig": allowed if headers else {"HeaderBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "all"},
        "EnableAcceptEncodingBrotli": True,
        "EnableAcceptEncodingGzip": True,
    }
    config = {
        "Name": {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"},
        "MinTTL": 0,
        "DefaultTTL": 0,
        "MaxTTL": YEAR_SECONDS,
        "ParametersInCacheKeyAndForwardedToOrigin": key,
    }
    return {"Type": "AWS::CloudFront::CachePolicy", "Properties": {"CachePolicyConfig": config}}


def _headers_policy(cors: EdgeCors) -> dict[str, Any]:
    """Security headers where the function sets none: AWS's managed policy without its obsolete ones.

    Source: docs.aws.amazon.com/AmazonCloudFront "using-managed-response-headers-policies", SecurityHeadersPolicy (read
    2026-11-21).
    """
    security = {
        "ContentTypeOptions": {"Override": False},
        "FrameOptions": {"FrameOption": "SAMEORIGIN", "Override": False},
        "ReferrerPolicy": {"ReferrerPolicy": "strict-origin-when-cross-origin", "Override": False},
        "StrictTransportSecurity": {
            "AccessControlMaxAgeSec": YEAR_SECONDS,
            "IncludeSubdomains": False,
            "Override": False,
        },
    }
    config = {"Name": {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"}, "SecurityHeadersConfig": security}
    if cors.errors is not None:
        config["CorsConfig"] = dict(cors.errors)
    return {"Type": "AWS::CloudFront::ResponseHeadersPolicy", "Properties": {"ResponseHeadersPolicyConfig": config}}


def _edge_function(kind: str, about: str, code: str) -> dict[str, Any]:
    """A CloudFront Function. Its name has at most 64 characters, which a stack's name may exceed, so it has the stack's UUID."""
    stack_uuid = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
    properties = {
        "Name": {"Fn::Join": ["-", ["edgeroutes", stack_uuid, kind]]},
        "AutoPublish": True,
        "FunctionConfig": {"Comment": {"Fn::Sub": f"${{AWS::StackName}}: {about}"}, "Runtime": _RUNTIME},
        "FunctionCode": code,
    }
    return {"Type": "AWS::CloudFront::Function", "Properties": properties}


def _distribution(config: Config) -> dict[str, Any]:
    cdn = config.cdn
    distribution = {
        "Enabled": True,
        "Comment": {"Ref": "AWS::StackName"},
        "HttpVersion": "http2and3",
        "IPV6Enabled": True,
        "Origins": [_origin(config)],
        "DefaultCacheBehavior": _behavior(),
        "CacheTagConfig": {"HeaderName": cdn.tag_header},
        "CustomErrorResponses": [{"ErrorCode": status, "ErrorCachingMinTTL": 0} for status in ERROR_STATUSES],
        **_optional(cdn),
    }
    return {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": distribution}}


def _origin(config: Config) -> dict[str, Any]:
    host = f"${{{API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}"
    timeout_s = min(max(_ORIGIN_READ_TIMEOUT_S, config.integration_timeout_s + 1), _MAX_ORIGIN_READ_TIMEOUT_S)
    return {
        "Id": _ORIGIN,
        "DomainName": {"Fn::Sub": host},
        "OriginPath": f"/{config.stage}",
        "CustomOriginConfig": {
            "OriginProtocolPolicy": "https-only",
            "OriginSSLProtocols": ["TLSv1.2"],
            "OriginReadTimeout": timeout_s,
        },
        "OriginCustomHeaders": origin_headers(),
    }


def _behavior() -> dict[str, Any]:
    return {
        "TargetOriginId": _ORIGIN,
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
        "CachedMethods": ["GET", "HEAD"],
        "Compress": True,
        "CachePolicyId": {"Ref": CACHE_POLICY},
        "OriginRequestPolicyId": _ALL_VIEWER_EXCEPT_HOST,
        "ResponseHeadersPolicyId": {"Ref": _HEADERS_POLICY},
        "FunctionAssociations": [
            {"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": [_REQUEST_FUNCTION, "FunctionARN"]}},
            {"EventType": "viewer-response", "FunctionARN": {"Fn::GetAtt": [_RESPONSE_FUNCTION, "FunctionARN"]}},
        ],
    }


def _optional(cdn: CdnConfig) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if cdn.domain_names:
        made["Aliases"] = [*cdn.domain_names]
    if cdn.certificate_arn:
        made["ViewerCertificate"] = {
            "AcmCertificateArn": cdn.certificate_arn,
            "MinimumProtocolVersion": "TLSv1.2_2021",
            "SslSupportMethod": "sni-only",
        }
    if cdn.web_acl_arn:
        made["WebACLId"] = cdn.web_acl_arn
    if cdn.price_class:
        made["PriceClass"] = cdn.price_class
    if cdn.log_bucket:
        bucket = cdn.log_bucket if "." in cdn.log_bucket else f"{cdn.log_bucket}.s3.amazonaws.com"
        made["Logging"] = {"Bucket": bucket, "IncludeCookies": False}
    return made


_RUNTIME = "cloudfront-js-2.0"
# Source: docs.aws.amazon.com/AmazonCloudFront "cloudfront-limits" (read 2026-11-21).
MAX_CODE_BYTES = 10_240


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPart:
    """A step of the viewer-request function.

    Args:
        name: A JavaScript function of `(request, viewer)`, as in the event. A value that it returns is the response, and ends the steps.
        source: The declaration of the function and of what it needs.
    """

    name: str
    source: str


_NAME_VIEWER = """\
// CloudFront requests the API by the API's own host name, so the client and the host go into headers.
const domains = %(domains)s;

function nameViewer(request, viewer) {
    const asked = request.headers.host.value.toLowerCase().split(':')[0];
    const isOurs = domains.some((domain) => domain === asked || (domain[0] === '*' && asked.endsWith(domain.slice(1))));
    const own = domains.find((domain) => domain[0] !== '*');
    request.headers['%(host)s'] = { value: isOurs ? asked : own || asked };
    request.headers['%(client)s'] = { value: viewer.ip };
}
"""

_RESPONSE = """\
// Browsers revalidate what CloudFront caches: an invalidation does not reach their caches.
function handler(event) {
    const response = event.response;
    const said = response.headers['cache-control'];
    if (said && /(^|[\\s,])s-maxage\\s*=/i.test((said.multiValue || [said]).map((each) => each.value).join())) {
        response.headers['cache-control'] = { value: '%s' };
    }
    return response;
}
"""


def name_viewer(domain_names: Sequence[str]) -> RequestPart:
    """The step that sets the headers of client and host, over whatever the viewer has sent.

    Args:
        domain_names: The project's. Another host, such as the distribution's own, is replaced by the first; without domains, the host
            stays.
    """
    source = _NAME_VIEWER % {"domains": json.dumps([*domain_names]), "host": HOST_HEADER, "client": CLIENT_HEADER}
    return RequestPart(name="nameViewer", source=source)


def render_request_function(parts: Sequence[RequestPart]) -> str:
    """The code of the viewer-request function, with its steps in this order."""
    calls = "".join(
        f"    const response{number} = {part.name}(event.request, event.viewer);\n"
        f"    if (response{number}) {{\n        return response{number};\n    }}\n"
        for number, part in enumerate(parts)
    )
    sources = "\n".join(part.source for part in parts)
    return f"{sources}\nfunction handler(event) {{\n{calls}    return event.request;\n}}\n"


def render_response_function() -> str:
    """The code of the viewer-response function; CloudFront runs it for responses below 400."""
    return _RESPONSE % BROWSER_CACHE_CONTROL


_WHERE = f"{CONFIG_FILE}, [tool.edgeroutes.cdn]"
_HINT = "Set enabled = false and use your own CDN: docs/deploying.md, China and GovCloud"


def warn_region(config: Config, region: str) -> list[Problem]:
    """What a deploy to this region would fail at, although it works in others.

    Source: docs.amazonaws.cn/en_us/aws/latest/userguide/cloudfront.html; docs.aws.amazon.com/govcloud-us "setting-up-cloudfront" (read
    2026-11-30).
    """
    if not config.cdn.enabled:
        return []
    if region.startswith("us-gov-"):
        problem = f"AWS GovCloud (US) has no CloudFront, so a deploy to {region} fails at the distribution"
        return [Problem(problem, where=_WHERE, hint=_HINT)]
    if region.startswith("cn-"):
        problem = (
            f"CloudFront in China needs a domain with an ICP registration and an IAM certificate, so a deploy to {region} fails at the "
            "distribution"
        )
        return [Problem(problem, where=_WHERE, hint=_HINT)]
    return []
