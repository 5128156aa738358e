from __future__ import annotations

import pytest

from edgeroutes.http.caching import CACHEABLE_STATUSES, YEAR_SECONDS, lifetime_seconds, render_cache_control

YEAR = 31_536_000


@pytest.mark.parametrize(
    ("seconds", "status", "header"),
    [
        (60, 200, "public, s-maxage=60, stale-while-revalidate=31535940, stale-if-error=31535940"),
        (1, 307, "public, s-maxage=1, stale-while-revalidate=31535999, stale-if-error=31535999"),
        (YEAR, 200, "public, s-maxage=31536000"),
        (2 * YEAR, 200, "public, s-maxage=63072000"),
        (60, 404, "public, s-maxage=60"),
        (60, 410, "public, s-maxage=60"),
    ],
)
def test_what_is_left_of_a_year_is_served_stale(seconds: int, status: int, header: str) -> None:
    """Source: facts/nextjs.md C4-C6; decisions.md: errors carry s-maxage alone."""
    assert render_cache_control(seconds, status) == header


@pytest.mark.parametrize(
    ("dynamic", "revalidate", "has_static_params", "seconds"),
    [
        ("auto", None, False, None),
        ("auto", 60, False, 60),
        ("auto", 0, False, None),
        ("auto", False, False, YEAR),
        ("auto", None, True, YEAR),
        ("auto", 60, True, 60),
        ("auto", 0, True, None),
        ("force-static", None, False, YEAR),
        ("force-static", 60, False, 60),
        ("force-static", 0, False, None),
        ("force-static", False, False, YEAR),
        ("error", None, False, YEAR),
        ("error", 30, True, 30),
        ("force-dynamic", 60, True, None),
        ("force-dynamic", False, False, None),
    ],
)
def test_how_long_an_answer_is_fresh(
    dynamic: str, revalidate: int | None, has_static_params: bool, seconds: int | None
) -> None:
    """Source: facts/nextjs.md C2, C4, C5, C8."""
    assert lifetime_seconds(dynamic, revalidate, has_static_params=has_static_params) == seconds


def test_what_may_be_cached() -> None:
    assert sorted(CACHEABLE_STATUSES) == [200, 203, 204, 301, 302, 307, 308, 404, 410]
    assert YEAR_SECONDS == YEAR
