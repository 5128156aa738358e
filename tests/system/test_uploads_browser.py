"""A direct upload as a page makes it: a real Chromium, `edgeroutes dev` with its local S3, and a page of a second origin."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.dev.serving import write_files
from tests.system.test_cors_browser import pages
from tests.system.test_dev_cloud import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.browser import Page

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

PNG = [*b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", *bytes(20)]
ROUTE = """
    from edgeroutes import CORS
    from edgeroutes.uploads import Uploads

    photos = Uploads("Photos", types=("image/png",), max_bytes=100)
    cors = CORS({origin!r})

    def POST(size_bytes: int = 0) -> object:
        if size_bytes:
            return photos.presigned_put("image/png", size_bytes)
        return photos.presigned_post("me.png", "image/png")

    async def PUT(key: str) -> object:
        upload = await photos.claim(key, "photos/" + key.rpartition("/")[2])
        return [upload.size_bytes, upload.content_type]
"""
FILES = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n',
    "infra/photos.yaml": "Resources:\n  Photos:\n    Type: AWS::S3::Bucket\n",
}
SCRIPT = """await (async () => {
  const bytes = new Uint8Array(%(body)s);
  const sent = %(send)s;
  const signed = await (await fetch(%(api)r + %(query)r, {method: "POST"})).json();
  const stored = await sent(signed, new Blob([bytes], {type: "image/png"}));
  const claimed = await fetch(%(api)r + "?key=" + encodeURIComponent(signed.key), {method: "PUT"});
  return [stored.status, claimed.status, claimed.ok ? await claimed.json() : null];
})()"""
POST = """(signed, blob) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(signed.fields)) form.append(name, value);
    form.append("file", blob, "me.png");
    return fetch(signed.url, {method: "POST", body: form});
  }"""
PUT = """(signed, blob) => {
    const {"Content-Length": _, ...headers} = signed.headers;
    return fetch(signed.url, {method: "PUT", body: blob, headers});
  }"""


class Site:
    """The page's origin, and the URL of the route."""

    def __init__(self, origin: str, api: str) -> None:
        self.origin = origin
        self.api = api


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root: Path = tmp_path_factory.mktemp("uploads")
    with pages() as origin:
        write_files(root, {**FILES, "photos": ROUTE.format(origin=origin)})
        with running(root) as dev:
            dev.client.post("/photos", headers={"origin": origin})  # waits for local AWS
            yield Site(origin, f"{dev.url.rstrip('/')}/photos")


def upload(page: Page, site: Site, body: list[int], send: str, query: str = "") -> Any:
    page.navigate(site.origin)
    return page.evaluate(SCRIPT % {"body": json.dumps(body), "send": send, "api": site.api, "query": query})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (PNG, [204, 200, [len(PNG), "image/png"]]),
        ([*PNG, *bytes(100)], [400, 404, None]),
        ([], [400, 404, None]),
        ([*b"<script>"], [204, 415, None]),
    ],
)
def test_a_page_of_another_origin_posts_a_file_to_s3_and_claims_it(
    page: Page, site: Site, body: list[int], expected: list[Any]
) -> None:
    assert upload(page, site, body, POST) == expected


@pytest.mark.parametrize(
    ("body", "expected"), [(PNG, [200, 200, [len(PNG), "image/png"]]), ([*PNG, 0], [403, 404, None])]
)
def test_a_page_of_another_origin_puts_a_file_of_the_signed_size(
    page: Page, site: Site, body: list[int], expected: list[Any]
) -> None:
    assert upload(page, site, body, PUT, f"?size_bytes={len(PNG)}") == expected
