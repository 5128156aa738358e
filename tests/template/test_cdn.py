"""The code that CloudFront runs, run by Node: V8 knows all that cloudfront-js-2.0 does."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from edgeroutes.config import parse_config
from edgeroutes.template.cdn import (
    MAX_CODE_BYTES,
    RequestPart,
    cdn_resources,
    name_viewer,
    origin_headers,
    render_request_function,
    render_response_function,
    warn_region,
)
from edgeroutes.template.document import make_template
from tests.plan.projects import STREAM, plan


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


def test_with_several_hosts_a_response_belongs_to_one_host() -> None:
    for domains, expected in (
        ("example.com", {"HeaderBehavior": "none"}),
        (["example.com"], {"HeaderBehavior": "none"}),
        (["example.com", "example.org"], {"HeaderBehavior": "whitelist", "Headers": ["x-forwarded-host"]}),
        ("*.example.com", {"HeaderBehavior": "whitelist", "Headers": ["x-forwarded-host"]}),
    ):
        made = cdn_resources(parse_config({"cdn": {"domain_name": domains}}))
        policy = made["DistributionCachePolicy"]["Properties"]["CachePolicyConfig"]
        assert policy["ParametersInCacheKeyAndForwardedToOrigin"]["HeadersConfig"] == expected


def test_functions_run_before_the_cache_and_after_it_and_browsers_revalidate() -> None:
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


NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="Node is not on PATH")
RUN = """
const events = JSON.parse(require('fs').readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(events.map((event) => handler(event))));
"""


def run(code: str, *events: dict[str, Any]) -> list[dict[str, Any]]:
    """What the code's handler gives for each event."""
    program = f"'use strict';\n{code}{RUN}"
    done = subprocess.run(
        [str(NODE), "-e", program], input=json.dumps(events), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def request(host: str, ip: str = "203.0.113.7", **headers: str) -> dict[str, Any]:
    """An event of a viewer's request. Source: docs.aws.amazon.com/AmazonCloudFront "functions-event-structure"."""
    sent = {name.replace("_", "-"): {"value": value} for name, value in headers.items()}
    return {
        "version": "1.0",
        "context": {"distributionDomainName": "d1.cloudfront.net", "eventType": "viewer-request"},
        "viewer": {"ip": ip},
        "request": {
            "method": "GET",
            "uri": "/users/a%2Fb",
            "querystring": {"page": {"value": "2"}},
            "headers": {"host": {"value": host}, **sent},
            "cookies": {},
        },
    }


def named(domains: list[str], event: dict[str, Any]) -> tuple[str, str]:
    """Host and client in the headers for the API."""
    (made,) = run(render_request_function([name_viewer(domains)]), event)
    return made["headers"]["x-forwarded-host"]["value"], made["headers"]["x-edgeroutes-client"]["value"]


@needs_node
@pytest.mark.parametrize(
    ("domains", "asked", "told"),
    [
        ([], "d1.cloudfront.net", "d1.cloudfront.net"),
        ([], "D1.CloudFront.net:443", "d1.cloudfront.net"),
        (["example.com"], "example.com", "example.com"),
        (["example.com"], "d1.cloudfront.net", "example.com"),
        (["example.com", "example.org"], "example.org", "example.org"),
        (["example.com", "example.org"], "d1.cloudfront.net", "example.com"),
        (["*.example.com"], "a.example.com", "a.example.com"),
        (["*.example.com"], "d1.cloudfront.net", "d1.cloudfront.net"),
        (["*.example.com", "example.com"], "evil-example.com", "example.com"),
    ],
)
def test_the_api_is_reported_the_host_of_the_request(domains: list[str], asked: str, told: str) -> None:
    assert named(domains, request(asked))[0] == told


@needs_node
def test_what_the_viewer_claims_of_host_and_address_is_overwritten() -> None:
    event = request("d1.cloudfront.net", "2001:db8::1", x_forwarded_host="evil.example", x_edgeroutes_client="10.0.0.1")
    event["request"]["headers"]["x-forwarded-host"]["multiValue"] = [{"value": "evil.example"}, {"value": "b"}]
    (made,) = run(render_request_function([name_viewer([])]), event)
    assert made == {
        **event["request"],
        "headers": {
            "host": {"value": "d1.cloudfront.net"},
            "x-forwarded-host": {"value": "d1.cloudfront.net"},
            "x-edgeroutes-client": {"value": "2001:db8::1"},
        },
    }


@needs_node
def test_a_part_that_responds_ends_the_request_and_one_that_does_not_lets_it_on() -> None:
    teapot = "function refuse(request) {\n    if (request.method === 'BREW') {\n        return { statusCode: 418 };\n    }\n}\n"
    code = render_request_function([RequestPart(name="refuse", source=teapot), name_viewer([])])
    brew = request("d1.cloudfront.net")
    brew["request"]["method"] = "BREW"
    response, passed_on = run(code, brew, request("d1.cloudfront.net"))
    assert response == {"statusCode": 418}
    assert passed_on["headers"]["x-edgeroutes-client"] == {"value": "203.0.113.7"}


FOR_BROWSERS = {"value": "public, max-age=0, must-revalidate"}


@needs_node
@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"value": "public, s-maxage=60, stale-while-revalidate=31535940"}, FOR_BROWSERS),
        ({"value": "S-MaxAge=1"}, FOR_BROWSERS),
        ({"value": "max-age=5,s-maxage = 60"}, FOR_BROWSERS),
        (
            {"value": "s-maxage=60", "multiValue": [{"value": "public"}, {"value": "s-maxage=60"}]},
            FOR_BROWSERS,
        ),
        ({"value": "private, no-store"}, {"value": "private, no-store"}),
        ({"value": "public, max-age=600"}, {"value": "public, max-age=600"}),
        ({"value": "public, xs-maxage=60"}, {"value": "public, xs-maxage=60"}),
    ],
)
def test_browsers_keep_nothing_that_only_a_shared_cache_may(said: dict[str, Any], told: dict[str, Any]) -> None:
    headers = {"content-type": {"value": "text/plain"}, "cache-control": said}
    event = {"response": {"statusCode": 200, "headers": headers, "cookies": {}}}
    (made,) = run(render_response_function(), event)
    assert made == {**event["response"], "headers": {**headers, "cache-control": told}}


