"""What reads a request, or the headers of a response, takes time in proportion to what it reads.

Each parser gets hostile inputs of n and of eight times n; a parser that reads its input again and again takes 64 times as long.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.adapters.connection import AsgiIncoming
from edgeroutes.adapters.events import HttpEvent, RestEvent
from edgeroutes.http.caching import path_tag
from edgeroutes.http.conditional import UnsatisfiableRangeError, is_not_modified, parse_http_date, requested_range
from edgeroutes.http.cookies import (
    ResponseCookies,
    merge_cookies,
    parse_cookies,
    parse_set_cookie,
    without_forged_prefixes,
)
from edgeroutes.http.cors import CORS
from edgeroutes.http.freshness import parse_cache_control, read_freshness
from edgeroutes.http.headers import Headers, parse_digits
from edgeroutes.http.request import QueryParams
from edgeroutes.http.url import decode_percent, is_host, location, split_host
from edgeroutes.routing.patterns import path_readings
from edgeroutes.routing.table import PathEncodingError, RouteTable, canonical_path
from edgeroutes.runtime.streams import takes_gzip

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE = RouteTable([("/a/[...rest]", 1), ("/[x]/a/[y]/b", 2), ("/[x]/[y]/[[...rest]]", 3)])
POLICY = CORS(["https://a.example", "https://*.b.example", r"regex:https://[a-z]+\.c\.example"], headers=["x-a", "x-b"])


def _match(path: str) -> None:
    try:
        TABLE.match(path)
    except PathEncodingError:
        return


def _decode(text: str) -> None:
    try:
        decode_percent(text)
    except ValueError:
        return


def _range(text: str) -> None:
    try:
        requested_range(Headers({"range": text}), Headers(), 10)
    except UnsatisfiableRangeError:
        return


def _merge(text: str) -> None:
    jar = ResponseCookies()
    jar.set("own", "1")
    merge_cookies(text.split("\n"), jar)


def _http_event(path: str = "/", query: str = "") -> HttpEvent:
    gateway = {"http": {"method": "GET"}, "stage": "live", "domainName": "a.example"}
    return HttpEvent({"rawPath": path, "rawQueryString": query, "requestContext": gateway}, None)


def _asgi(path: str) -> None:
    scope = {"path": path, "raw_path": path.encode(), "root_path": "/a/b", "headers": [], "query_string": b""}
    AsgiIncoming(scope).check_head()


def _rest_query(text: str) -> str:
    event = {"httpMethod": "GET", "path": "/", "multiValueQueryStringParameters": {"a": text.split("&")}}
    return RestEvent(event, None).query_string()


PARSERS: dict[str, Callable[[str], Any]] = {
    "parse_cookies": parse_cookies,
    "parse_set_cookie": parse_set_cookie,
    "without_forged_prefixes": without_forged_prefixes,
    "merge_cookies": _merge,
    "parse_cache_control": lambda text: parse_cache_control([text]),
    "read_freshness": lambda text: read_freshness(200, Headers({"cache-control": text, "age": text, "vary": text}), 0),
    "parse_http_date": parse_http_date,
    "is_not_modified": lambda text: is_not_modified(Headers({"if-none-match": text}), Headers({"etag": '"x"'})),
    "requested_range": _range,
    "parse_digits": lambda text: parse_digits(text, 100),
    "decode_percent": _decode,
    "split_host": split_host,
    "is_host": is_host,
    "location": lambda text: location(f"/{text}") if text.isprintable() else None,
    "Headers.get": lambda text: Headers([("a", part) for part in text.split(",")]).get("a"),
    "takes_gzip": takes_gzip,
    "CORS.preflight_fields": lambda text: POLICY.preflight_fields("https://a.example", "GET", text),
    "CORS.response_fields": POLICY.response_fields,
    "path_tag": path_tag,
    "RouteTable.match": lambda text: _match(f"/{text}"),
    "canonical_path": lambda text: canonical_path(f"/{text}", trailing_slash=True),
    "path_readings": lambda text: path_readings(f"/{text}"),
    "HttpEvent path": lambda text: _http_event(f"/{text}").path,
    "HttpEvent query": lambda text: QueryParams(_http_event(query=text).query_items()),
    "RestEvent query": _rest_query,
    "AsgiIncoming": lambda text: _asgi(f"/{text}"),
}
# Pieces that parsers stumble over, repeated. What starts something and never ends it, what is nearly right, what has to be read twice.
PIECES = [
    " ", "\t", ",", ";", "=", '"', "\\", "%", "/", "&", ".", "-", ":", "[", "a", "9",
    " ,", " =", '="', '\\"', 'a="', 'a="\\', '",', "a =", "a  ", ", ,", "; ;", "a=b;", "a;", "=a;", "__Host-a;", "\n",
    "%2", "%41", "%2F", "%zz", "%C3%A9", "é", "/..", "/../a", "/%2e%2e", "//", "/./", "a/", "%2e/", "a&", "&a=%", "a=1&",
    "gzip;q=1,", "gzip;;", "*;q=", "W/\"", '"a", ', "bytes=1-,", "1-2,", "max-age=9,", "s-maxage = ", "[::", "a.b", "https://a.",
]  # fmt: skip
FACTOR = 8
# Of a linear parser about 8, of a quadratic one 64; caches and collections make the linear ones uneven.
MOST = 24.0
# Below it pages of memory count for more than the parser, and a quadratic one would take seconds.
FAST_SECONDS = 0.03


@pytest.mark.parametrize("name", PARSERS)
def test_it_takes_time_in_proportion(name: str) -> None:
    parse = PARSERS[name]
    slow = {piece: ratio for piece in PIECES if (ratio := _ratio(parse, piece)) > MOST}
    assert slow == {}


def test_the_measurement_finds_a_quadratic_parser() -> None:
    assert _ratio(lambda text: re.search(r"\s+x", text), " ") > MOST


def _ratio(parse: Callable[[str], Any], piece: str) -> float:
    """How much longer it takes with eight times the input; measured again where that is much, for a busy machine is slow by itself."""
    count = 2_000
    while (base := _seconds(parse, piece * count)) < 0.002 and count < 16_000:
        count *= 2
    most = _seconds(parse, piece * (count * FACTOR))
    if most < FAST_SECONDS:
        return 0.0
    ratio = most / base
    for _ in range(4):
        if ratio <= MOST:
            break
        ratio = min(ratio, _seconds(parse, piece * (count * FACTOR), 3) / _seconds(parse, piece * count, 3))
    return ratio


def _seconds(parse: Callable[[str], Any], text: str, times: int = 1) -> float:
    best = float("inf")
    for _ in range(times):
        began = time.thread_time()
        parse(text)
        best = min(best, time.thread_time() - began)
    return max(best, 1e-5)
