"""A file from an HTML form: too large is a 413, another type a 415."""

from hashlib import sha256
from typing import Annotated

from starlette.datastructures import UploadFile

from edgeroutes import File, Form, HTTPError, Response
from functions._shared.models import Upload
from functions._shared.store import uploads

# The type that a client names is a claim; these are how the bytes of such a file begin.
_BEGINNINGS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "application/pdf": b"%PDF-"}


async def GET() -> list[Upload]:
    return uploads.all()


async def POST(
    file: Annotated[UploadFile, File(max_bytes=1_000_000, types=("image/png", "image/jpeg", "application/pdf"))],
    title: Annotated[str, Form()] = "",
) -> Response:
    content = await file.read()
    claimed = file.content_type or ""
    if not content.startswith(_BEGINNINGS[claimed]):
        raise HTTPError(415, f"the file does not look like {claimed}")
    upload = Upload(
        id=uploads.next_id(),
        name=title or file.filename or "unnamed",
        type=claimed,
        size_bytes=len(content),
        sha256=sha256(content).hexdigest(),
    )
    uploads.save(upload)
    return Response.json(upload, status=201)
