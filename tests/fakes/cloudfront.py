"""CloudFront's API on a real socket, for boto3: it responds as the test says, and records the requests.

Source: docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html (read 2026-11-21).
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

SPACE = "{http://cloudfront.amazonaws.com/doc/2020-05-31/}"
_CREATED = """<?xml version="1.0"?><Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>{id}</Id>
<Status>InProgress</Status><CreateTime>2026-11-21T00:00:00Z</CreateTime><InvalidationBatch><Paths><Quantity>0</Quantity></Paths>
<CallerReference>x</CallerReference></InvalidationBatch></Invalidation>"""
_REFUSED = """<?xml version="1.0"?><ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error>
<Type>Sender</Type><Code>{code}</Code><Message>{code} message.</Message></Error><RequestId>1</RequestId></ErrorResponse>"""


class CloudFrontApi:
    """Refuses with the codes that it is given, one a request, then accepts each request.

    `references` and `items` hold what each request said, refused ones included.

    Args:
        refusals: Status and code each.
    """

    def __init__(self, *refusals: tuple[int, str]) -> None:
        self.references: list[str] = []
        self.items: list[list[str]] = []
        self.paths: list[str] = []
        waiting = list(refusals)
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = ElementTree.fromstring(self.rfile.read(int(self.headers["Content-Length"])))
                api.paths.append(self.path)
                api.references.append(body.findtext(f"{SPACE}CallerReference", ""))
                api.items.append([each.text or "" for each in body.iter(f"{SPACE}Path")])
                status, text = 201, _CREATED.format(id=f"I{len(api.items)}")
                if waiting:
                    status, code = waiting.pop(0)
                    text = _REFUSED.format(code=code)
                self.send_response(status)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
