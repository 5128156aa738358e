"""What the case file's `expect` says of a response. Conventions: the head of facts/nextjs.md."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conformance.drivers import ReceivedResponse


def differences(
    response: ReceivedResponse, expect: Mapping[str, Any], first: ReceivedResponse | None = None
) -> list[str]:
    """Everything in which the response is not as expected.

    Args:
        response: What came.
        expect: `status`, `headers` and `body` of a case.
        first: The response to the first of the requests sent before.
    """
    found = []
    if expect["status"] is not None and response.status != expect["status"]:
        found.append(f"status: {response.status}, not {expect['status']}")
    for name, wanted in expect["headers"].items():
        values = response.values(name)
        if not _header_fits(values, wanted):
            found.append(f"{name}: {values!r}, not {wanted!r}")
    if not _body_fits(response, expect["body"], first):
        found.append(f"body: {response.body!r}{'' if response.is_complete else ', cut'}, not {expect['body']!r}")
    return found


def _header_fits(values: list[str], wanted: Any) -> bool:
    if wanted is None:
        return not values
    if isinstance(wanted, list):
        return values == wanted
    if not values:
        return False
    text = ", ".join(values)
    return text == wanted if isinstance(wanted, str) else _text_fits(text, wanted)


def _body_fits(response: ReceivedResponse, wanted: Any, first: ReceivedResponse | None) -> bool:
    if wanted is None:
        return response.is_complete
    if isinstance(wanted, str | bytes):
        return response.is_complete and response.body == (wanted.encode() if isinstance(wanted, str) else wanted)
    if "truncatedAfter" in wanted:
        return not response.is_complete and response.body == wanted["truncatedAfter"].encode()
    if "sameAsFirstBefore" in wanted or "differsFromFirstBefore" in wanted:
        is_same = first is not None and first.body == response.body
        return is_same is bool(wanted.get("sameAsFirstBefore"))
    return response.is_complete and _text_fits(response.body.decode(), wanted)


def _text_fits(text: str, wanted: Mapping[str, Any]) -> bool:
    """Whether a text fits each of the given ways to say what is wanted; an unknown way fits nothing."""
    return all(way in _WAYS and _WAYS[way](text, value) for way, value in wanted.items())


_WAYS = {
    "contains": lambda text, part: part in text,
    "containsAll": lambda text, parts: all(part in text for part in parts),
    "regex": lambda text, pattern: re.search(pattern, text) is not None,
    "json": lambda text, value: _parsed(text) == value,
    "jsonPartial": lambda text, value: _holds(_parsed(text), value),
}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _holds(whole: Any, part: Any) -> bool:
    """Whether every key of `part` stands in `whole` with its value; what is not a mapping must be equal."""
    if not isinstance(part, dict):
        return bool(whole == part)
    return isinstance(whole, dict) and all(key in whole and _holds(whole[key], value) for key, value in part.items())
