from __future__ import annotations

from edgeroutes.adapters.checks import GATEWAY_HEADER_BYTES, LAMBDA_RESULT_BYTES, find_excess
from edgeroutes.adapters.proxy import SMALL_CHARACTERS
from edgeroutes.http.headers import MutableHeaders


def test_what_is_called_small_exceeds_no_limit() -> None:
    value = "\xff" * 500
    headers = MutableHeaders([("x", value)] * 10)
    result = {"statusCode": 200, "multiValueHeaders": {"x": [value] * 10}, "body": "😀" * SMALL_CHARACTERS}

    assert headers.are_small()
    assert find_excess(result, {}, "") is None
    assert SMALL_CHARACTERS * len(r"\ud83d\ude00") + 10 * 500 * len(r"\u00ff") + 1000 < LAMBDA_RESULT_BYTES
    assert len(value.encode()) * 10 < GATEWAY_HEADER_BYTES


def test_what_may_be_too_large_is_not_called_small() -> None:
    assert not MutableHeaders([("x", "y" * 501)]).are_small()
    assert not MutableHeaders([("x", "y")] * 11).are_small()
