"""A package index on loopback: PEP 503 pages of the files in a folder, with credentials where they are wanted."""

from __future__ import annotations

import base64
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from edgeroutes.build.modules import normalize_name

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self


class PackageIndex:
    """Serves `/simple/<name>/` and `/files/<file>` until it is closed.

    Args:
        folder: Has the wheels and source distributions.
        credentials: `user:password` that every request must have; empty for none.
    """

    def __init__(self, folder: Path, credentials: str = "") -> None:
        index = self
        self.requests: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                index.requests.append(self.path)
                wanted = f"Basic {base64.b64encode(credentials.encode()).decode()}"
                if credentials and self.headers.get("Authorization") != wanted:
                    self._send(401, b"", ("WWW-Authenticate", "Basic"))
                    return
                kind, _, name = self.path.strip("/").partition("/")
                files = {each.name: each for each in folder.iterdir() if each.name.endswith((".whl", ".tar.gz"))}
                if kind == "files" and name in files:
                    self._send(200, files[name].read_bytes())
                    return
                listed = [
                    each
                    for each in sorted(files)
                    if normalize_name(each.rpartition("-")[0] if each.endswith("gz") else each.partition("-")[0])
                    == name
                ]
                if kind != "simple" or not listed:
                    self._send(404, b"")
                    return
                links = (
                    f'<a href="/files/{each}#sha256={hashlib.sha256(files[each].read_bytes()).hexdigest()}">{each}</a>'
                    for each in listed
                )
                self._send(200, "".join(links).encode(), ("Content-Type", "text/html"))

            def _send(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
                self.send_response(status)
                for each in (*headers, ("Content-Length", str(len(body)))):
                    self.send_header(*each)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}/simple"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
