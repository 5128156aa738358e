from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from edgeroutes.http.response import Response, current_request
from edgeroutes.http.response_bodies import FileBody, render_attachment

if TYPE_CHECKING:
    from pathlib import Path

ZIP_DATE = 315_532_800  # 1980-01-01, as `sam package` sets it
NOW = 1_795_255_200


def made(path: Path, content: bytes, seconds: int = NOW) -> Path:
    path.write_bytes(content)
    os.utime(path, ns=(seconds * 10**9, seconds * 10**9))
    return path


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a.png", "image/png"),
        ("a.txt.gz", "application/octet-stream"),
        ("unknown", "application/octet-stream"),
    ],
)
def test_a_file_says_what_it_is(tmp_path: Path, name: str, content_type: str) -> None:
    response = Response.file(made(tmp_path / name, b"\x00\xff"))

    assert (response.status, response.headers.multi_items(), list(response.body or ())) == (
        200,
        [
            ("content-type", content_type),
            ("accept-ranges", "bytes"),
            ("last-modified", "Sat, 21 Nov 2026 10:00:00 GMT"),
        ],
        [b"\x00\xff"],
    )


def test_what_the_author_says_of_it_wins(tmp_path: Path) -> None:
    headers = {"Content-Type": "x/y", "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT", "accept-ranges": "none"}
    response = Response.file(made(tmp_path / "a", b"a"), 203, headers)

    assert (response.status, dict(response.headers)) == (
        203,
        {"content-type": "x/y", "last-modified": "Thu, 01 Jan 1970 00:00:00 GMT", "accept-ranges": "none"},
    )


def test_a_download_has_the_type_and_name_that_it_is_saved_under(tmp_path: Path) -> None:
    response = Response.file(made(tmp_path / "tmp83f", b"a"), download_name="report.pdf")

    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"] == 'attachment; filename="report.pdf"'


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a b.txt", 'attachment; filename="a b.txt"'),
        ("Übersicht €.csv", "attachment; filename=\"_bersicht _.csv\"; filename*=UTF-8''%C3%9Cbersicht%20%E2%82%AC.csv"),
        ('a"b\\c%20.txt', "attachment; filename=\"a_b_c_20.txt\"; filename*=UTF-8''a%22b%5Cc%2520.txt"),
        ("a\r\nset-cookie: b", "attachment; filename=\"a__set-cookie: b\"; filename*=UTF-8''a%0D%0Aset-cookie%3A%20b"),
        ("../etc/passwd", 'attachment; filename="../etc/passwd"'),
    ],
)  # fmt: skip
def test_any_name_can_be_given_to_a_download(name: str, expected: str) -> None:
    """Source: RFC 6266 §4.3 and appendix D, RFC 8187 §3.2."""
    assert render_attachment(name) == expected


def test_what_cannot_be_read_is_an_os_error_in_the_handler(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        Response.file(tmp_path / "nothing")
    with pytest.raises(IsADirectoryError):
        Response.file(tmp_path)


def test_a_relative_path_starts_at_the_project(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    made(tmp_path / "data" / "a.txt", b"here")
    token = current_request.set(SimpleNamespace(root=str(tmp_path)))
    try:
        assert list(Response.file("data/a.txt").body or ()) == [b"here"]
    finally:
        current_request.reset(token)


def test_a_part_gives_its_bytes_in_pieces_and_can_be_read_again(tmp_path: Path) -> None:
    content = bytes(range(256)) * 600
    part = FileBody("", made(tmp_path / "a", content)).part(10, 150_000)

    for _ in range(2):
        assert ([len(piece) for piece in part], b"".join(part)) == ([65536, 65536, 18918], content[10:150_000])
    assert part.length_bytes == 149_990


def test_a_file_that_shrinks_on_the_way_is_an_error_and_one_that_grows_keeps_its_length(tmp_path: Path) -> None:
    path = made(tmp_path / "a", b"abc")
    body = FileBody("", path)

    path.write_bytes(b"abcdef")
    assert b"".join(body) == b"abc"
    path.write_bytes(b"ab")
    with pytest.raises(OSError, match="was truncated"):
        list(body)


def test_a_date_distinguishes_versions_without_reading_them(tmp_path: Path) -> None:
    first = FileBody("", made(tmp_path / "a", b"one", NOW)).etag()
    assert FileBody("", made(tmp_path / "a", b"one", NOW)).etag() == first == f'"3-{NOW * 10**9:x}"'
    assert FileBody("", made(tmp_path / "a", b"one", NOW + 1)).etag() != first
    assert FileBody("", made(tmp_path / "a", b"more", NOW)).etag() != first


def test_the_date_of_a_bundle_is_ignored_so_the_content_distinguishes_versions(tmp_path: Path) -> None:
    one, other = (FileBody("", made(tmp_path / name, name.encode(), ZIP_DATE)) for name in "ab")

    assert one.etag() != other.etag()
    assert FileBody("", made(tmp_path / "copy", b"a", ZIP_DATE)).etag() == one.etag() == one.part(0, 0).etag()
    assert "last-modified" not in Response.file(tmp_path / "a").headers
