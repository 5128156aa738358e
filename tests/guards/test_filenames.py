"""File names that clients send, made fit for downloads."""

from __future__ import annotations

import pytest

from edgeroutes.uploads import safe_filename


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y.png", "y.png"),
        ("b\\c", "c"),
        ("b'c", "b'c"),
        ("a%22b%0D%0A.png", "a%22b%0D%0A.png"),
        ("ə.txt", "ə.txt"),
        ("a\x00b\r\n\x7f\x85.png", "ab.png"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("e\u0301.txt", "é.txt"),
        ("a\ud800.txt", "a.txt"),
        (".", "file"),
        ("..", "file"),
        ("", "file"),
        (" / ", "file"),
        ("a/", "file"),
        (".env", ".env"),
        ("x" * 300, "x" * 255),
        ("x" * 300 + ".png", "x" * 251 + ".png"),
        ("ə" * 200 + ".png", "ə" * 125 + ".png"),
        ("." + "x" * 300, "." + "x" * 254),
        ("a." + "x" * 300, "a." + "x" * 253),
    ],
)
def test_a_safe_name_is_the_last_part_without_controls_and_at_most_255_bytes(name: str, expected: str) -> None:
    assert safe_filename(name) == expected
