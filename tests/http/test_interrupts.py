from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.http.interrupts import (
    HTTPError,
    Redirect,
    forbidden,
    not_found,
    permanent_redirect,
    redirect,
    see_other,
    unauthorized,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn


@pytest.mark.parametrize(
    ("function", "status", "form_status"),
    [(redirect, 307, 303), (permanent_redirect, 308, 303), (see_other, 303, 303)],
)
def test_redirects_end_the_handler(function: Callable[[str], NoReturn], status: int, form_status: int) -> None:
    with pytest.raises(Redirect) as raised:
        function("/über?a=b c")

    error = raised.value
    assert (error.location, error.status, error.form_status) == ("/%C3%BCber?a=b%20c", status, form_status)


@pytest.mark.parametrize("function", [redirect, permanent_redirect, see_other])
def test_a_target_with_a_line_break_is_refused(function: Callable[[str], NoReturn]) -> None:
    with pytest.raises(ValueError, match="control character"):
        function("/\r\nSet-Cookie: a=1")


@pytest.mark.parametrize(("function", "status"), [(not_found, 404), (unauthorized, 401), (forbidden, 403)])
def test_refusals_end_the_handler(function: Callable[..., NoReturn], status: int) -> None:
    with pytest.raises(HTTPError) as raised:
        function("not here")
    with pytest.raises(HTTPError) as silent:
        function()

    assert (raised.value.status, raised.value.detail, str(raised.value)) == (status, "not here", f"{status} not here")
    assert (silent.value.status, silent.value.detail, str(silent.value)) == (status, "", str(status))


@pytest.mark.parametrize("status", [0, 200, 302, 399, 600])
def test_an_error_has_the_status_of_one(status: int) -> None:
    with pytest.raises(ValueError, match="Allowed are 400 to 599"):
        HTTPError(status)
