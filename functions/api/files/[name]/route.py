"""Files deployed with the route, with ranges, compression, 304s and downloads."""

from pathlib import Path

from edgeroutes import Response, not_found

# Names are looked up, not joined to a path, so no name leads out of the folder.
_DOCUMENTS = {path.name: path for path in Path(__file__).with_name("documents").iterdir()}


def GET(name: str, download: bool = False) -> Response:  # noqa: FBT001, FBT002  # a query parameter
    path = _DOCUMENTS.get(name) or not_found()
    return Response.file(path, download_name=name if download else None)
