from __future__ import annotations

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.http.caching import (
    CACHEABLE_STATUSES,
    YEAR_SECONDS,
    lifetime_seconds,
    path_tag,
    render_cache_control,
    tag_problem,
)

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
def test_how_long_a_response_is_fresh(
    dynamic: str, revalidate: int | None, has_static_params: bool, seconds: int | None
) -> None:
    """Source: facts/nextjs.md C2, C4, C5, C8."""
    assert lifetime_seconds(dynamic, revalidate, has_static_params=has_static_params) == seconds


def test_what_may_be_cached() -> None:
    assert sorted(CACHEABLE_STATUSES) == [200, 203, 204, 301, 302, 307, 308, 404, 410]
    assert YEAR_SECONDS == YEAR


@pytest.mark.parametrize(
    ("path", "tag"),
    [
        ("/", "_path:/"),
        ("", "_path:/"),
        ("/blog/a", "_path:/blog/a"),
        ("/blog/a/", "_path:/blog/a"),
        ("/blog/A", "_path:/blog/^a"),
        ("/blog/%41", "_path:/blog/^a"),
        ("/blog/%61", "_path:/blog/a"),
        ("/blog/Caf%C3%A9", "_path:/blog/^caf%c3%a9"),
        ("/blog/Café", "_path:/blog/^caf%c3%a9"),
        ("/a%2Fb", "_path:/a%2fb"),
        ("/a,b", "_path:/a%2cb"),
        ("/a%2cb", "_path:/a%2cb"),
        ("/^a", "_path:/%5ea"),
        ("/100%", "_path:/100%25"),
        ("/x" * 200, "_path:~043653c3a5e680b2c44a3dfb48ab20ee"),
    ],
)
def test_the_spellings_of_a_path_have_one_tag(path: str, tag: str) -> None:
    assert path_tag(path) == tag


PATHS = st.text("/aA%2fF^é,* ~", max_size=12).map(lambda text: f"/{text}")


@given(PATHS, PATHS)
def test_a_paths_tag_is_one_that_cloudfront_takes_and_its_case_tells_nothing(one: str, other: str) -> None:
    tags = [path_tag(path) for path in (one, other)]

    assert [tag_problem(tag) for tag in tags] == ["", ""]
    assert tags[0] == tags[0].lower()
    assert (tags[0] == tags[1]) == (_decoded(one) == _decoded(other))


def _decoded(path: str) -> bytes:
    """The path as it is meant: escapes read, but that of a slash, which separates no segments."""
    return unquote_to_bytes(path.rstrip("/").replace("%2f", "\\0").replace("%2F", "\\0"))
