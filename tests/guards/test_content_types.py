"""What a file's first bytes show, and which claimed types they fit."""

from __future__ import annotations

import io
import zipfile

import pytest

from edgeroutes.guards.content_types import fits, is_listed, media_type
from edgeroutes.uploads import sniff

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(20)
FAKE_PNG = b"\x89PNG\r\n\x1a\n<script>alert(1)</script>"
POLYGLOT = b"GIF89a/*" + bytes(10) + b"*/=1;alert(1)"
OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX, XLSX = f"{OFFICE}wordprocessingml.document", f"{OFFICE}spreadsheetml.sheet"
JAR, ODT = "application/java-archive", "application/vnd.oasis.opendocument.text"


def archive(*names: str, content: str = "x") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in names:
            file.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", None),
        (b"a", None),
        (b"\x89", None),
        (b"BMW is a car", None),
        (b"BM" + bytes(12) + b"\x28\x00\x00\x00", "image/bmp"),
        (PNG, "image/png"),
        (FAKE_PNG, None),
        (POLYGLOT, "image/gif"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4"),
        (b"\x00\x00\x00\x18ftypavif", "image/avif"),
        (b"%PDF-1.7", "application/pdf"),
        (b"<!DOCTYPE HTML", None),
        (b"<!DOCTYPE HTML ", "text/html"),
        (b"<!doctype html>", "text/html"),
        (b"\t\t\t\t\t<!DOCTYPE HTML>", "text/html"),
        (b"\xef\xbb\xbf<html>", "text/html"),
        ("<script>".encode("utf-16"), "text/html"),
        (b"<!-- a --><p>", "text/html"),
        (b"<scripture>", None),
        (b"<script>\x00\xff", "text/html"),
        (b"<svg onload=alert(1)>", "image/svg+xml"),
        (b'<?xml version="1.0"?>\n<!-- a --><svg xmlns="x">', "image/svg+xml"),
        (b'<?xml version="1.0"?><s:svg xmlns:s="x">', "image/svg+xml"),
        (b'<?xml version="1.0"?><rss>', "text/xml"),
        (archive("a.txt"), "application/zip"),
        (archive("[Content_Types].xml", "_rels/.rels", "word/document.xml"), DOCX),
        (archive("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"), XLSX),
        (archive("META-INF/MANIFEST.MF", "A.class"), JAR),
        (archive("mimetype", "content.xml", content=ODT), ODT),
        (archive("word/document.xml"), "application/zip"),
    ],
)
def test_the_first_bytes_show_a_type_or_none(head: bytes, expected: str | None) -> None:
    assert sniff(head) == expected


@pytest.mark.parametrize(
    ("kind", "head", "expected"),
    [
        ("image/png", PNG, True),
        ("image/png", b"<script>", False),
        ("image/png", FAKE_PNG, False),
        ("image/png", b"", False),
        ("image/jpg", b"\xff\xd8\xff\xe0", True),
        ("image/gif", POLYGLOT, True),
        ("text/plain", b"BMW is a car", True),
        ("text/plain", b"a", True),
        ("text/plain", b"<!DOCTYPE HTML", True),
        ("text/plain", b"<!DOCTYPE HTML ", False),
        ("text/plain", b"\t\t\t\t\t<!DOCTYPE HTML>", False),
        ("text/plain", b"\x00\x01", False),
        ("text/plain", b"\xff", False),
        ("text/plain", ("ä" * 2047 + "aä").encode()[:4096], True),
        ("text/csv", PNG, False),
        ("application/json", b"{}", True),
        ("application/json", b"<html>", False),
        ("image/svg+xml", b"<svg>", True),
        ("image/svg+xml", b"<html>", False),
        ("text/html", b"<html>", True),
        ("text/javascript", b"alert(1)", True),
        ("text/javascript", b"<html>", False),
        (DOCX, archive("a.txt"), False),
        ("application/zip", archive("[Content_Types].xml", "word/document.xml"), False),
        ("model/gltf-binary", b"glTF\x02\x00", True),
        ("model/gltf-binary", b"<svg>", False),
        ("application/octet-stream", PNG, True),
        ("application/octet-stream", b"<html>", False),
    ],
)
def test_a_claimed_type_fits_its_bytes_or_does_not(kind: str, head: bytes, expected: bool) -> None:
    assert fits(kind, head) is expected


@pytest.mark.parametrize(
    ("kind", "types", "expected"),
    [
        ("image/png", ("image/*",), True),
        ("image/svg+xml", ("image/*",), False),
        ("image/svg+xml", ("image/*", "image/svg+xml"), True),
        ("text/html", ("text/*", "*/*"), False),
        ("text/javascript", ("text/*",), False),
        ("application/rss+xml", ("*/*",), False),
        ("text/plain", ("*/*",), True),
        ("imagex/png", ("image/*",), False),
    ],
)
def test_types_that_browsers_run_are_listed_only_by_name(kind: str, types: tuple[str, ...], expected: bool) -> None:
    assert is_listed(kind, types) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Image/PNG; a=b", "image/png"),
        ("", ""),
        ("image", ""),
        ("image/*", ""),
        ("image/png\r\nx: y", ""),
        ("image/png, text/html", ""),
    ],
)
def test_a_content_type_has_a_type_or_is_not_valid(text: str, expected: str) -> None:
    assert media_type(text) == expected
