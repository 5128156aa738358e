"""Uploaded files, in a private bucket with signed URLs."""

import os
import re
from base64 import b64encode
from hashlib import sha256
from typing import Any, BinaryIO
from urllib.parse import quote

from botocore.config import Config

from functions._shared.aws import CONFIG, client
from functions._shared.models import Upload
from functions._shared.pages import Page
from functions._shared.validation import require

# Signed for the bucket's own region: S3 redirects other requests there, and the signature would be invalid.
_s3 = client("s3", CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"})))
_ID = re.compile(r"[0-9a-f]{64}")
URL_SECONDS = 300


def keep(file: BinaryIO, name: str, content_type: str) -> Upload:
    """Stream a file into the bucket; S3 rejects it if it arrives incomplete.

    Args:
        file: Readable and seekable.
        name: The file's name for downloads.
        content_type: The file's media type.
    """
    digest = sha256()
    while piece := file.read(64 * 1024):
        digest.update(piece)
    size_bytes = file.tell()
    file.seek(0)
    _s3.put_object(
        Bucket=_bucket(),
        Key=digest.hexdigest(),
        Body=file,
        ContentType=content_type,
        # An attachment: the browser must not show a stranger's file as a page of this site.
        ContentDisposition=f"attachment; filename*=UTF-8''{quote(name, safe='', errors='replace')}",
        ChecksumSHA256=b64encode(digest.digest()).decode(),
    )
    return Upload(id=digest.hexdigest(), name=name, type=content_type, size_bytes=size_bytes)


def page(limit: int, cursor: str) -> Page[dict[str, Any]]:
    """Some of the files, by id, with the data that S3 lists without a request for each file."""
    require(("cursor", not cursor or _ID.fullmatch(cursor) is not None, "must be one that was given out"))
    found = _s3.list_objects_v2(Bucket=_bucket(), MaxKeys=limit, StartAfter=cursor)
    items = [{"id": each["Key"], "size_bytes": each["Size"]} for each in found.get("Contents", [])]
    return Page(items=items, next=items[-1]["id"] if found["IsTruncated"] else None)


def download_url(upload_id: str) -> str | None:
    """A signed URL of the file, valid for five minutes; None if the file does not exist."""
    place = {"Bucket": _bucket(), "Key": upload_id}
    if not _ID.fullmatch(upload_id):
        return None
    try:
        _s3.head_object(**place)
    except _s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "404":
            raise
        return None
    url: str = _s3.generate_presigned_url("get_object", Params=place, ExpiresIn=URL_SECONDS)
    return url


def _bucket() -> str:
    return os.environ["UPLOADS_BUCKET"]
