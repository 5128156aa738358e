"""CloudFormation's DescribeStacks on a real socket, for boto3.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html (read 2026-11-21).
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPACE = 'xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"'
_FOUND = """<DescribeStacksResponse {space}><DescribeStacksResult><Stacks><member><StackName>{name}</StackName>
<StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-11-21T00:00:00Z</CreationTime><Outputs>{outputs}</Outputs>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""
_OUTPUT = "<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
_ABSENT = """<ErrorResponse {space}><Error><Type>Sender</Type><Code>ValidationError</Code>
<Message>Stack with id {name} does not exist</Message></Error><RequestId>1</RequestId></ErrorResponse>"""


class CloudFormationApi:
    """Knows these stacks: name → outputs."""

    def __init__(self, stacks: Mapping[str, Mapping[str, str]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                name = asked["StackName"][0]
                if name in stacks:
                    outputs = "".join(_OUTPUT.format(key=key, value=value) for key, value in stacks[name].items())
                    status, text = 200, _FOUND.format(space=_SPACE, name=name, outputs=outputs)
                else:
                    status, text = 400, _ABSENT.format(space=_SPACE, name=name)
                self.send_response(status)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(text)))
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
