"""Files that are deployed with the route: a browser gets them in part, compressed, or not again; or saves them."""

from pathlib import Path

from edgeroutes import Response, not_found

# Looked up, never joined from what the client sent: no name leads out of the folder.
_DOCUMENTS = {path.name: path for path in Path(__file__).with_name("documents").iterdir()}


def GET(name: str, download: bool = False) -> Response:  # noqa: FBT001, FBT002  # a query parameter
    path = _DOCUMENTS.get(name) or not_found()
    return Response.file(path, download_name=name if download else None)
