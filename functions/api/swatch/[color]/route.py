"""A picture created per request: bytes with their own content type."""

import re
import struct
import zlib

from edgeroutes import HTTPError, Response

revalidate = False

_SIDE_PIXELS = 16


async def GET(color: str) -> Response:
    if not re.fullmatch("[0-9a-f]{6}", color):
        raise HTTPError(400, "a color has six hexadecimal digits, such as ff8800")
    return Response(_png(bytes.fromhex(color)), headers={"content-type": "image/png"})


def _png(pixel: bytes) -> bytes:
    """A square of one color. Source: w3.org/TR/png-3."""
    header = struct.pack(">IIBBBBB", _SIDE_PIXELS, _SIDE_PIXELS, 8, 2, 0, 0, 0)
    rows = (b"\0" + pixel * _SIDE_PIXELS) * _SIDE_PIXELS
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
