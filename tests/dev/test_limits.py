from __future__ import annotations

from edgeroutes.dev.limits import Limits

LIMITS = Limits(head_bytes=40, request_body_bytes=10, event_bytes=12)


def test_the_numbers_are_those_of_aws() -> None:
    limits = Limits()
    assert (limits.head_bytes, limits.request_body_bytes, limits.integration_timeout_s) == (10_240, 10_485_760, 29.0)
    assert limits.event_bytes == 6_291_456


def test_a_head_is_its_request_line_and_the_values_of_its_headers() -> None:
    fits = LIMITS.check_head("GET", "/" + "x" * 12, [("a-long-name", "v" * 14)])  # GET /x… HTTP/1.1 is 26
    refused = LIMITS.check_head("GET", "/" + "x" * 12, [("a-long-name", "v" * 15)])
    assert (fits, refused and refused.status) == (None, 431)
    assert refused is not None
    assert refused.detail == "the request line and the header values have 41 bytes: API Gateway takes 40"


def test_a_body_may_be_as_large_as_the_limit() -> None:
    refused = LIMITS.check_body(11)
    assert LIMITS.check_body(10) is None
    assert refused is not None
    assert refused.status == 413


def test_an_event_counts_in_utf8() -> None:
    assert LIMITS.check_event('"123456789é"', 0) is not None
    assert LIMITS.check_event('"12345678é"', 0) is None
