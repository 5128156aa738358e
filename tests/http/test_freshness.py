"""What a shared cache may do with a response; also against a third party's cases, `../shared/cases/cdn.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgeroutes.http.caching import CACHEABLE_STATUSES, UNCACHED, YEAR_SECONDS, render_cache_control
from edgeroutes.http.conditional import render_http_date
from edgeroutes.http.freshness import (
    STORED_ERRORS,
    Freshness,
    allows_sharing,
    parse_cache_control,
    read_freshness,
    replays_cookies,
)
from edgeroutes.http.headers import Headers
from edgeroutes.template.cdn import ERROR_STATUSES

NOW = 1_795_262_400.0
CASES = Path(__file__).parents[3] / "shared" / "cases" / "cdn.json"
DEPARTURES: dict[str, str] = json.loads((Path(__file__).parents[1] / "cases" / "cdn" / "departures.json").read_text())
# The groups in which one response's own header fields decide.
GROUPS = {
    "cc-freshness",
    "cc-parse",
    "age-parse",
    "expires",
    "expires-parse",
    "status",
    "heuristic",
    "vary-parse",
    "pragma",
}
PAUSE_S = 3


def freshness(control: str = "", status: int = 200, **headers: str) -> Freshness:
    pairs = [("cache-control", control)] if control else []
    return read_freshness(
        status, Headers([*pairs, *((name.replace("_", "-"), value) for name, value in headers.items())]), NOW
    )


def windows(control: str, **headers: str) -> tuple[bool, int, int, int | None]:
    found = freshness(control, **headers)
    return found.is_stored, found.lifetime_seconds, found.revalidating_seconds, found.on_error_seconds


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["public, S-MaxAge=60"], {"public": None, "s-maxage": "60"}),
        (['max-age="60" , no-cache="a, b",x'], {"max-age": "60", "no-cache": "a, b", "x": None}),
        (["max-age=1, max-age=2", "max-age=3"], {"max-age": "1"}),
        (['a="x=1, max-age=9", max-age=2'], {"a": "x=1, max-age=9", "max-age": "2"}),
        ([r'a="\"b", c'], {"a": r"\"b", "c": None}),
        (["", " , ,"], {}),
        (["private"], {"private": None}),
    ],
)
def test_directives_are_read_as_they_stand(lines: list[str], expected: dict[str, str | None]) -> None:
    assert parse_cache_control(lines) == expected


@pytest.mark.parametrize("lifetime", [1, 60, 86_400, YEAR_SECONDS])
def test_what_the_runtime_writes_is_read_back_to_the_second(lifetime: int) -> None:
    stale = YEAR_SECONDS - lifetime
    assert windows(render_cache_control(lifetime)) == (True, lifetime, stale, stale or None)
    assert windows(render_cache_control(lifetime, 404)) == (True, lifetime, 0, None)
    assert not freshness(UNCACHED).is_stored


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        ("s-maxage=5, max-age=9", (True, 5, 0, None)),
        ("max-age=9, stale-while-revalidate=3, stale-if-error=0", (True, 9, 3, 0)),
        ("max-age=99999999999", (True, YEAR_SECONDS, 0, None)),
        ("max-age=nine", (True, 0, 0, None)),
        ("max-age=-1", (True, 0, 0, None)),
        ("max-age=9, no-cache, stale-while-revalidate=9", (True, 0, 0, 0)),
        ("max-age=9, private", (False, 0, 0, None)),
        ('max-age=9, private="a"', (True, 9, 0, None)),
        ("max-age=9, no-store", (False, 0, 0, None)),
        ("public", (False, 0, 0, None)),
    ],
)
def test_the_windows_of_a_cache_control(control: str, expected: tuple[bool, int, int, int | None]) -> None:
    assert windows(control) == expected


def test_expires_counts_from_the_origins_own_clock_and_only_without_a_lifetime() -> None:
    date, later = render_http_date(NOW - 100), render_http_date(NOW)
    assert windows("", expires=later, date=date) == (True, 100, 0, None)
    assert windows("", expires=later) == (True, 0, 0, None)
    assert windows("", expires="0") == (True, 0, 0, None)
    assert windows("max-age=5", expires=later, date=date) == (True, 5, 0, None)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({}, 0), ({"age": "7"}, 7), ({"age": "7, 9"}, 7), ({"age": "x"}, 0), ({"date": render_http_date(NOW - 5)}, 5)],
)
def test_the_age_that_a_response_brings(headers: dict[str, str], expected: int) -> None:
    found = freshness("max-age=10", **headers)
    assert (found.age_seconds, found.is_fresh(9 - expected), found.is_fresh(10 - expected)) == (expected, True, False)


def test_the_stale_windows_open_when_freshness_ends() -> None:
    found = freshness("max-age=10, stale-while-revalidate=5, stale-if-error=20")
    inside = [
        (found.is_fresh(at), found.may_be_refreshed_behind(at), found.may_cover_error(at)) for at in (9, 14, 29, 30)
    ]
    assert inside == [(True, True, True), (False, True, True), (False, False, True), (False, False, False)]


def test_the_policy_caps_a_lifetime_at_a_year() -> None:
    controls = ("max-age=5", "max-age=99999999", "", "private, no-store", "no-cache")
    assert [freshness(control).lifetime_seconds for control in controls] == [5, YEAR_SECONDS, 0, 0, 0]
    assert not freshness(UNCACHED).is_stored


@pytest.mark.parametrize("status", [*STORED_ERRORS, 401, 409, 429, 499, 599])
def test_errors_are_kept_for_a_lifetime_that_cache_control_names(status: int) -> None:
    kept = [freshness(said, status).is_stored for said in ("max-age=60", "max-age=0", "public")]
    assert kept == [status in STORED_ERRORS, False, False]
    assert not freshness("", status, expires=render_http_date(NOW + 60)).is_stored


@pytest.mark.parametrize("status", [206, 304])
def test_parts_and_confirmations_are_not_responses_to_others(status: int) -> None:
    assert not freshness("max-age=60", status).is_stored


def test_validators_alone_are_kept_to_ask_with() -> None:
    assert windows("", etag='"a"') == (True, 0, 0, None)
    assert not freshness("").is_stored


def test_fields_of_the_connection_and_those_named_are_not_kept() -> None:
    found = freshness('max-age=9, no-cache="Set-Cookie, X-A", private="x-d"', connection="x-b, close")
    assert {"set-cookie", "x-a", "x-b", "x-d", "transfer-encoding", "keep-alive"} <= found.unstored_fields
    assert "x-c" not in found.unstored_fields


def test_the_runtimes_statuses_and_the_templates_errors_agree_with_these_rules() -> None:
    for status in CACHEABLE_STATUSES:
        assert freshness(render_cache_control(60, status), status).lifetime_seconds == 60
    # What CloudFront keeps without being told is named in the template, with no time to keep it.
    assert STORED_ERRORS - set(ERROR_STATUSES) <= {410, 412, 415}


@pytest.mark.parametrize(
    ("cache_control", "shares", "replays"),
    [
        ("public, max-age=5", True, True),
        ("MAX-AGE=5", True, True),
        ('s-maxage="60", no-cache="set-cookie, x"', True, False),
        ('private="x", max-age=5', True, True),
        ("max-age=5, s-maxage=0", False, False),
        ("max-age=0, must-revalidate", False, False),
        ("private, max-age=5", False, False),
        ("no-cache", False, False),
        ("no-store, s-maxage=60", False, False),
        ("public", False, False),
        ("max-age=soon", False, False),
        ("", False, False),
    ],
)
def test_what_a_handlers_own_cache_control_lets_a_cdn_do(cache_control: str, shares: bool, replays: bool) -> None:
    assert (allows_sharing(cache_control), replays_cookies(cache_control)) == (shares, replays)


def single_response_cases() -> list[dict[str, Any]]:
    groups = json.loads(CASES.read_text()) if CASES.is_file() else []
    return [
        case
        for group in groups
        if group["id"] in GROUPS
        for case in group["tests"]
        if case.get("kind") != "check"
        and len(case["requests"]) == 2
        and case["requests"][1].get("expected_type") in ("cached", "not_cached")
    ]


@pytest.mark.parametrize("case", single_response_cases(), ids=[case["id"] for case in single_response_cases()])
def test_a_case_of_the_third_party(case: dict[str, Any]) -> None:
    first, second = case["requests"]
    pairs = [
        (name, render_http_date(NOW + value) if isinstance(value, int) and name != "Age" else str(value))
        for name, value, *_ in first.get("response_headers", ())
    ]
    found = read_freshness(first.get("response_status", [200])[0], Headers(pairs), NOW)
    is_reused = found.is_stored and found.is_fresh(PAUSE_S if first.get("pause_after") else 0)
    holds = is_reused == (second["expected_type"] == "cached")
    if case["id"] in DEPARTURES:
        assert not holds, "it holds now: take it out of the departures"
        pytest.skip(DEPARTURES[case["id"]])
    assert holds, case["name"]
