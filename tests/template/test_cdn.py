from __future__ import annotations

from edgeroutes.config import parse_config
from edgeroutes.template.cdn import cdn_resources
from edgeroutes.template.origin_secret import origin_headers


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
            "OriginCustomHeaders": origin_headers(),
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


def test_with_several_hosts_an_answer_is_one_hosts_own() -> None:
    for domains, expected in (
        ("example.com", {"HeaderBehavior": "none"}),
        (["example.com"], {"HeaderBehavior": "none"}),
        (["example.com", "example.org"], {"HeaderBehavior": "whitelist", "Headers": ["x-forwarded-host"]}),
        ("*.example.com", {"HeaderBehavior": "whitelist", "Headers": ["x-forwarded-host"]}),
    ):
        made = cdn_resources(parse_config({"cdn": {"domain_name": domains}}))
        policy = made["DistributionCachePolicy"]["Properties"]["CachePolicyConfig"]
        assert policy["ParametersInCacheKeyAndForwardedToOrigin"]["HeadersConfig"] == expected


def test_functions_run_before_the_cache_and_after_it_and_browsers_are_told_to_be_careful() -> None:
    made = cdn_resources(parse_config({"cdn": {"domain_name": ["example.com", "example.org"]}}))
    distribution = made["Distribution"]["Properties"]["DistributionConfig"]
    assert distribution["Aliases"] == ["example.com", "example.org"]
    behaviour = distribution["DefaultCacheBehavior"]
    assert behaviour["FunctionAssociations"] == [
        {"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": ["DistributionViewerRequest", "FunctionARN"]}},
        {"EventType": "viewer-response", "FunctionARN": {"Fn::GetAtt": ["DistributionViewerResponse", "FunctionARN"]}},
    ]
    request = made["DistributionViewerRequest"]["Properties"]
    assert (request["AutoPublish"], request["FunctionConfig"]["Runtime"]) == (True, "cloudfront-js-2.0")
    assert 'const domains = ["example.com", "example.org"];' in request["FunctionCode"]
    assert behaviour["ResponseHeadersPolicyId"] == {"Ref": "DistributionHeadersPolicy"}
    policy = made["DistributionHeadersPolicy"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert [name for name, header in policy.items() if header["Override"]] == []


def test_the_names_of_its_functions_fit_however_long_the_stacks_is() -> None:
    made = cdn_resources(parse_config({}))
    uuid = "f8d7a2c4-1234-5678-9abc-def012345678"
    names = [made[f"DistributionViewer{kind}"]["Properties"]["Name"]["Fn::Join"] for kind in ("Request", "Response")]
    assert [separator for separator, _ in names] == ["-", "-"]
    texts = ["-".join(part if isinstance(part, str) else uuid for part in parts) for _, parts in names]
    assert texts == [f"edgeroutes-{uuid}-request", f"edgeroutes-{uuid}-response"]
    assert max(map(len, texts)) <= 64
