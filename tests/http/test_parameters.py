from __future__ import annotations

import pytest

from edgeroutes.http.parameters import Cookie, File, Form, Header, Query, Source


@pytest.mark.parametrize(
    ("marker", "place"), [(Query, "query"), (Header, "header"), (Cookie, "cookie"), (Form, "form"), (File, "form")]
)
def test_a_marker_says_where_an_argument_comes_from(marker: type[Source], place: str) -> None:
    assert (marker().place, marker().name, marker("tag").name, repr(marker("tag"))) == (
        place,
        "",
        "tag",
        f"{marker.__name__}('tag')",
    )


@pytest.mark.parametrize(
    ("file", "limits"),
    [
        (File(), ("", None, ())),
        (File("photo", max_bytes=10, types=["image/png", "image/*"]), ("photo", 10, ("image/png", "image/*"))),
        (File(types="image/png"), ("", None, ("image/png",))),
    ],
)
def test_a_file_has_limits(file: File, limits: object) -> None:
    assert (file.name, file.max_bytes, file.types) == limits
