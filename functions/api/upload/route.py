"""Stores a file of an HTML form in a bucket: too large is a 413, another type a 415."""

from typing import Annotated, Any

from starlette.datastructures import UploadFile

from edgeroutes import File, Form, HTTPError, Request, Response
from functions._shared import uploads
from functions._shared.pages import Page
from functions._shared.sessions import member, signed_in
from functions._shared.validation import require

# The client chooses the content type, so the first bytes of the file are checked, too.
_BEGINNINGS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "application/pdf": b"%PDF-"}


def GET(request: Request, limit: int = 100, cursor: str = "") -> Page[dict[str, Any]]:
    signed_in(request)
    require(("limit", 1 <= limit <= 1000, "must be from 1 to 1000"))
    return uploads.page(limit, cursor)


def POST(
    request: Request,
    file: Annotated[UploadFile, File(max_bytes=1_000_000, types=("image/png", "image/jpeg", "application/pdf"))],
    title: Annotated[str, Form()] = "",
) -> Response:
    member(request)
    require(("title", len(title) <= 200, "must have at most 200 characters"))
    claimed = (file.content_type or "").partition(";")[0].strip().lower()  # `File(types=)` also accepts "Image/PNG; …"
    beginning = _BEGINNINGS[claimed]
    if file.file.read(len(beginning)) != beginning:
        raise HTTPError(415, f"the file does not look like {claimed}")
    file.file.seek(0)
    upload = uploads.keep(file.file, title or (file.filename or "unnamed")[-200:], claimed)
    return Response.json(upload, status=201, headers={"location": f"/api/upload/{upload.id}"})
