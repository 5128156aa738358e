from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.http.dates import render_http_date


@pytest.mark.parametrize(
    ("seconds", "date"),
    [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784111777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (1e9 + 0.9, "Sun, 09 Sep 2001 01:46:40 GMT"),
    ],
)
def test_a_date_is_written_as_http_has_it(seconds: float, date: str) -> None:
    """Source: RFC 9110 §5.6.7, its example among them."""
    assert render_http_date(seconds) == date


@given(st.integers(min_value=0, max_value=253_370_764_800))
def test_it_is_what_the_standard_library_writes(seconds: int) -> None:
    assert render_http_date(seconds) == format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)
