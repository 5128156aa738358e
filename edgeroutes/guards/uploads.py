"""`Uploads`: files that clients send to S3 with signed requests, or through the function, and that the project then claims.

A direct upload has three steps: the function signs a request for one new key below `prefix`, the client sends the file to S3, and the
client sends the key to the function, which claims it. A key contains whose upload it is, so nobody claims another caller's file. Claiming
compares the type with the file's first bytes, copies the object to its final key and deletes the first one. What is never claimed is
deleted by the lifecycle rule that the template makes for `prefix`.
"""

from __future__ import annotations

import re

from edgeroutes.guards.bucket import Bucket, upload_not_found
from edgeroutes.guards.content_types import HEAD_BYTES, fits, is_listed, media_type
from edgeroutes.guards.filenames import safe_filename
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.routing.uploads import (
    MAX_OBJECT_BYTES,
    MAX_PART_BYTES,
    MAX_PARTS,
    MAX_SINGLE_BYTES,
    UploadsConfig,
)
from edgeroutes.runtime.context import find_scope
from edgeroutes.runtime.loop import running_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeVar

    from starlette.datastructures import UploadFile

    T = TypeVar("T")

_ANONYMOUS = "anonymous"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_MIB = 1024**2
# Few enough that the response with a URL for each part fits into 6 MB.
_USUAL_PARTS = 1000
_USUAL_PART_BYTES = 16 * _MIB
_FILENAME = "filename"
# Source: docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html (read 2026-11-30).
_METADATA_BYTES = 2048
# CopyObject copies at most 5 GB. Source: docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html (read 2026-11-30).
_COPY_BYTES = 5 * 1000**3


class Upload:
    """A stored file.

    Attributes:
        key: Of its object.
        size_bytes: Its size.
        content_type: Its media type, which its first bytes fit.
        sha256: In hexadecimal; empty where the client sent no checksum.
    """

    __slots__ = ("content_type", "key", "sha256", "size_bytes")

    def __init__(self, key: str, size_bytes: int, content_type: str, sha256: str = "") -> None:
        self.key = key
        self.size_bytes = size_bytes
        self.content_type = content_type
        self.sha256 = sha256

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Upload) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        return f"Upload(key={self.key!r}, size_bytes={self.size_bytes}, content_type={self.content_type!r}, sha256={self.sha256!r})"

    def _values(self) -> tuple[str, int, str, str]:
        return self.key, self.size_bytes, self.content_type, self.sha256


