"""A moto server in this process, `python -m edgeroutes.dev.cloud.server PORT [HOST…]`, as `process` starts it. Floor 3.

It prints its port once it listens, and ends when its standard input does: whoever started it may have crashed.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

from edgeroutes.dev.cloud.process import HOST

if TYPE_CHECKING:
    from collections.abc import Callable


def main(port: str = "0", *hosts: str) -> None:
    """Serve until standard input is at its end.

    Args:
        port: 0 for a free one.
        hosts: Names by which clients may call it besides those of loopback.
    """
    # First of all, before moto's seconds of imports: a taken port is told at once.
    listening = socket.create_server((HOST, int(port)))
    _serve(listening, hosts)


def _serve(listening: socket.socket, hosts: tuple[str, ...]) -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    from edgeroutes.dev.cloud import engine
    from edgeroutes.dev.cloud.gate import SENT_HOSTS, Gate

    class RequestHandler(MotoRequestHandler):
        """Keeps the `Host` headers, in whose place werkzeug puts the host of an absolute request target."""

        def make_environ(self) -> dict[str, Any]:
            """The WSGI environment."""
            return {**super().make_environ(), SENT_HOSTS: self.headers.get_all("Host", [])}

    engine.install()
    # No line for each request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = Gate(DomainDispatcherApplication(create_backend_app), hosts)
    port: int = listening.getsockname()[1]
    os.environ["MOTO_PORT"] = str(port)
    handler, descriptor = RequestHandler, listening.fileno()
    server = make_server(HOST, port, application, threaded=True, request_handler=handler, fd=descriptor)
    print(port, flush=True)  # noqa: T201 - the process that started this one reads it
    threading.Thread(target=_end_with_stdin, args=(server.shutdown,), daemon=True).start()
    server.serve_forever()


def _end_with_stdin(end: Callable[[], None]) -> None:
    sys.stdin.buffer.read()
    end()


if __name__ == "__main__":
    main(*sys.argv[1:])