@needs_node
def test_a_response_without_cache_control_stays_as_it_is() -> None:
    response = {"statusCode": 302, "headers": {"location": {"value": "/"}}, "cookies": {"a": {"value": "1"}}}
    assert run(render_response_function(), {"response": response}) == [response]


def test_both_are_far_below_what_cloudfront_takes() -> None:
    many = [f"region{number}.example.com" for number in range(100)]  # a distribution has no more
    for code in (render_request_function([name_viewer(many)]), render_response_function()):
        assert len(code.encode()) < MAX_CODE_BYTES / 2


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("us-gov-west-1", "AWS GovCloud (US) has no CloudFront"),
        ("cn-north-1", "CloudFront in China needs a domain with an ICP registration"),
        ("eu-central-1", ""),
        ("", ""),
    ],
)
def test_regions_where_the_default_cannot_be_deployed_have_a_warning(region: str, expected: str) -> None:
    found = [str(warning) for warning in warn_region(parse_config({}), region)]
    assert len(found) == bool(expected)
    assert all(
        expected in each and f"a deploy to {region} fails" in each and "enabled = false" in each for each in found
    )
    assert warn_region(parse_config({"cdn": {"enabled": False}}), region) == []


def test_no_arn_and_no_host_is_of_one_partition() -> None:
    files = {
        "a/route.py": "",
        "b/route.py": STREAM,
        "a/function.yaml": "Policies: [AmazonS3ReadOnlyAccess, {DynamoDBCrudPolicy: {TableName: t}}, {SQSPollerPolicy: {QueueName: q}}]\n",
        "b/function.yaml": "LoggingConfig: {LogGroup: mine}\n",
    }
    text = make_template(plan(files)).text
    assert "arn:aws:" not in text
    assert "amazonaws.com" not in text.replace("lambda.amazonaws.com", "").replace("apigateway.amazonaws.com", "")
