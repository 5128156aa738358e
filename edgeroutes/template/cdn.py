"""CloudFront in front of the API. Build wing, floor 2; knows no YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeroutes.template.api import API

if TYPE_CHECKING:
    from edgeroutes.config import CdnConfig, Config

DISTRIBUTION = "Distribution"
CACHE_POLICY = "DistributionCachePolicy"
# Source: docs.aws.amazon.com/AmazonCloudFront "using-managed-origin-request-policies", AllViewerExceptHostHeader.
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
YEAR_SECONDS = 31_536_000
# Source: docs.aws.amazon.com/AmazonCloudFront "cloudfront-limits" (read 2026-11-21): up to 120 without a raised quota.
# It is the time to the first byte and between any two of a stream; `sse` sends a heartbeat every 15 seconds.
ORIGIN_READ_TIMEOUT_S = 60
MAX_ORIGIN_READ_TIMEOUT_S = 120
# CloudFront keeps these for ten seconds unless told otherwise, and ignores no-store on most (decisions.md).
ERROR_STATUSES = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
_ORIGIN = "api"


def cdn_resources(config: Config) -> dict[str, Any]:
    """Logical id → resource; none when the CDN is switched off."""
    if not config.cdn.enabled:
        return {}
    return {CACHE_POLICY: _cache_policy(), DISTRIBUTION: _distribution(config)}


def _cache_policy() -> dict[str, Any]:
    """One policy for all routes: what is cached, and how long, the function's own headers say."""
    key = {
        "CookiesConfig": {"CookieBehavior": "none"},
        "HeadersConfig": {"HeaderBehavior": "none"},
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
    }


def _optional(cdn: CdnConfig) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if cdn.domain_name:
        made["Aliases"] = [cdn.domain_name]
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
