"""Uploads against the moto server: signed requests as a client sends them, and claims of what arrived."""

from __future__ import annotations

import asyncio
import io
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from edgeroutes.errors import ConfigError
from edgeroutes.guards.callers import Caller
from edgeroutes.guards.uploads import part_sizes
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.response import current_request
from edgeroutes.local_aws.server import MotoProcess
from edgeroutes.runtime.context import RequestScope
from edgeroutes.uploads import Upload, Uploads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Refused = tuple[int, str, dict[str, str]]

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(20)
MIB = 1024**2
GIB = 1024**3
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoProcess]:
    with MotoProcess() as moto:
        moto.ensure()
        yield moto


@pytest.fixture
def photos(moto: MotoProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[Uploads]:
    for name, value in {
        "AWS_ENDPOINT_URL": moto.url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "EDGEROUTES_BUCKET_Photos": "photos",
    }.items():
        monkeypatch.setenv(name, value)
    httpx.put(f"{moto.url}/photos")
    made = Uploads("Photos", types=("image/*", "text/plain"), max_bytes=1000)
    token = current_request.set(None)
    yield made
    current_request.reset(token)


def sign_in(subject: str) -> None:
    nothing: Any = SimpleNamespace()
    RequestScope(nothing, "/x", {}, nothing).caller = Caller(subject)


def send(signed: dict[str, Any], body: bytes = PNG, url: str = "") -> int:
    return httpx.post(url or signed["url"], data=signed["fields"], files={"file": ("a", body)}).status_code


def refusal(call: Callable[[], object]) -> tuple[int, str, dict[str, str]]:
    with pytest.raises(HTTPError) as caught:
        call()
    return caught.value.status, caught.value.detail, dict(caught.value.headers)


def claim(photos: Uploads, key: str, to: str = "photos/1", **arguments: str) -> Upload:
    return asyncio.run(photos.claim(key, to, **arguments))


def stored(moto: MotoProcess, key: str) -> tuple[int, str | None, str | None]:
    response = httpx.get(f"{moto.url}/photos/{key}", headers={"Authorization": "AWS testing:x"})
    return response.status_code, response.headers.get("content-type"), response.headers.get("content-disposition")


def test_a_posted_file_is_claimed_once_and_is_an_attachment_under_the_clients_name(
    photos: Uploads, moto: MotoProcess
) -> None:
    sign_in("auth0|mia@example.com")
    before = int(time.time())
    signed = photos.presigned_post("../naïve “x”.png", "Image/PNG", metadata={"album": "1"})

    assert {*signed} == {"url", "fields", "key", "expires_at"}
    assert before + 300 <= signed["expires_at"] <= time.time() + 300
    assert send(signed) == 204
    assert claim(photos, signed["key"]) == Upload("photos/1", len(PNG), "image/png")
    name = "attachment; filename=\"na_ve _x_.png\"; filename*=UTF-8''na%C3%AFve%20%E2%80%9Cx%E2%80%9D.png"
    assert stored(moto, "photos/1") == (200, "image/png", name)
    assert stored(moto, signed["key"])[0] == 404
    assert refusal(lambda: claim(photos, signed["key"])) == (404, "the upload was not found", {})


def test_a_download_name_is_quoted_for_both_parameters(photos: Uploads, moto: MotoProcess) -> None:
    signed = photos.presigned_post("a.png", "image/png")
    send(signed)
    claim(photos, signed["key"], download_name='naïve "x".txt')
    expected = "attachment; filename=\"na_ve _x_.txt\"; filename*=UTF-8''na%C3%AFve%20%22x%22.txt"
    assert stored(moto, "photos/1") == (200, "image/png", expected)


def test_nobody_claims_a_key_that_was_given_to_somebody_else(photos: Uploads) -> None:
    anonymous = photos.presigned_post("a.png", "image/png")["key"]
    sign_in("mia")
    mias = photos.presigned_post("a.png", "image/png")
    assert send(mias) == 204
    sign_in("tom")
    own = photos.presigned_put("image/png", 1)["key"]
    for key in (
        mias["key"],
        anonymous,
        "",
        "photos/1",
        own + "/..",
        own.rpartition("/")[0] + f"/../{UNKNOWN}",
        own + "\n",
        None,
    ):
        assert refusal(lambda key=key: claim(photos, key)) == (404, "the upload was not found", {})  # type: ignore[misc]
    assert refusal(lambda: claim(photos, own)) == (404, "the upload was not found", {})  # never uploaded
    sign_in("mia")
    assert claim(photos, mias["key"]).size_bytes == len(PNG)


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("image/png", b"<script>alert(1)</script>", (415, "the file is not image/png", {})),
        ("image/png", b"\x89PNG\r\n\x1a\n<script>", (415, "the file is not image/png", {})),
        ("text/plain", b"<!DOCTYPE HTML>", (415, "the file is not text/plain", {})),
    ],
)
def test_bytes_that_do_not_fit_the_type_are_not_claimed(
    photos: Uploads, moto: MotoProcess, kind: str, body: bytes, expected: tuple[int, str, dict[str, str]]
) -> None:
    signed = photos.presigned_post("a", kind)
    assert send(signed, body) == 204
    assert refusal(lambda: claim(photos, signed["key"], "photos/bad")) == expected
    assert stored(moto, "photos/bad")[0] == 404


