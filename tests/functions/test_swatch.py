from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


def test_a_color_is_a_picture_that_is_cached_until_it_is_revalidated(client: RouteClient) -> None:
    response = client.get("/api/swatch/ff8800")
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    assert response.headers["cache-control"] == "public, s-maxage=31536000"
    signature, header, pixels, end = (
        response.content[:8],
        response.content[8:33],
        response.content[33:-12],
        response.content[-12:],
    )
    assert signature.hex() == "89504e470d0a1a0a"
    assert header.hex() == "0000000d" + b"IHDR".hex() + "00000010" + "00000010" + "0802000000" + "90916836"
    assert pixels[4:8] == b"IDAT"
    assert zlib.decompress(pixels[8:-4]) == (b"\0" + bytes.fromhex("ff8800") * 16) * 16
    assert end.hex() == "00000000" + b"IEND".hex() + "ae426082"


@pytest.mark.parametrize("color", ["orange", "fff", "ff880", "ff88000", "FF8800", "ff 88 "])
def test_an_invalid_color_is_400(client: RouteClient, color: str) -> None:
    response = client.get(f"/api/swatch/{color.replace(' ', '%20')}")
    assert response.status_code == 400
    assert response.json()["detail"] == "a color has six hexadecimal digits, such as ff8800"
