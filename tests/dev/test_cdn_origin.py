"""What the CDN tells browsers, against the very function that CloudFront runs, run by Node."""

from __future__ import annotations

import pytest

from edgeroutes.dev.cdn_cache import viewer_headers
from edgeroutes.http.headers import Headers
from edgeroutes.template.cdn import render_response_function
from tests.template.test_cdn import needs_node, run

SAID = [
    "public, s-maxage=60, stale-while-revalidate=31535940, stale-if-error=31535940",
    "S-MAXAGE=60",
    "max-age=5,s-maxage=60",
    "private, no-store",
    "max-age=60",
    "public",
    "x-s-maxage=60",
    "proxy-revalidate",
]


@needs_node
def test_browsers_get_the_same_header_as_by_cloudfronts_function() -> None:
    events = [{"response": {"statusCode": 200, "headers": {"cache-control": {"value": said}}}} for said in SAID]
    theirs = [made["headers"]["cache-control"]["value"] for made in run(render_response_function(), *events)]
    ours = [dict(viewer_headers(200, Headers({"cache-control": said}), "Miss"))["cache-control"] for said in SAID]
    assert ours == theirs


@pytest.mark.parametrize(
    ("status", "state", "expected"), [(200, "Hit", "Hit"), (304, "Hit", "Hit"), (404, "Hit", "Error")]
)
def test_what_the_cdn_says_of_itself(status: int, state: str, expected: str) -> None:
    pairs = viewer_headers(status, Headers({"etag": '"a"', "age": "9"}), state, 12)
    assert pairs == [("etag", '"a"'), ("age", "12"), ("x-cache", f"{expected} from cloudfront")]