def test_signing_refuses_other_types_and_sizes(photos: Uploads) -> None:
    types: Refused = (415, "the file's type must be one of image/*, text/plain", {})
    large = Uploads("Photos", types=("image/png",), max_bytes=48 * 1024**4)
    assert [
        refusal(lambda: photos.presigned_post("a.svg", "image/svg+xml")),
        refusal(lambda: photos.presigned_put("text/html", 1)),
        refusal(lambda: photos.presigned_parts(1, "")),
        refusal(lambda: photos.presigned_put("image/png", 0)),
        refusal(lambda: photos.presigned_put("image/png", 1001)),
        refusal(lambda: photos.presigned_put("image/png", 1, "abc")),
        refusal(lambda: large.presigned_put("image/png", 5 * 1000**3 + 1)),
    ] == [
        types,
        types,
        types,
        (400, "the file is empty", {}),
        (413, "the file is larger than 1,000 bytes", {}),
        (400, "sha256 must have 64 hexadecimal digits", {}),
        (413, "the file is larger than 5 GB: send it in parts", {}),
    ]


def test_a_put_has_the_signed_size_and_checksum_and_happens_once(photos: Uploads) -> None:
    import hashlib

    digest = hashlib.sha256(PNG).hexdigest()
    signed = photos.presigned_put("image/png", len(PNG), digest)
    sent = {name: value for name, value in signed["headers"].items() if name != "Content-Length"}
    statuses = [
        httpx.put(signed["url"], content=body, headers=sent).status_code for body in (PNG + b"x", PNG[::-1], PNG, PNG)
    ]
    assert statuses == [403, 400, 200, 412]
    claimed = claim(photos, signed["key"])  # moto keeps no checksum of a PUT by signed URL
    assert claimed == Upload("photos/1", len(PNG), "image/png")


def test_parts_are_joined_and_claimed(moto: MotoProcess, photos: Uploads) -> None:
    films = Uploads("Photos", types=("image/png",), max_bytes=50 * MIB)
    size = 16 * MIB + 5
    signed = films.presigned_parts(size, "image/png")
    assert [(part["number"], part["size"]) for part in signed["parts"]] == [(1, 16 * MIB), (2, 5)]
    bodies = [PNG + bytes(16 * MIB - len(PNG)), b"12345"]
    wrong = httpx.put(signed["parts"][1]["url"], content=b"123456")
    etags = [
        httpx.put(part["url"], content=body).headers["etag"] for part, body in zip(signed["parts"], bodies, strict=True)
    ]
    assert wrong.status_code == 403
    missing: Refused = (400, "the parts of the upload are missing or wrong", {})
    assert refusal(lambda: films.complete(signed["key"], signed["upload_id"], [etags[0], "x"])) == missing
    films.complete(signed["key"], signed["upload_id"], etags)
    assert claim(films, signed["key"]) == Upload("photos/1", size, "image/png")
    sign_in("tom")
    assert refusal(lambda: films.complete(signed["key"], signed["upload_id"], etags))[0] == 404


@pytest.mark.parametrize(
    ("size_bytes", "count", "first", "last"),
    [
        (1, 1, 1, 1),
        (16 * MIB, 1, 16 * MIB, 16 * MIB),
        (16 * MIB + 1, 2, 16 * MIB, 1),
        (1000 * GIB, 1000, GIB, GIB),
        (10_000 * 5 * GIB, 10_000, 5 * GIB, 5 * GIB),
    ],
)
def test_parts_have_sizes_that_s3_allows(size_bytes: int, count: int, first: int, last: int) -> None:
    sizes = part_sizes(size_bytes)
    assert (len(sizes), sizes[0], sizes[-1], sum(sizes)) == (count, first, last, size_bytes)


def test_more_than_s3_stores_is_too_large() -> None:
    assert refusal(lambda: part_sizes(10_000 * 5 * GIB + 1)) == (413, "the file is larger than S3 stores", {})


def form_file(body: bytes, name: str = "a.png", content_type: str | None = "image/png") -> Any:
    return SimpleNamespace(file=io.BytesIO(body), filename=name, content_type=content_type)


