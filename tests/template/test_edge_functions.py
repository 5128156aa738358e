"""The code that CloudFront runs, run by Node: V8 knows all that cloudfront-js-2.0 does."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from edgeroutes.template.cdn import (
    MAX_CODE_BYTES,
    RequestPart,
    name_viewer,
    render_request_function,
    render_response_function,
)

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
    """Host and client that the API is told."""
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
def test_the_api_is_told_which_of_the_projects_hosts_was_asked(domains: list[str], asked: str, told: str) -> None:
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
def test_a_part_that_answers_ends_the_request_and_one_that_does_not_lets_it_on() -> None:
    teapot = "function refuse(request) {\n    if (request.method === 'BREW') {\n        return { statusCode: 418 };\n    }\n}\n"
    code = render_request_function([RequestPart(name="refuse", source=teapot), name_viewer([])])
    brew = request("d1.cloudfront.net")
    brew["request"]["method"] = "BREW"
    answer, passed_on = run(code, brew, request("d1.cloudfront.net"))
    assert answer == {"statusCode": 418}
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
def test_an_answer_that_says_nothing_of_caching_stays_as_it_is() -> None:
    response = {"statusCode": 302, "headers": {"location": {"value": "/"}}, "cookies": {"a": {"value": "1"}}}
    assert run(render_response_function(), {"response": response}) == [response]


def test_both_are_far_below_what_cloudfront_takes() -> None:
    many = [f"region{number}.example.com" for number in range(100)]  # a distribution has no more
    for code in (render_request_function([name_viewer(many)]), render_response_function()):
        assert len(code.encode()) < MAX_CODE_BYTES / 2
