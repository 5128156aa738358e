"""File names of clients, made fit for downloads."""

from __future__ import annotations

import re


def safe_filename(name: str) -> str:
    r"""The last part of a client's file name, fit for downloads and logs; never a key, because others may choose the same.

    Folders of both separators, control characters and changes of the text's direction are removed. It is in Unicode's form NFC and has
    at most 255 bytes. `file` stands for a name of which nothing is left.

    >>> safe_filename("../../etc/passwd")
    'passwd'

    Source: RFC 7578 §4.2, RFC 6266 §4.3.
    """
    import unicodedata

    last = re.split(r"[/\\]", name)[-1]
    shown = re.sub("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", "", last)
    normal = unicodedata.normalize("NFC", shown).strip()
    if not normal.strip("."):
        return "file"
    stem, dot, extension = normal.rpartition(".")
    if len(normal.encode()) <= 255:
        return normal
    if not stem or len(extension.encode()) > 20:
        stem, dot, extension = normal, "", ""
    room = 255 - len(f"{dot}{extension}".encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + extension
