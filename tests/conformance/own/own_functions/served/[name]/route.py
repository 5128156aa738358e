from pathlib import Path

from edgeroutes import Response


def GET(name: str, download: str | None = None):
    return Response.file(Path(__file__).with_name(name), download_name=download)
