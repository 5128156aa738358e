from __future__ import annotations

import pytest

from edgeroutes.http.etags import is_not_modified, kept_headers, strong_etag
from edgeroutes.http.headers import Headers

NOON, LATER = "Thu, 01 Jan 2026 12:00:00 GMT", "Thu, 01 Jan 2026 13:00:00 GMT"


def test_the_same_bytes_have_the_same_strong_tag() -> None:
    assert strong_etag(b"a") == '"27c35e6e9373877f29e562464e46497e"'
    assert strong_etag(b"b") != strong_etag(b"a")


@pytest.mark.parametrize(
    ("request_headers", "response", "expected"),
    [
        ({"If-None-Match": '"a"'}, {"etag": '"a"'}, True),
        ({"If-None-Match": 'W/"a"'}, {"etag": '"a"'}, True),
        ({"If-None-Match": '"a"'}, {"etag": 'W/"a"'}, True),
        ({"If-None-Match": '"x", W/"a" ,"b,c"'}, {"etag": '"a"'}, True),
        ({"If-None-Match": '"b,c"'}, {"etag": '"b,c"'}, True),
        ({"If-None-Match": " * "}, {"etag": '"a"'}, True),
        ({"If-None-Match": "*"}, {}, False),
        ({"If-None-Match": '"b"'}, {"etag": '"a"'}, False),
        ({"If-None-Match": "a"}, {"etag": '"a"'}, False),
        ({"If-None-Match": ""}, {"etag": '"a"'}, False),
        ({}, {"etag": '"a"'}, False),
        ({"If-Modified-Since": NOON}, {"last-modified": NOON}, True),
        ({"If-Modified-Since": LATER}, {"last-modified": NOON}, True),
        ({"If-Modified-Since": NOON}, {"last-modified": LATER}, False),
        ({"If-Modified-Since": "yesterday"}, {"last-modified": NOON}, False),
        ({"If-Modified-Since": NOON}, {"last-modified": "yesterday"}, False),
        ({"If-Modified-Since": NOON}, {}, False),
        ({"If-Modified-Since": "Thu, 01 Jan 2026 12:00:00 -0000"}, {"last-modified": NOON}, False),
        ({"If-None-Match": '"b"', "If-Modified-Since": LATER}, {"etag": '"a"', "last-modified": NOON}, False),
    ],
)
def test_whether_the_client_has_it_already(
    request_headers: dict[str, str], response: dict[str, str], expected: bool
) -> None:
    """Source: RFC 9110 §13.1.2, §13.1.3, §13.2.2."""
    assert is_not_modified(Headers(request_headers), Headers(response)) is expected


def test_a_304_repeats_what_a_cache_needs() -> None:
    response = Headers(
        [
            ("Cache-Control", "public"),
            ("Content-Type", "text/html"),
            ("ETag", '"a"'),
            ("Vary", "A"),
            ("Vary", "B"),
            ("X-Cache-Tag", "t"),
            ("X", "1"),
        ]
    )

    assert kept_headers(response, "x-cache-tag") == [
        ("cache-control", "public"),
        ("etag", '"a"'),
        ("vary", "A"),
        ("vary", "B"),
        ("x-cache-tag", "t"),
    ]
