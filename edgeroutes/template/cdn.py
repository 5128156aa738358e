"""CloudFront in front of the API. Build wing, floor 2; knows no YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeroutes.http.caching import YEAR_SECONDS, keyed_headers
from edgeroutes.http.freshness import POLICY
from edgeroutes.template.api import API
from edgeroutes.template.cors import EdgeCors
from edgeroutes.template.edge_functions import (
    MAX_CODE_BYTES,
    RUNTIME,
    name_viewer,
    render_answer_function,
    render_request_function,
)
from edgeroutes.template.origin_secret import origin_headers, origin_secret_resources

if TYPE_CHECKING:
    from edgeroutes.config import CdnConfig, Config

DISTRIBUTION = "Distribution"
CACHE_POLICY = "DistributionCachePolicy"
HEADERS_POLICY = "DistributionHeadersPolicy"
REQUEST_FUNCTION = "DistributionViewerRequest"
ANSWER_FUNCTION = "DistributionViewerResponse"
# Source: docs.aws.amazon.com/AmazonCloudFront "using-managed-origin-request-policies", AllViewerExceptHostHeader.
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
# Source: docs.aws.amazon.com/AmazonCloudFront "cloudfront-limits" (read 2026-11-21): up to 120 without a raised quota.
# It is the time to the first byte and between any two of a stream; `sse` sends a heartbeat every 15 seconds.
ORIGIN_READ_TIMEOUT_S = 60
MAX_ORIGIN_READ_TIMEOUT_S = 120
# CloudFront keeps these for ten seconds unless told otherwise, and ignores no-store on most (decisions.md).
ERROR_STATUSES = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
_ORIGIN = "api"


def cdn_resources(config: Config, cors: EdgeCors | None = None) -> dict[str, Any]:
    """Logical id → resource; none when the CDN is switched off.

    Args:
        config: The project's settings.
        cors: What it does about CORS; nothing by default.
    """
    if not config.cdn.enabled:
        return {}
    cors = cors or EdgeCors()
    return {
        DISTRIBUTION: _distribution(config),
        CACHE_POLICY: _cache_policy(config.cdn, keys_by_origin=cors.keys_by_origin),
        HEADERS_POLICY: _headers_policy(cors),
        REQUEST_FUNCTION: _edge_function("request", "Says who asked, and for which host", request_code(config, cors)),
        ANSWER_FUNCTION: _edge_function("response", "Has browsers ask again", render_answer_function()),
        **origin_secret_resources(),
    }


def request_code(config: Config, cors: EdgeCors) -> str:
    """The code of the viewer-request function. Preflights are answered in it only if their table fits, else by the runtime."""
    parts = [name_viewer(config.cdn.domain_names)]
    if cors.preflights is not None:
        code = render_request_function([cors.preflights, *parts])
        if len(code.encode()) <= MAX_CODE_BYTES:
            return code
    return render_request_function(parts)


def _cache_policy(cdn: CdnConfig, *, keys_by_origin: bool) -> dict[str, Any]:
    """One policy for all routes: what is cached, and how long, the function's own headers say.

    With several hosts an answer is one host's own. `Host` itself may not be in the key: CloudFront would send it to the
    API, which answers 403 to a name that is not its own. The viewer-request function runs before the cache is asked.
    Where an answer says which origin may read it, it is that origin's own.
    """
    headers = [*keyed_headers(has_several_hosts=cdn.has_several_hosts, varies_by_origin=keys_by_origin)]
    listed = {"HeaderBehavior": "whitelist", "Headers": headers}
    key = {
        "CookiesConfig": {"CookieBehavior": "none"},
        "HeadersConfig": listed if headers else {"HeaderBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "all"},
        "EnableAcceptEncodingBrotli": True,
        "EnableAcceptEncodingGzip": True,
    }
    config = {
        "Name": {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"},
        "MinTTL": POLICY.min_seconds,
        "DefaultTTL": POLICY.default_seconds,
        "MaxTTL": POLICY.max_seconds,
        "ParametersInCacheKeyAndForwardedToOrigin": key,
    }
    return {"Type": "AWS::CloudFront::CachePolicy", "Properties": {"CachePolicyConfig": config}}


def _headers_policy(cors: EdgeCors) -> dict[str, Any]:
    """What every answer says to browsers unless the function says otherwise: AWS's own choice, less what is obsolete.

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
    """A CloudFront Function. Its name has 64 characters at most, which a stack's own may exceed: so the stack's UUID."""
    stack_uuid = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
    properties = {
        "Name": {"Fn::Join": ["-", ["edgeroutes", stack_uuid, kind]]},
        "AutoPublish": True,
        "FunctionConfig": {"Comment": {"Fn::Sub": f"${{AWS::StackName}}: {about}"}, "Runtime": RUNTIME},
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
        "DefaultCacheBehavior": _behaviour(),
        "CacheTagConfig": {"HeaderName": cdn.tag_header},
        "CustomErrorResponses": [{"ErrorCode": status, "ErrorCachingMinTTL": 0} for status in ERROR_STATUSES],
        **_optional(cdn),
    }
    return {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": distribution}}


def _origin(config: Config) -> dict[str, Any]:
    host = f"${{{API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}"
    waits = min(max(ORIGIN_READ_TIMEOUT_S, config.integration_timeout_s + 1), MAX_ORIGIN_READ_TIMEOUT_S)
    return {
        "Id": _ORIGIN,
        "DomainName": {"Fn::Sub": host},
        "OriginPath": f"/{config.stage}",
        "CustomOriginConfig": {
            "OriginProtocolPolicy": "https-only",
            "OriginSSLProtocols": ["TLSv1.2"],
            "OriginReadTimeout": waits,
        },
        "OriginCustomHeaders": origin_headers(),
    }


def _behaviour() -> dict[str, Any]:
    return {
        "TargetOriginId": _ORIGIN,
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
        "CachedMethods": ["GET", "HEAD"],
        "Compress": True,
        "CachePolicyId": {"Ref": CACHE_POLICY},
        "OriginRequestPolicyId": ALL_VIEWER_EXCEPT_HOST,
        "ResponseHeadersPolicyId": {"Ref": HEADERS_POLICY},
        "FunctionAssociations": [
            {"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": [REQUEST_FUNCTION, "FunctionARN"]}},
            {"EventType": "viewer-response", "FunctionARN": {"Fn::GetAtt": [ANSWER_FUNCTION, "FunctionARN"]}},
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
