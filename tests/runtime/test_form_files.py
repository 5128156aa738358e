"""Files of forms with hostile part headers, through a route: names arrive raw, and nothing is a 500."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.project import RouteProject

    Make = Callable[..., RouteProject]

ROUTE = (
    "from edgeroutes import UploadFile\nfrom edgeroutes.uploads import safe_filename\n\n\n"
    "async def POST(file: UploadFile):\n    return [file.filename, safe_filename(file.filename)]\n"
)
CONTENT = "\r\nContent-Type: image/png\r\n\r\nx\r\n--b--\r\n"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ('filename="a%22b%0D%0A.png"', [200, ["a%22b%0D%0A.png", "a%22b%0D%0A.png"]]),
        ('filename="b\'c"', [200, ["b'c", "b'c"]]),
        ('filename="ə.txt"', [200, ["ə.txt", "ə.txt"]]),
        ('filename="../../etc/passwd"', [200, ["../../etc/passwd", "passwd"]]),
        ("filename=\"a.png\"; filename*=UTF-8''evil.html", [200, ["a.png", "a.png"]]),
        ('name="other"; filename="a.png"', None),
        ('filename="a"b".png"', None),
        ('filename*0="a"; filename*1=".png"', None),
    ],
)
def test_a_name_arrives_as_it_was_sent_and_no_header_is_a_500(
    project: Make, parameters: str, expected: list[object] | None
) -> None:
    body = f'--b\r\nContent-Disposition: form-data; name="file"; {parameters}{CONTENT}'
    response = project(ROUTE).post_form("/x", body, "multipart/form-data; boundary=b")
    if expected is None:
        assert response.status in (200, 400)
    else:
        assert [response.status, response.json()] == expected


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx', 400),
        ('--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--b--\r\nmore', 200),
        ("--b\r\n" + "X-A: b\r\n" * 10_000 + CONTENT, 413),
    ],
)
def test_a_body_without_end_or_with_too_many_part_headers_is_refused_and_what_follows_the_end_is_ignored(
    project: Make, body: str, status: int
) -> None:
    assert project(ROUTE).post_form("/x", body, "multipart/form-data; boundary=b").status == status
