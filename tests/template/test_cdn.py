from __future__ import annotations

from edgeroutes.config import parse_config
from edgeroutes.template.cdn import cdn_resources


def test_it_can_be_switched_off() -> None:
    assert cdn_resources(parse_config({"cdn": {"enabled": False}})) == {}


def test_what_is_cached_the_functions_say_alone() -> None:
    policy = cdn_resources(parse_config({}))["DistributionCachePolicy"]["Properties"]["CachePolicyConfig"]
    assert (policy["MinTTL"], policy["DefaultTTL"], policy["MaxTTL"]) == (0, 0, 31_536_000)
    assert policy["ParametersInCacheKeyAndForwardedToOrigin"] == {
        "CookiesConfig": {"CookieBehavior": "none"},
        "HeadersConfig": {"HeaderBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "all"},
        "EnableAcceptEncodingBrotli": True,
        "EnableAcceptEncodingGzip": True,
    }


def test_the_api_is_the_origin_and_no_error_is_kept() -> None:
    config = parse_config({"stage": "prod", "cdn": {"tag_header": "cache-tag"}})
    made = cdn_resources(config)["Distribution"]["Properties"]["DistributionConfig"]
    assert made["Origins"] == [
        {
            "Id": "api",
            "DomainName": {"Fn::Sub": "${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"},
            "OriginPath": "/prod",
            "CustomOriginConfig": {
                "OriginProtocolPolicy": "https-only",
                "OriginSSLProtocols": ["TLSv1.2"],
                "OriginReadTimeout": 60,
            },
        }
    ]
    assert made["CacheTagConfig"] == {"HeaderName": "cache-tag"}
    assert [(each["ErrorCode"], each["ErrorCachingMinTTL"]) for each in made["CustomErrorResponses"]] == [
        (status, 0) for status in (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
    ]
    assert "Aliases" not in made


def test_it_waits_longer_where_the_api_does_up_to_its_own_limit() -> None:
    waits = [
        cdn_resources(parse_config({"integration_timeout_s": seconds}))["Distribution"]["Properties"][
            "DistributionConfig"
        ]["Origins"][0]["CustomOriginConfig"]["OriginReadTimeout"]
        for seconds in (29, 90, 300)
    ]
    assert waits == [60, 91, 120]


def test_what_the_settings_say_is_in_it() -> None:
    cdn = {
        "domain_name": "example.com",
        "certificate_arn": "arn:aws:acm:us-east-1:1:certificate/x",
        "web_acl_arn": "arn:acl",
        "price_class": "PriceClass_100",
        "log_bucket": "logs",
    }
    made = cdn_resources(parse_config({"cdn": cdn}))["Distribution"]["Properties"]["DistributionConfig"]
    assert made["Aliases"] == ["example.com"]
    assert made["ViewerCertificate"] == {
        "AcmCertificateArn": "arn:aws:acm:us-east-1:1:certificate/x",
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SslSupportMethod": "sni-only",
    }
    assert (made["WebACLId"], made["PriceClass"]) == ("arn:acl", "PriceClass_100")
    assert made["Logging"] == {"Bucket": "logs.s3.amazonaws.com", "IncludeCookies": False}