class Uploads(UploadsConfig):
    """Files of clients in a bucket.

    >>> photos = Uploads("Photos", types=("image/png", "image/jpeg"), max_bytes=5_000_000)
    """

    __slots__ = ("_made_bucket",)
    _made_bucket: Bucket

    @property
    def _files(self) -> Bucket:
        if not hasattr(self, "_made_bucket"):
            self._made_bucket = Bucket(self.bucket)
        return self._made_bucket

    def presigned_post(
        self, filename: str, content_type: str, *, metadata: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """A form with which a client sends a file of at most `max_bytes` to S3.

        Args:
            filename: As the client calls it; becomes the download's name when the file is claimed.
            content_type: The file's type, which the client has to send.
            metadata: Of the object: names and printable ASCII values, 2 KB together.

        Returns:
            `url`; `fields`, all of which the client sends before the field `file`; `key`; `expires_at` in seconds since 1970.

        Raises:
            HTTPError: 415 for a type that is not accepted.
            ValueError: For metadata that S3 does not take.
        """
        import time

        kind = self._require_type(content_type)
        kept = {_FILENAME: _quoted(safe_filename(filename)), **(metadata or {})}
        _require_metadata(kept)
        fields = {"Content-Type": kind, **{f"x-amz-meta-{name.lower()}": value for name, value in kept.items()}}
        conditions = [
            *({name: value} for name, value in fields.items()),
            ["content-length-range", 1, min(self.max_bytes, MAX_SINGLE_BYTES)],
        ]
        key = self._new_key()
        expires_at = int(time.time()) + self.expires_s
        made = self._files.presigned_post(key, fields, conditions, self.expires_s)
        return {"url": made["url"], "fields": made["fields"], "key": key, "expires_at": expires_at}

    def presigned_put(self, content_type: str, size_bytes: int, sha256: str = "") -> dict[str, Any]:
        """A PUT with which a client sends a file of exactly this size to S3, once.

        Args:
            content_type: The file's type.
            size_bytes: The file's exact size.
            sha256: The file's digest in hexadecimal, which S3 then compares.

        Returns:
            `url`; `headers`, which the client sends (browsers set Content-Length on their own); `key`.

        Raises:
            HTTPError: 400 for an empty file or a digest that is none, 413 for a file that is too large, 415 for another type.
        """
        kind = self._require_type(content_type)
        self._require_size(size_bytes)
        if size_bytes > MAX_SINGLE_BYTES:
            raise HTTPError(413, "the file is larger than 5 GB: send it in parts")
        key = self._new_key()
        signed: dict[str, Any] = {"ContentType": kind, "ContentLength": size_bytes, "IfNoneMatch": "*"}
        headers = {"Content-Type": kind, "Content-Length": str(size_bytes), "If-None-Match": "*"}
        if sha256:
            signed["ChecksumSHA256"] = headers["x-amz-checksum-sha256"] = _base64(sha256)
        url = self._files.presign("put_object", self.expires_s, Key=key, **signed)
        return {"url": url, "headers": headers, "key": key}

    def presigned_parts(self, size_bytes: int, content_type: str) -> dict[str, Any]:
        """PUTs with which a client sends a large file in parts; it calls S3, to begin the upload.

        Args:
            size_bytes: The file's exact size.
            content_type: The file's type.

        Returns:
            `key`; `upload_id`; `parts`, each with its `number` from 1, `url` and `size`. The client keeps the `ETag` of each response.

        Raises:
            HTTPError: 400, 413, 415 as `presigned_put`; 503 where S3 does not respond.
        """
        kind = self._require_type(content_type)
        self._require_size(size_bytes)
        key = self._new_key()
        made = self._files.call("create_multipart_upload", Key=key, ContentType=kind)
        upload_id = made["UploadId"]
        parts = [
            {
                "number": number,
                "url": self._files.presign(
                    "upload_part", self.expires_s, Key=key, UploadId=upload_id, PartNumber=number, ContentLength=size
                ),
                "size": size,
            }
            for number, size in enumerate(part_sizes(size_bytes), 1)
        ]
        return {"key": key, "upload_id": upload_id, "parts": parts}

    def complete(self, key: str, upload_id: str, etags: Sequence[Any]) -> None:
        """Join the parts of an upload, which can be claimed then; it calls S3.

        Args:
            key: Of `presigned_parts`.
            upload_id: Of `presigned_parts`.
            etags: The `ETag` of each part, in order.

        Raises:
            HTTPError: 400 for parts that are missing or wrong, 404 for an unknown upload, 503 where S3 does not respond.
        """
        self._require_own(key)
        if (
            not upload_id
            or not etags
            or len(etags) > MAX_PARTS
            or not all(isinstance(each, str) and each for each in etags)
        ):
            raise HTTPError(400, "the upload and the ETag of each part are required")
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
        self._files.call("complete_multipart_upload", Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts})

    async def claim(self, key: str, to: str, *, download_name: str = "") -> Upload:
        """The file that the caller has sent to S3, moved to its final key.

        The file is an attachment there: browsers save it instead of showing it as a page.

        Args:
            key: As the client sends it.
            to: The final key, outside `prefix`.
            download_name: Under which browsers save it; empty for the name given to `presigned_post`.

        Raises:
            HTTPError: 400 for an empty file, 404 for a key that is not the caller's, unknown or claimed, 409 if the file changes
                meanwhile, 413 if it is too large, 415 for bytes that do not fit the type, 503 where S3 does not respond.
            ValueError: `to` is empty or below `prefix`.
        """
        self._require_target(to)
        self._require_own(key)
        return await _outside_loop(lambda: self._claim(key, to, download_name))

    async def save(self, file: UploadFile, to: str = "") -> Upload:
        """A file of a form, stored in the bucket as an attachment; S3 compares its checksum.

        Args:
            file: The form's.
            to: Its key, outside `prefix`; empty for a new UUID.

        Raises:
            HTTPError: 400 for an empty file, 413 if it is too large, 415 for another type or bytes that do not fit it, 503 where S3
                does not respond.
            ValueError: `to` is below `prefix`.
        """
        from uuid import uuid4

        target = to or str(uuid4())
        self._require_target(target)
        kind = self._require_type(file.content_type or "")
        return await _outside_loop(lambda: self._save(file.file, safe_filename(file.filename or ""), kind, target))

    def _claim(self, key: str, to: str, download_name: str) -> Upload:
        found = self._files.call("head_object", Key=key, ChecksumMode="ENABLED")
        size_bytes = found["ContentLength"]
        self._require_size(size_bytes)
        kind = self._require_type(found.get("ContentType", ""))
        head = self._files.read(key, HEAD_BYTES, found["ETag"])
        _require_bytes(kind, head)
        metadata = found.get("Metadata", {})
        name = safe_filename(download_name or _unquoted(metadata.get(_FILENAME, "")))
        self._copy(key, to, found["ETag"], size_bytes, {**_stored(kind, name), "Metadata": metadata})
        self._files.call("delete_object", Key=key)
        return Upload(to, size_bytes, kind, _hexadecimal(found.get("ChecksumSHA256", "")))

    def _copy(self, key: str, to: str, etag: str, size_bytes: int, stored: dict[str, Any]) -> None:
        source = {"Bucket": self._files.name(), "Key": key}
        if size_bytes <= _COPY_BYTES:
            arguments = {**stored, "MetadataDirective": "REPLACE", "CopySource": source, "CopySourceIfMatch": etag}
            self._files.call("copy_object", Key=to, **arguments)
            return
        from boto3.s3.transfer import TransferConfig

        extra = {**stored, "MetadataDirective": "REPLACE", "CopySourceIfMatch": etag}
        config = TransferConfig(multipart_chunksize=part_sizes(size_bytes, MAX_PART_BYTES // 5)[0], max_concurrency=10)
        self._files.call("copy", Key=to, CopySource=source, ExtraArgs=extra, Config=config)

    def _save(self, file: Any, name: str, kind: str, to: str) -> Upload:
        from hashlib import sha256

        file.seek(0)
        body = file.read(self.max_bytes + 1)
        self._require_size(len(body))
        _require_bytes(kind, body[:HEAD_BYTES])
        digest = sha256(body).hexdigest()
        self._files.call("put_object", Key=to, Body=body, ChecksumSHA256=_base64(digest), **_stored(kind, name))
        return Upload(to, len(body), kind, digest)

    def _require_type(self, content_type: str) -> str:
        kind = media_type(content_type)
        if not kind or not is_listed(kind, self.types):
            raise HTTPError(415, f"the file's type must be one of {', '.join(self.types)}")
        return kind

    def _require_size(self, size_bytes: Any) -> None:
        if isinstance(size_bytes, bool) or not isinstance(size_bytes, int) or size_bytes < 1:
            raise HTTPError(400, "the file is empty")
        if size_bytes > self.max_bytes:
            raise HTTPError(413, f"the file is larger than {self.max_bytes:,} bytes")

    def _require_target(self, to: str) -> None:
        # Source: docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html (read 2026-11-30): at most 1,024 bytes.
        if not to or to.startswith(self.prefix) or len(to.encode("utf-8", "replace")) > 1024:
            raise ValueError(
                f"to is {to!r}. Allowed is a key of at most 1,024 bytes that does not begin with {self.prefix!r}"
            )

    def _require_own(self, key: object) -> None:
        """Refuse a key that was not given to the caller, with the response for an unknown one."""
        if not isinstance(key, str) or not re.fullmatch(f"{re.escape(self.prefix + _space())}/{_UUID}", key):
            from edgeroutes.runtime.log import log_warning

            log_warning("an upload was refused", reason="the key is not one that the caller was given")
            raise upload_not_found()

    def _new_key(self) -> str:
        from uuid import uuid4

        return f"{self.prefix}{_space()}/{uuid4()}"


def part_sizes(size_bytes: int, least: int = _USUAL_PART_BYTES) -> list[int]:
    """The sizes of an object's parts: equal, but for a smaller last one.

    Args:
        size_bytes: Of the object.
        least: The smallest size of a part that is not the last one.
    """
    if size_bytes > MAX_OBJECT_BYTES:
        raise HTTPError(413, "the file is larger than S3 stores")
    wanted = max(least, -(-size_bytes // _USUAL_PARTS))
    size = min(MAX_PART_BYTES, -(-wanted // _MIB) * _MIB)
    whole, rest = divmod(size_bytes, size)
    return [size] * whole + ([rest] if rest else [])


def _space() -> str:
    """The part of keys that belongs to the caller: a digest, because subjects may be addresses, or contain slashes."""
    scope = find_scope()
    caller = scope.caller if scope is not None else None
    if caller is None:
        return _ANONYMOUS
    from hashlib import sha256

    return sha256(str(caller.subject).encode("utf-8", "replace")).hexdigest()[:32]


async def _outside_loop(function: Callable[[], T]) -> T:
    """The value of a function that waits for S3, called where no event loop runs."""
    if running_loop() is None:
        return function()
    from edgeroutes.runtime.offload import call_sync

    return await call_sync(function)


def _require_bytes(kind: str, head: bytes) -> None:
    if not fits(kind, head):
        raise HTTPError(415, f"the file is not {kind}")


def _stored(kind: str, name: str) -> dict[str, Any]:
    from edgeroutes.http.response_bodies import render_attachment

    return {"ContentType": kind, "ContentDisposition": render_attachment(name)}


def _require_metadata(metadata: Mapping[str, str]) -> None:
    for name, value in metadata.items():
        if not re.fullmatch("[A-Za-z0-9_-]+", name) or not re.fullmatch("[!-~](?:[ -~]*[!-~])?", value):
            raise ValueError(
                f"metadata has {name!r}: {value!r}. Allowed are names of letters, digits, _ and -, and printable ASCII values"
            )
    size = sum(len(name) + len(value) for name, value in metadata.items())
    if size > _METADATA_BYTES:
        raise ValueError(f"metadata has {size:,} bytes with the file's name. S3 allows {_METADATA_BYTES:,}")


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="")


def _unquoted(name: str) -> str:
    from urllib.parse import unquote

    return unquote(name)


def _base64(digest: Any) -> str:
    from base64 import b64encode

    if not isinstance(digest, str) or not re.fullmatch("[0-9A-Fa-f]{64}", digest):
        raise HTTPError(400, "sha256 must have 64 hexadecimal digits")
    return b64encode(bytes.fromhex(digest)).decode()


def _hexadecimal(checksum: str) -> str:
    from base64 import b64decode

    # The checksum of an object of several parts is a checksum of checksums: `…-3`.
    return b64decode(checksum).hex() if checksum and "-" not in checksum else ""