def test_a_form_file_is_stored_with_its_checksum(photos: Uploads, moto: MotoProcess) -> None:
    import hashlib

    saved = asyncio.run(photos.save(form_file(PNG, "C:\\x\\y.png"), "photos/form"))
    assert saved == Upload("photos/form", len(PNG), "image/png", hashlib.sha256(PNG).hexdigest())
    assert stored(moto, "photos/form") == (200, "image/png", 'attachment; filename="y.png"')
    assert len(asyncio.run(photos.save(form_file(PNG))).key) == 36


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (form_file(b""), (400, "the file is empty", {})),
        (form_file(PNG + bytes(1000)), (413, "the file is larger than 1,000 bytes", {})),
        (form_file(b"<script>"), (415, "the file is not image/png", {})),
        (form_file(PNG, content_type=None), (415, "the file's type must be one of image/*, text/plain", {})),
    ],
)
def test_a_form_file_that_is_not_accepted_is_refused(
    photos: Uploads, file: Any, expected: tuple[int, str, dict[str, str]]
) -> None:
    assert refusal(lambda: asyncio.run(photos.save(file))) == expected


def test_without_s3_a_claim_is_a_503_and_nothing_is_claimed(photos: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    signed = photos.presigned_post("a.png", "image/png")
    send(signed)
    unreachable = Uploads("Photos", types=("image/png",), max_bytes=1000)
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        down = (503, "files cannot be stored now", {"Retry-After": "5"})
        assert refusal(lambda: claim(unreachable, signed["key"])) == down
    assert claim(photos, signed["key"]).content_type == "image/png"


def test_an_argument_of_another_type_is_not_an_outage_of_s3(photos: Uploads) -> None:
    from botocore.exceptions import ParamValidationError

    number: Any = 7
    key = photos.presigned_put("image/png", 1)["key"]
    with pytest.raises(ParamValidationError, match="UploadId"):
        photos.complete(key, number, ["x"])


def test_an_object_that_changes_between_look_and_copy_is_a_conflict(photos: Uploads, moto: MotoProcess) -> None:
    signed = photos.presigned_post("a.png", "image/png")
    send(signed)
    files = photos._files
    read = files.read

    class Changing:
        """The bucket, in which a second POST arrives after the first bytes were read."""

        def __getattr__(self, name: str) -> Any:
            return getattr(files, name)

        def read(self, key: str, size_bytes: int, etag: str) -> bytes:
            head = read(key, size_bytes, etag)
            send(signed, PNG + b"other")
            return head

    changing: Any = Changing()
    photos._made_bucket = changing
    conflict: Refused = (409, "the file has changed meanwhile: claim it again", {})
    assert refusal(lambda: claim(photos, signed["key"], "photos/changed")) == conflict
    assert stored(moto, "photos/changed")[0] == 404


@pytest.mark.parametrize("to", ["", "incoming/x", "x" * 1025])
def test_the_final_key_is_outside_of_the_prefix(photos: Uploads, to: str) -> None:
    with pytest.raises(ValueError, match=r"^to is .* Allowed is a key of at most 1,024 bytes"):
        claim(photos, "key", to)


def test_a_bucket_is_a_logical_id_a_variable_or_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEROUTES_BUCKET_Photos", "one")
    monkeypatch.setenv("BUCKET", "two")
    made = [Uploads(bucket, types=("image/png",), max_bytes=1) for bucket in ("Photos", "env:BUCKET", "three")]
    assert [each._files.name() for each in made] == ["one", "two", "three"]
    monkeypatch.delenv("EDGEROUTES_BUCKET_Photos")
    monkeypatch.delenv("BUCKET")
    for bucket, variable in (("Photos", "EDGEROUTES_BUCKET_Photos"), ("env:BUCKET", "BUCKET")):
        with pytest.raises(ConfigError, match=f"the variable {variable} is not set"):
            Uploads(bucket, types=("image/png",), max_bytes=1)._files.name()


@pytest.mark.parametrize(
    "metadata", [{"a b": "x"}, {"a": "é"}, {"a": ""}, {"a": " x"}, {"a": "x" * 2048}, {"a": "x\r\ny"}]
)
def test_metadata_that_s3_does_not_take_is_refused(photos: Uploads, metadata: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="metadata has"):
        photos.presigned_post("a.png", "image/png", metadata=metadata)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"bucket": ""}, "bucket is ''"),
        ({"bucket": "Photos/x"}, "bucket is 'Photos/x'"),
        ({"types": ()}, "types is ()"),
        ({"types": "image/png"}, "types is 'image/png'"),
        ({"types": ("image/png; a=b",)}, "types is 'image/png; a=b'"),
        ({"max_bytes": 0}, "max_bytes is 0"),
        ({"max_bytes": 1.5}, "max_bytes is 1.5"),
        ({"max_bytes": True}, "max_bytes is True"),
        ({"prefix": ""}, "prefix is ''"),
        ({"prefix": "a"}, "prefix is 'a'"),
        ({"prefix": "../"}, "prefix is '../'"),
        ({"expires_s": 0}, "expires_s is 0"),
        ({"expires_s": 604_801}, "expires_s is 604801"),
    ],
)
def test_an_argument_that_is_not_allowed_is_named(changed: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"bucket": "Photos", "types": ("image/png",), "max_bytes": 1, **changed}
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the message is compared
        Uploads(arguments.pop("bucket"), **arguments)
    assert str(caught.value).startswith(f"{message}. Allowed ")
