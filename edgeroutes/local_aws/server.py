"""A moto server in this process, `python -m edgeroutes.local_aws.server OPTIONS`, as `process` starts it.

It accepts connections at once and imports moto meanwhile, which takes seconds. Standard output gets one JSON document a line, standard
input takes them. The server ends when its standard input does: whoever started it may have crashed.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
from typing import Any

from edgeroutes.local_aws.process import HOST
from edgeroutes.local_aws.waiting import EarlyConnections, Hold


def main(options: str) -> None:
    """Serve until standard input is at its end.

    Args:
        options: JSON: `descriptor` of a socket that listens or `port` (0 for a free one), `hosts` by which clients may call it besides
            those of loopback, `is_held` where requests wait until standard input has `{"state": "open"}`.
    """
    given = json.loads(options)
    if given["descriptor"] is not None:
        listening = socket.socket(fileno=given["descriptor"])
    else:
        listening = socket.create_server((HOST, given["port"]))
    hold = Hold(lambda call: _write(waits=call), is_held=given["is_held"])
    threading.Thread(target=_read_commands, args=(hold,), daemon=True).start()
    early = EarlyConnections(listening, hold)
    _serve(listening, early, hold, given["hosts"])


def _serve(listening: socket.socket, early: EarlyConnections, hold: Hold, hosts: list[str]) -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    from edgeroutes.local_aws import engine
    from edgeroutes.local_aws.gate import SENT_HOSTS, Gate

    class RequestHandler(MotoRequestHandler):
        """Keeps the `Host` headers, in whose place werkzeug puts the host of an absolute request target."""

        def make_environ(self) -> dict[str, Any]:
            """The WSGI environment."""
            return {**super().make_environ(), SENT_HOSTS: self.headers.get_all("Host", [])}

    engine.install()
    # No line for each request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = Gate(DomainDispatcherApplication(create_backend_app), hosts, hold)
    os.environ["MOTO_PORT"] = str(listening.getsockname()[1])
    accepted = early.stop()
    handler, descriptor = RequestHandler, listening.fileno()
    server = make_server(HOST, 0, application, threaded=True, request_handler=handler, fd=descriptor)
    _write(is_ready=True)
    for connection, address in accepted:
        server.process_request(connection, address)
    server.serve_forever()


def _write(**document: Any) -> None:
    print(json.dumps(document), flush=True)  # noqa: T201 - the process that started this one reads it


def _read_commands(hold: Hold) -> None:
    for line in sys.stdin.buffer:
        hold.change(**json.loads(line))
    os._exit(0)  # also while moto is imported; its data ends with it


if __name__ == "__main__":
    main(*sys.argv[1:])
